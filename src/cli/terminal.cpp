#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

#include "canrun/error.hpp"

namespace canrun::cli {

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets the environment here
  return value == nullptr ? std::string_view() : std::string_view(value);
}

#ifdef _WIN32
Streams::Streams() {
  for (const int stream : {0, 1, 2}) _setmode(stream, _O_BINARY);
  const HANDLE console = GetStdHandle(STD_OUTPUT_HANDLE);
  DWORD mode = 0;
  if (GetConsoleMode(console, &mode) == 0) return;
  code_page_ = GetConsoleOutputCP();
  SetConsoleOutputCP(CP_UTF8);
  constexpr DWORD escapes = 0x0004;  // ENABLE_VIRTUAL_TERMINAL_PROCESSING, Windows 10
  if (SetConsoleMode(console, mode | escapes) != 0) mode_ = mode;
}

Streams::~Streams() {
  if (code_page_ != 0) SetConsoleOutputCP(code_page_);
  if (mode_ != 0) SetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), mode_);
}

bool output_is_terminal() {
  return _isatty(1) != 0;
}
bool input_is_terminal() {
  return _isatty(0) != 0;
}

int terminal_width() {
  CONSOLE_SCREEN_BUFFER_INFO info;
  if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &info)) return 0;
  return info.srWindow.Right - info.srWindow.Left + 1;
}
#else
Streams::Streams() = default;
Streams::~Streams() = default;

bool output_is_terminal() {
  return isatty(STDOUT_FILENO) != 0;
}
bool input_is_terminal() {
  return isatty(STDIN_FILENO) != 0;
}

int terminal_width() {
  winsize size{};
  if (!output_is_terminal() || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}
#endif

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value(environment(name));
    if (value.empty()) continue;
    for (char& c : value) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return true;
}

bool wants_color(std::string_view choice) {
  if (choice == "always") return true;
  if (choice == "never") return false;
  if (choice != "auto")
    throw Error(ErrorCode::bad_value, fmt::format("--color takes auto, always or never, found \"{}\"", choice));
  return environment("NO_COLOR").empty() && environment("TERM") != "dumb" && output_is_terminal();
}

}  // namespace canrun::cli

#include "cli/output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "catalog/file_name.hpp"
#include "report/plain.hpp"

namespace canrun::cli {
namespace {

[[noreturn]] void fail(const std::string& path, int error) {
  throw OutputError(
      fmt::format("cannot write {}: {}", report::clean(path, 400), std::generic_category().message(error)));
}

void write_all(std::FILE* file, std::string_view text, const std::string& name) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fflush(file) != 0) fail(name, errno);
}

}  // namespace

void write_output(const std::string& path, std::string_view text) {
  if (path.empty() || path == "-") {
    write_all(stdout, text, "standard output");
    return;
  }
  std::error_code error;
  const std::filesystem::path final_path = path_of(path);
  const bool plain_file =
      !std::filesystem::exists(final_path, error) || std::filesystem::is_regular_file(final_path, error);
  const std::string target = plain_file ? path + ".part" : path;
  std::FILE* const file = std::fopen(target.c_str(), "wb");
  if (file == nullptr) fail(path, errno);
  try {
    write_all(file, text, path);
  } catch (...) {
    std::fclose(file);
    if (plain_file) std::filesystem::remove(path_of(target), error);
    throw;
  }
  if (std::fclose(file) != 0) fail(path, errno);
  if (!plain_file) return;
  std::filesystem::rename(path_of(target), final_path, error);
  if (error) fail(path, error.value());
}

void complain(std::string_view message) {
  const std::string line = fmt::format("canrun: {}\n", report::clean(message));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace canrun::cli

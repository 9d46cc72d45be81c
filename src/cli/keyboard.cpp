#include "cli/keyboard.hpp"

#include <algorithm>
#include <thread>

#include "cli/terminal.hpp"

#ifdef _WIN32
#include <conio.h>
#else
#include <poll.h>
#include <termios.h>
#include <unistd.h>
#endif

namespace canrun::cli {

#ifdef _WIN32

struct Keyboard::State {};
Keyboard::Keyboard() = default;
Keyboard::~Keyboard() = default;

bool Keyboard::pressed_within(std::chrono::duration<double> time) {
  const auto end = std::chrono::steady_clock::now() + time;
  do {
    if (input_is_terminal() && _kbhit()) {
      _getch();
      return true;
    }
    std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(time, std::chrono::milliseconds(10)));
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

#else

struct Keyboard::State {
  termios before{};
};

Keyboard::Keyboard() {
  if (!input_is_terminal()) return;
  termios now{};
  if (tcgetattr(STDIN_FILENO, &now) != 0) return;
  state_ = new State{now};
  now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  tcsetattr(STDIN_FILENO, TCSANOW, &now);
}

Keyboard::~Keyboard() {
  if (state_ == nullptr) return;
  tcsetattr(STDIN_FILENO, TCSANOW, &state_->before);
  delete state_;
}

bool Keyboard::pressed_within(std::chrono::duration<double> time) {
  if (state_ == nullptr) {
    std::this_thread::sleep_for(time);
    return false;
  }
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    const std::chrono::duration<double, std::milli> left = end - std::chrono::steady_clock::now();
    pollfd wanted{STDIN_FILENO, POLLIN, 0};
    if (poll(&wanted, 1, static_cast<int>(std::clamp(left.count(), 0.0, 1000.0))) > 0) {
      char key = 0;
      return read(STDIN_FILENO, &key, 1) == 1;
    }
    if (left.count() <= 0) return false;
  }
}

#endif

}  // namespace canrun::cli

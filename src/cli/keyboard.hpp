#pragma once
/// A terminal read key by key, for as long as the value lives.

#include <chrono>

namespace canrun::cli {

class Keyboard {
public:
  /// Switches standard input to single keys where it is a terminal.
  Keyboard();
  /// Switches back.
  ~Keyboard();
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  /// Waits for at most `time`; true as soon as a key is pressed. Without a terminal it just waits.
  bool pressed_within(std::chrono::duration<double> time);

private:
  struct State;
  State* state_ = nullptr;
};

}  // namespace canrun::cli

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "canrun/error.hpp"
#include "cli/exit_status.hpp"
#include "cli/keyboard.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "report/explain.hpp"
#include "report/numbers.hpp"
#include "report/words.hpp"

namespace canrun::cli {
namespace {

using Seconds = std::chrono::duration<double>;

/// Words of about one token each; what is typed does not matter, its pace does.
constexpr std::array<std::string_view, 48> words{
    "This ",    "is ",   "how ",  "fast ",      "the ",   "answer ", "would ", "come. ",  "Read ", "along: ",
    "if ",      "you ",  "can ",  "keep ",      "up ",    "with ",   "it, ",   "a ",      "chat ", "feels ",
    "fluent; ", "if ",   "the ",  "text ",      "waits ", "for ",    "you, ",  "it ",     "is ",   "too ",
    "slow. ",   "Code ", "and ",  "reasoning ", "are ",   "rarely ", "read ",  "word ",   "by ",   "word, ",
    "so ",      "they ", "want ", "a ",         "pace ",  "many ",   "times ", "higher. "};

void show(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// Counts the wait for the first token down; true when a key ended it.
bool wait(Keyboard& keyboard, std::string_view what, double seconds) {
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    const double passed = Seconds(std::chrono::steady_clock::now() - start).count();
    show(fmt::format("\r\x1b[K{}: {:.1f} of {} (any key skips)", what, std::min(passed, seconds),
                     report::duration(seconds)));
    if (passed >= seconds) break;
    if (keyboard.pressed_within(Seconds(std::min(0.1, seconds - passed)))) {
      show("\r\x1b[K" + fmt::format("{}: {}, skipped\n", what, report::duration(seconds)));
      return true;
    }
  }
  show("\n");
  return false;
}

/// Types `count` tokens at `pace`; a key ends it.
void type(Keyboard& keyboard, std::uint32_t count, double pace) {
  const auto start = std::chrono::steady_clock::now();
  const auto columns = static_cast<std::size_t>(std::max(20, terminal_width()));
  std::size_t used = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto due = start + Seconds(i / pace);
    const Seconds left = due - std::chrono::steady_clock::now();
    if (left.count() > 0 && keyboard.pressed_within(left)) break;
    const std::string_view word = words[i % words.size()];
    if (used + word.size() > columns) {
      show("\n");
      used = 0;
    }
    show(word);
    used += word.size();
  }
  show("\n");
}

}  // namespace

int run_feel(const Arguments& arguments) {
  CommandLine app(
      "Shows how fast it feels: waits for the first token, cold then warm, and types at the estimated pace. "
      "Any key skips. Without a terminal it prints the timeline.",
      "canrun feel");
  app.footer("Example:\n  canrun feel kimi-linear-48b --gpu rtx3090\n");
  QuestionOptions question;
  OutputOptions output;
  if (const auto status = read_question(app, arguments, question, output)) return *status;
  const report::Style style = output.style();
  const Session session = open_session(output);
  std::vector<std::string> notes;
  std::vector<Request> requests = to_requests(question, session, notes);
  if (requests.size() != 1) throw Error(ErrorCode::bad_value, "feel plays one model under one quantisation");
  requests.front().detail = Detail::figures;
  const Estimate e = session.estimate(requests.front());
  if (!output_is_terminal() || !output.file.empty()) {
    write_output(output.file, report::feel_timeline(e, style));
    return answered;
  }
  show(report::feel_timeline(e, style) + "\n");
  if (!e.speed.has_decode || !(e.speed.decode.value > 0)) return answered;
  Keyboard keyboard;
  wait(keyboard, "first token, cold", e.speed.ttft_cold);
  wait(keyboard, "first token, warm", e.speed.ttft.value);
  type(keyboard, e.workload.output, e.speed.decode.value);
  return answered;
}

}  // namespace canrun::cli

#include "report/paint.hpp"

#include <array>

namespace canrun::report {

std::string paint(std::string_view text, Tone tone, bool color) {
  constexpr std::array<std::string_view, 6> codes{"", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[1m"};
  const std::string_view code = codes[static_cast<std::size_t>(tone)];
  if (!color || code.empty() || text.empty()) return std::string(text);
  return std::string(code) + std::string(text) + "\x1b[0m";
}

std::string strip(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t start = text.find("\x1b[");
    out += text.substr(0, start);
    if (start == std::string_view::npos) break;
    const std::size_t end = text.find('m', start);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

Tone tone_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::fits:
      return Tone::good;
    case Verdict::tight:
    case Verdict::offload:
      return Tone::warn;
    case Verdict::no:
      break;
  }
  return Tone::bad;
}

}  // namespace canrun::report

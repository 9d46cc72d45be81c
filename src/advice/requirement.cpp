#include "canrun/requirement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "advice/grading.hpp"
#include "advice/scoring.hpp"
#include "canrun/error.hpp"
#include "catalog/nearest.hpp"
#include "catalog/quantity.hpp"

namespace canrun {
namespace {

enum class Kind : std::uint8_t { verdict, grade, plain, rate, seconds, tokens, bytes, share };

struct Word {
  std::string_view name;
  Metric metric;
  Kind kind;
};

constexpr std::array<Word, 17> words{{{"verdict", Metric::verdict, Kind::verdict},
                                      {"grade", Metric::grade, Kind::grade},
                                      {"score", Metric::score, Kind::plain},
                                      {"decode", Metric::decode, Kind::rate},
                                      {"tps", Metric::decode, Kind::rate},
                                      {"prefill", Metric::prefill, Kind::rate},
                                      {"throughput", Metric::throughput, Kind::rate},
                                      {"ttft", Metric::ttft, Kind::seconds},
                                      {"latency", Metric::latency, Kind::seconds},
                                      {"load", Metric::load, Kind::seconds},
                                      {"context", Metric::context, Kind::tokens},
                                      {"memory", Metric::memory, Kind::bytes},
                                      {"required", Metric::memory, Kind::bytes},
                                      {"weights", Metric::weights, Kind::bytes},
                                      {"utilization", Metric::utilization, Kind::share},
                                      {"utilisation", Metric::utilization, Kind::share},
                                      {"offload", Metric::offload, Kind::share}}};

constexpr std::array<std::string_view, 4> verdicts{"no", "offload", "tight", "fits"};

constexpr std::array<std::pair<std::string_view, Comparison>, 6> comparisons{{{">=", Comparison::at_least},
                                                                              {"<=", Comparison::at_most},
                                                                              {"==", Comparison::equal},
                                                                              {">", Comparison::more},
                                                                              {"<", Comparison::less},
                                                                              {"=", Comparison::equal}}};

[[noreturn]] void refuse(std::string_view condition, std::string_view why) {
  throw Error(ErrorCode::bad_value,
              fmt::format("--require \"{}\": {}; conditions are like fits, runs, grade>=B, decode>=20, ttft<=2s, "
                          "context>=32k, memory<=24GiB",
                          catalog::printable(condition), why));
}

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

const Word& word_of(Metric metric) {
  return *std::find_if(words.begin(), words.end(), [&](const Word& w) { return w.metric == metric; });
}

double wanted_value(const Word& word, std::string_view condition, std::string_view text) {
  switch (word.kind) {
    case Kind::verdict:
      for (std::size_t i = 0; i < verdicts.size(); ++i)
        if (verdicts[i] == text) return static_cast<double>(i);
      refuse(condition, "a verdict is fits, tight, offload or no");
    case Kind::grade:
      if (text.size() == 1) {
        const char letter = text[0] >= 'a' ? static_cast<char>(text[0] - 'a' + 'A') : text[0];
        if (const int rank = rank_of_letter(letter); rank >= 0) return rank;
      }
      refuse(condition, "a grade is S, A, B, C, D or F");
    case Kind::tokens:
      return static_cast<double>(parse_tokens(condition, text));
    case Kind::bytes:
      return static_cast<double>(parse_bytes(condition, text));
    case Kind::seconds:
      return parse_seconds(condition, text);
    case Kind::share:
      return parse_share(condition, text);
    case Kind::plain:
    case Kind::rate:
      break;
  }
  for (const std::string_view unit : {"tok/s", "t/s", "tps"})
    if (text.ends_with(unit)) text = trimmed(text.substr(0, text.size() - unit.size()));
  return text == "0" ? 0 : parse_number(condition, text);
}

Requirement parse_one(std::string_view condition) {
  Requirement out;
  out.text = std::string(condition);
  if (condition == "fits" || condition == "runs") {
    out.wanted = condition == "fits" ? 2 : 1;
    return out;
  }
  const std::size_t at = condition.find_first_of("<>=");
  if (at == std::string_view::npos) refuse(condition, "no comparison found");
  std::string_view name = trimmed(condition.substr(0, at));
  std::string_view rest = condition.substr(at);
  for (const auto& [sign, comparison] : comparisons)
    if (rest.starts_with(sign)) {
      out.comparison = comparison;
      rest.remove_prefix(sign.size());
      break;
    }
  if (name.ends_with(".low") || name.ends_with(".high")) {
    out.bound = name.ends_with(".low") ? Bound::low : Bound::high;
    name = name.substr(0, name.rfind('.'));
  }
  const auto* const word = std::find_if(words.begin(), words.end(), [&](const Word& w) { return w.name == name; });
  if (word == words.end()) refuse(condition, fmt::format("nothing is called \"{}\"", catalog::printable(name)));
  if (trimmed(rest).empty()) refuse(condition, "the value is missing");
  out.metric = word->metric;
  out.wanted = wanted_value(*word, condition, trimmed(rest));
  return out;
}

double end_of(const Interval& interval, Bound bound) {
  return bound == Bound::low ? interval.low : bound == Bound::high ? interval.high : interval.value;
}

std::optional<double> found_value(const Requirement& r, const Estimate& e) {
  switch (r.metric) {
    case Metric::verdict:
      return verdict_rank(e.fit.verdict);
    case Metric::grade:
      return e.fit.grade.letter.empty() ? 0 : rank_of_letter(e.fit.grade.letter.front());
    case Metric::score:
      return e.fit.grade.score;
    case Metric::decode:
      if (!e.speed.has_decode) return std::nullopt;
      return end_of(e.speed.decode, r.bound);
    case Metric::prefill:
      return end_of(e.speed.prefill, r.bound);
    case Metric::throughput:
      return e.speed.throughput;
    case Metric::ttft:
      return end_of(e.speed.ttft, r.bound);
    case Metric::latency:
      return e.speed.latency_seconds;
    case Metric::load:
      return e.speed.load_seconds;
    case Metric::context:
      return e.fit.safe_context;
    case Metric::memory:
      return static_cast<double>(e.fit.required_bytes);
    case Metric::weights:
      return static_cast<double>(e.memory.weights);
    case Metric::utilization:
      return e.fit.utilization;
    case Metric::offload:
      return e.fit.offload_fraction;
  }
  return std::nullopt;
}

bool met(Comparison comparison, double found, double wanted) {
  switch (comparison) {
    case Comparison::at_least:
      return found >= wanted;
    case Comparison::more:
      return found > wanted;
    case Comparison::at_most:
      return found <= wanted;
    case Comparison::less:
      return found < wanted;
    case Comparison::equal:
      break;
  }
  return found == wanted;
}

std::string in_words(Kind kind, double value) {
  constexpr double gibi = 1024.0 * 1024 * 1024;
  constexpr std::string_view letters = "FDCBAS";
  switch (kind) {
    case Kind::verdict:
      return std::string(verdicts[static_cast<std::size_t>(value)]);
    case Kind::grade:
      return std::string(1, letters[static_cast<std::size_t>(value)]);
    case Kind::plain:
      return fmt::format("{:.3g}", value);
    case Kind::rate:
      return fmt::format("{:.3g} tok/s", value);
    case Kind::seconds:
      return value < 1 ? fmt::format("{:.3g} ms", value * 1000) : fmt::format("{:.3g} s", value);
    case Kind::tokens:
      return fmt::format("{:.0f} tokens", value);
    case Kind::bytes:
      return fmt::format("{:.2f} GiB", value / gibi);
    case Kind::share:
      break;
  }
  return fmt::format("{:.3g} %", value * 100);
}

}  // namespace

std::vector<Requirement> parse_requirements(std::string_view text) {
  std::vector<Requirement> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view condition = trimmed(text.substr(0, comma));
    if (condition.empty()) refuse(text, "an empty condition");
    out.push_back(parse_one(condition));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  if (out.empty()) refuse("", "nothing is required");
  return out;
}

std::optional<std::string> unmet(const Requirement& r, const Estimate& e) {
  const std::optional<double> found = found_value(r, e);
  if (!found) return fmt::format("{}: this model has no such figure", r.text);
  if (met(r.comparison, *found, r.wanted)) return std::nullopt;
  const Kind kind = word_of(r.metric).kind;
  std::string out = fmt::format("{}: is {}", r.text, in_words(kind, *found));
  if (kind == Kind::verdict) {
    if (e.fit.shortfall_bytes > 0)
      out += fmt::format(", {} short", in_words(Kind::bytes, static_cast<double>(e.fit.shortfall_bytes)));
    return out;
  }
  if (kind == Kind::grade) return out + fmt::format(" ({} of 100)", e.fit.grade.score);
  if (!std::isfinite(*found)) return out;
  const double by = std::abs(*found - r.wanted);
  return out + fmt::format(", {} too {}", in_words(kind, by), *found < r.wanted ? "little" : "much");
}

}  // namespace canrun

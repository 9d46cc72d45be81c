/// Benchmark records in JSON. Only the scalars of each record are kept: arrays of samples may be long.

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "catalog/printable.hpp"
#include "ingest/benchmark_fields.hpp"
#include "ingest/json_events.hpp"

namespace canrun {
namespace {

constexpr std::size_t most_fields = 2000;
constexpr std::size_t most_records = 20'000;
constexpr std::size_t longest_value = 400;
constexpr std::size_t longest_stretch = 1 << 20;

using Records = std::vector<std::pair<BenchmarkFields, std::uint32_t>>;

/// Every outermost object is a record; `line` 0: numbered in order.
class Collector : public JsonEvents {
public:
  Collector(Records& records, std::uint32_t line) : records_(records), line_(line) {}

  bool whole(std::uint64_t value) override { return keep(std::to_string(value)); }
  bool number_integer(number_integer_t value) override { return keep(std::to_string(value)); }
  bool number_float(number_float_t value, const string_t&) override { return keep(fmt::format("{}", value)); }
  bool boolean(bool value) override { return keep(value ? "true" : "false"); }
  bool text(std::string& value) override { return keep(printable(value, longest_value)); }
  bool opened(bool object) override {
    path_.push_back({object, object && !path_.empty() ? name_ : std::string()});
    if (object && objects() == 1) {
      if (records_.size() >= most_records) return false;
      records_.push_back({{}, line_ == 0 ? static_cast<std::uint32_t>(records_.size() + 1) : line_});
    }
    return true;
  }
  void closed() override { path_.pop_back(); }
  bool member(std::string& name) override {
    name_ = name.substr(0, longest_value);
    return true;
  }

private:
  struct Level {
    bool object;
    std::string name;
  };

  [[nodiscard]] int objects() const {
    int count = 0;
    for (const Level& level : path_) count += level.object ? 1 : 0;
    return count;
  }

  bool keep(std::string value) {
    if (path_.empty() || !path_.back().object || records_.empty()) return true;
    BenchmarkFields& fields = records_.back().first;
    if (fields.size() >= most_fields) return true;
    std::string full;
    bool outermost = true;
    for (const Level& level : path_) {
      if (!level.object) continue;
      if (!outermost) full += level.name + ".";
      outermost = false;
    }
    fields.insert_or_assign(full + name_, std::move(value));
    return true;
  }

  Records& records_;
  std::uint32_t line_;
  std::vector<Level> path_;
  std::string name_;
};

/// Python writes `Infinity` and `NaN`, which JSON does not have: outside of strings they become `null`.
std::string plain_json(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      out += c;
      out += text[++i];
      continue;
    }
    if (c == '"') quoted = !quoted;
    bool replaced = false;
    if (!quoted && (c == 'I' || c == 'N' || c == '-'))
      for (const std::string_view word : {"-Infinity", "Infinity", "NaN"})
        if (text.substr(i).starts_with(word)) {
          out += "null";
          i += word.size() - 1;
          replaced = true;
          break;
        }
    if (!replaced) out += c;
  }
  return out;
}

/// Whether `text` was read to its end.
bool read_value(std::string_view text, std::uint32_t line, Records& records, std::size_t& error_at) {
  const std::size_t before = records.size();
  Collector events(records, line);
  const bool whole = nlohmann::json::sax_parse(text.begin(), text.end(), &events);
  if (!whole) records.resize(before);
  error_at = events.error_position;
  return whole;
}

}  // namespace

std::vector<std::pair<BenchmarkFields, std::uint32_t>> json_records(std::string_view original) {
  const std::string cleaned = plain_json(original);
  if (const std::size_t stretch = long_stretch(cleaned, longest_stretch); stretch != std::string_view::npos)
    throw Error(ErrorCode::malformed,
                fmt::format("this is no JSON: from byte {} on, {} bytes go by without a bracket, comma or quote",
                            stretch, longest_stretch));
  const std::string_view text = cleaned;
  Records records;
  std::size_t error_at = 0;
  if (read_value(text, 0, records, error_at)) return records;

  // One value a line, as JSON Lines or as events of a stream (`data: {…}`); other lines may stand between them.
  std::string_view rest = text;
  std::uint32_t number = 0;
  std::uint32_t broken = 0;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (line.starts_with("data: ")) line.remove_prefix(6);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || (line[first] != '{' && line[first] != '[')) continue;
    std::size_t unused = 0;
    if (!read_value(line, number, records, unused) && broken == 0) broken = number;
  }
  if (records.empty())
    throw Error(
        ErrorCode::malformed,
        fmt::format("the JSON breaks off at byte {}: a whole object, an array of objects or one object a line was "
                    "expected",
                    error_at));
  if (broken != 0 && text.substr(text.find_first_not_of(" \t\r\n")).starts_with('['))
    throw Error(ErrorCode::malformed, fmt::format("the JSON array breaks off at byte {}", error_at));
  return records;
}

}  // namespace canrun

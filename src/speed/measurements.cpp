#include "speed/measurements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

#include "canrun/error.hpp"
#include "catalog/real_number.hpp"

namespace canrun {

namespace {

/// The columns that a measurement is made of, in any order in the table.
enum Column : std::uint8_t {
  id,
  device,
  devices,
  host,
  ram_bandwidth,
  runtime,
  backend,
  version,
  model,
  quant,
  metric,
  value,
  variant,
  file_bytes,
  prompt,
  output,
  depth,
  kv_type,
  ubatch,
  users,
  split,
  offload,
  flash_attention,
  gpu_layers,
  cpu_moe_layers,
  date,
  source,
  note,
  columns
};
constexpr std::array<std::string_view, columns> column_names{
    "id",      "device",          "devices",    "host",           "ram_bandwidth", "runtime", "backend",
    "version", "model",           "quant",      "metric",         "value",         "variant", "file_bytes",
    "prompt",  "output",          "depth",      "kv_type",        "ubatch",        "users",   "split",
    "offload", "flash_attention", "gpu_layers", "cpu_moe_layers", "date",          "source",  "note"};

constexpr std::size_t most_cells = 64;
using Cells = std::array<std::string_view, most_cells>;

std::size_t split_cells(std::string_view line, Cells& cells) {
  std::size_t count = 0;
  while (count < most_cells) {
    const std::size_t tab = line.find('\t');
    cells[count++] = line.substr(0, tab);
    if (tab == std::string_view::npos) break;
    line.remove_prefix(tab + 1);
  }
  return count;
}

Error malformed(std::size_t line, std::string_view what) {
  return Error(ErrorCode::malformed, fmt::format("measurements, line {}: {}", line, what));
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

class Reader {
public:
  explicit Reader(std::string_view heading) {
    Cells cells;
    width_ = split_cells(heading, cells);
    place_.fill(most_cells);
    for (std::size_t i = 0; i < width_; ++i)
      for (std::size_t c = 0; c < columns; ++c)
        if (cells[i] == column_names[c]) place_[c] = i;
    for (std::size_t c = 0; c < columns; ++c)
      if (place_[c] == most_cells) throw malformed(1, fmt::format("there is no column \"{}\"", column_names[c]));
  }

  Measurement read(std::string_view line, std::size_t number) {
    line_ = number;
    if (split_cells(line, cells_) != width_) throw malformed(number, fmt::format("expected {} cells", width_));
    Measurement m;
    m.id = at(id), m.device = at(device), m.host = at(host), m.runtime = at(runtime), m.backend = at(backend);
    m.version = at(version), m.model = at(model), m.quant = at(quant), m.variant = at(variant);
    m.kv_type = at(kv_type), m.split = at(split), m.offload = at(offload), m.gpu_layers = at(gpu_layers);
    m.cpu_moe_layers = at(cpu_moe_layers), m.date = at(date), m.source = at(source), m.note = at(note);
    if (at(metric) == "decode")
      m.metric = Metric::decode;
    else if (at(metric) == "prefill")
      m.metric = Metric::prefill;
    else if (at(metric) == "ttft")
      m.metric = Metric::ttft;
    else
      throw malformed(number, fmt::format("\"{}\" is no metric; decode, prefill or ttft was expected", at(metric)));
    m.value = number_at(value).value_or(0);
    m.devices = static_cast<int>(number_at(devices).value_or(1));
    m.users = static_cast<std::uint32_t>(number_at(users).value_or(1));
    m.ram_bandwidth = number_at(ram_bandwidth).value_or(0);
    m.file_bytes = number_at(file_bytes).value_or(0);
    m.prompt = number_at(prompt).value_or(-1);
    m.output = number_at(output).value_or(-1);
    m.depth = number_at(depth).value_or(-1);
    m.ubatch = static_cast<std::uint32_t>(number_at(ubatch).value_or(0));
    if (!at(flash_attention).empty()) m.flash_attention = at(flash_attention) == "true" ? 1 : 0;
    return m;
  }

private:
  [[nodiscard]] std::string_view at(Column c) const { return cells_[place_[c]]; }
  [[nodiscard]] std::optional<double> number_at(Column c) const {
    const std::string_view text = at(c);
    if (text.empty()) return std::nullopt;
    double number = 0;
    const auto [end, error] = real_from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
      throw malformed(line_, fmt::format("{}: \"{}\" is no number", column_names[c], text));
    return number;
  }

  std::array<std::size_t, columns> place_{};
  std::size_t width_ = 0, line_ = 0;
  Cells cells_;
};

bool similar_depth(double a, double b) {
  constexpr double shallow = 2048, wide = 1.5;
  if (a < shallow && b < shallow) return true;
  return std::max(a, b) < wide * std::max(1.0, std::min(a, b));
}

std::string_view cache_name(std::string_view kv_type) {
  return kv_type.empty() ? "f16" : kv_type;
}

std::optional<Relation> relation_of(const Measurement& m, const EvidenceQuery& query) {
  const bool device = m.device == query.device, model = m.model == query.model;
  if (!device) return model ? std::optional(Relation::model_elsewhere) : std::nullopt;
  if (!model) return Relation::same_device;
  if (m.quant != query.quant) return Relation::same_model;
  const bool same = m.runtime == query.runtime && m.devices == query.devices && m.users == query.users &&
                    m.offload.empty() != query.offloaded && cache_name(m.kv_type) == cache_name(query.kv_type) &&
                    similar_depth(std::max(0.0, m.depth), query.depth) && !m.power_capped();
  return same ? Relation::exact : Relation::same_file;
}

/// Smaller is nearer.
int distance(const Measurement& m, Relation relation, const EvidenceQuery& query) {
  const int special = m.users != query.users || m.devices != query.devices || m.offload.empty() == query.offloaded;
  const int other_runtime = m.runtime != query.runtime;
  const int other_quant = m.quant != query.quant;
  return static_cast<int>(relation) * 32 + special * 16 + other_runtime * 8 + other_quant * 4 +
         static_cast<int>(m.metric);
}

bool mentions(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

}  // namespace

bool Measurement::power_capped() const {
  return mentions(note, "power-capped") || mentions(note, "power-limited") || mentions(host, "power limit");
}

bool Measurement::old_build() const {
  return mentions(note, "old build");
}

bool Measurement::end_to_end() const {
  return mentions(note, "wall time") || mentions(note, "end-to-end") || mentions(note, "total time");
}

std::vector<Measurement> read_measurements(std::string_view table) {
  Reader reader(take_line(table));
  std::vector<Measurement> all;
  for (std::size_t line = 2; !table.empty(); ++line) {
    const std::string_view text = take_line(table);
    if (!text.empty()) all.push_back(reader.read(text, line));
  }
  return all;
}

std::string_view words_of(Relation relation) {
  static constexpr std::string_view words[] = {"exactly this case", "same device and file, other settings",
                                               "same device and model", "same device", "same model"};
  return words[static_cast<std::size_t>(relation)];
}

std::vector<Nearest> nearest_measurements(const std::vector<Measurement>& all, const EvidenceQuery& query) {
  struct Candidate {
    int distance;
    Nearest nearest;
  };
  std::vector<Candidate> candidates;
  for (const Measurement& m : all)
    if (const auto relation = relation_of(m, query))
      candidates.push_back({distance(m, *relation, query), {&m, *relation}});
  const auto nearer = [](const Candidate& a, const Candidate& b) {
    const Measurement &x = *a.nearest.measurement, &y = *b.nearest.measurement;
    return std::tie(a.distance, y.date, x.id) < std::tie(b.distance, x.date, y.id);
  };
  const auto count = static_cast<std::ptrdiff_t>(std::min(query.count, candidates.size()));
  std::partial_sort(candidates.begin(), candidates.begin() + count, candidates.end(), nearer);
  std::vector<Nearest> nearest;
  for (std::ptrdiff_t i = 0; i < count; ++i) nearest.push_back(candidates[static_cast<std::size_t>(i)].nearest);
  return nearest;
}

}  // namespace canrun

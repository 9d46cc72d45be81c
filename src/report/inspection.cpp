#include "report/inspection.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/numbers.hpp"
#include "report/plain.hpp"
#include "report/table.hpp"

namespace canrun::report {
namespace {

using Json = nlohmann::ordered_json;

std::string_view word(FileFormat format) {
  switch (format) {
    case FileFormat::gguf:
      return "gguf";
    case FileFormat::safetensors:
      return "safetensors";
    case FileFormat::config:
      break;
  }
  return "config";
}

std::string_view word(FileKind kind) {
  switch (kind) {
    case FileKind::model:
      return "model";
    case FileKind::projector:
      return "projector";
    case FileKind::adapter:
      return "adapter";
    case FileKind::control_vector:
      return "control vector";
    case FileKind::importance_matrix:
      break;
  }
  return "importance matrix";
}

Table facts(const Inspection& i, const Style& style) {
  const ModelFile& f = i.file;
  const Architecture& a = f.architecture;
  Table t{"", {{"", Align::left}, {"", Align::wrapped}}, {}, {}};
  const auto row = [&](std::string label, std::string text) {
    if (!text.empty()) t.rows.push_back({{{std::move(label)}, {std::move(text)}}, {}});
  };
  row("name", clean(f.name, 200));
  row("repository", clean(f.repository, 200));
  std::string form = fmt::format("{}, {}", word(f.format), word(f.kind));
  if (f.gguf_version > 0) form += fmt::format(", version {}{}", f.gguf_version, f.big_endian ? ", big-endian" : "");
  if (f.parts > 1) form += fmt::format(", {} parts", f.parts);
  row("format", form);
  row("architecture",
      clean(a.gguf_arch.empty() ? a.model_type : a.gguf_arch, 80) + (f.architecture_known ? "" : " (unknown)"));
  std::string counted = f.params ? parameters(f.params) : std::string();
  if (i.params_active > 0 && i.params_active < f.params)
    counted += fmt::format(", {} active", parameters(i.params_active));
  row("parameters", counted);
  if (f.tensor_bytes > 0)
    row("size", fmt::format("{} of tensors, {} bits per weight{}", memory_with_unit(f.tensor_bytes, style.units),
                            number(i.bits_per_weight),
                            f.file_bytes ? ", " + memory_with_unit(f.file_bytes, style.units) + " on disk" : ""));
  std::string method = clean(f.quantization.catalog_id.empty() ? f.quantization.method : f.quantization.catalog_id, 80);
  if (f.imatrix) method += ", importance matrix";
  row("quantisation", method);
  row("context", a.context_max ? tokens(a.context_max) : std::string());
  row("layers",
      a.trunk_layers
          ? fmt::format("{}{}", a.trunk_layers,
                        a.mtp_layers ? fmt::format(" + {} for multi-token prediction", a.mtp_layers) : std::string())
          : std::string());
  if (f.tokenizer_size > 0)
    row("tokenizer",
        fmt::format("{}{}{} tokens", clean(f.tokenizer, 40), f.tokenizer.empty() ? "" : ", ", f.tokenizer_size));
  const CacheCost& c = i.cache;
  if (c.bytes_per_token > 0 || c.window_bytes_per_token > 0 || c.recurrent_layers > 0) {
    std::string cost = fmt::format("{:.1f} KiB a token at 16 bits in {} layers",
                                   static_cast<double>(c.bytes_per_token) / 1024, c.full_layers);
    if (c.window_layers > 0)
      cost += fmt::format("; {:.1f} KiB a token in {} layers with windows of up to {} tokens",
                          static_cast<double>(c.window_bytes_per_token) / 1024, c.window_layers, tokens(c.window));
    if (c.recurrent_layers > 0) cost += fmt::format("; {} recurrent layers", c.recurrent_layers);
    if (c.sharing_layers > 0) cost += fmt::format("; {} layers share another's cache", c.sharing_layers);
    row("cache", cost);
  }
  return t;
}

template <class Share, class Name>
Table shares(std::string title, const std::vector<Share>& list, const Style& style, Name name) {
  Table t{std::move(title),
          {{"", Align::left},
           {"tensors", Align::right},
           {"parameters", Align::right},
           {std::string(unit_name(style.units)), Align::decimal},
           {"bpw", Align::decimal}},
          {},
          {}};
  for (const Share& s : list) {
    const double bits = s.params ? 8.0 * static_cast<double>(s.bytes) / static_cast<double>(s.params) : 0;
    t.rows.push_back({{{clean(name(s), 40)},
                       {fmt::format("{}", s.tensors)},
                       {parameters(s.params)},
                       {memory(s.bytes, style.units)},
                       {number(bits)}},
                      {}});
  }
  return t;
}

}  // namespace

std::string inspection_text(const Inspection& i, const Style& style) {
  std::string out = draw(facts(i, style), style);
  const auto put = [&](const Table& t) {
    if (!t.rows.empty()) out += "\n" + paint(t.title, Tone::strong, style.color) + "\n" + draw(t, style);
  };
  put(shares("By role", i.roles, style, [](const RoleShare& s) { return std::string(to_string(s.role)); }));
  put(shares("By tensor type", i.types, style, [](const TypeShare& s) { return s.type; }));
  const auto sentences = [&](std::string_view title, const std::vector<std::string>& list) {
    if (list.empty()) return;
    out += "\n" + paint(title, Tone::strong, style.color) + "\n";
    for (const std::string& text : list) {
      bool first = true;
      for (const std::string& line : wrap(clean(text), static_cast<std::size_t>(style.width) - 4)) {
        out += (first ? "  - " : "    ") + line + "\n";
        first = false;
      }
    }
  };
  sentences("Oddities", i.oddities);
  sentences("Warnings", i.file.warnings);
  return printed(std::move(out), style.utf8);
}

std::string inspection_json(const Inspection& i) {
  const ModelFile& f = i.file;
  const Architecture& a = f.architecture;
  Json roles = Json::array(), types = Json::array();
  for (const RoleShare& s : i.roles)
    roles.push_back(
        Json{{"role", to_string(s.role)}, {"tensors", s.tensors}, {"params", s.params}, {"bytes", s.bytes}});
  for (const TypeShare& s : i.types)
    types.push_back(Json{{"type", s.type}, {"tensors", s.tensors}, {"params", s.params}, {"bytes", s.bytes}});
  const Json out{{"schema", "canrun.inspect/1"},
                 {"path", f.path},
                 {"format", word(f.format)},
                 {"kind", word(f.kind)},
                 {"name", f.name},
                 {"repository", f.repository},
                 {"architecture", a.gguf_arch.empty() ? a.model_type : a.gguf_arch},
                 {"architecture_known", f.architecture_known},
                 {"params_total", f.params},
                 {"params_active", i.params_active},
                 {"tensor_bytes", f.tensor_bytes},
                 {"file_bytes", f.file_bytes},
                 {"header_bytes", f.header_bytes},
                 {"bits_per_weight", i.bits_per_weight},
                 {"quantization", Json{{"method", f.quantization.method},
                                       {"bits", f.quantization.bits},
                                       {"group", f.quantization.group},
                                       {"id", f.quantization.catalog_id},
                                       {"imatrix", f.imatrix}}},
                 {"layers", a.trunk_layers},
                 {"mtp_layers", a.mtp_layers},
                 {"context_max", a.context_max},
                 {"parts", f.parts},
                 {"gguf_version", f.gguf_version},
                 {"big_endian", f.big_endian},
                 {"tokenizer", Json{{"model", f.tokenizer}, {"tokens", f.tokenizer_size}}},
                 {"cache", Json{{"bytes_per_token", i.cache.bytes_per_token},
                                {"window_bytes_per_token", i.cache.window_bytes_per_token},
                                {"window", i.cache.window},
                                {"full_layers", i.cache.full_layers},
                                {"window_layers", i.cache.window_layers},
                                {"recurrent_layers", i.cache.recurrent_layers},
                                {"sharing_layers", i.cache.sharing_layers}}},
                 {"roles", roles},
                 {"types", types},
                 {"oddities", i.oddities},
                 {"warnings", f.warnings}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace canrun::report

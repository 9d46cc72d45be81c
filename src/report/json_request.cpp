#include "report/json_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>

#include "catalog/json_depth.hpp"
#include "report/plain.hpp"

namespace canrun::report {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t most_tokens = 1'000'000'000, most_bytes = 1ULL << 60, most_parameters = 1'000'000'000'000'000;

struct Wrong {
  std::string expected;  ///< what the key must be
};

std::string shown(const Json& value) {
  return clean(value.dump(-1, ' ', false, Json::error_handler_t::replace), 60);
}

std::string text(const Json& v) {
  if (!v.is_string()) throw Wrong{"a string"};
  return v.get<std::string>();
}

bool flag(const Json& v) {
  if (!v.is_boolean()) throw Wrong{"true or false"};
  return v.get<bool>();
}

/// Whole numbers may be written 16384.0; negative, fractional and too large ones are refused.
std::uint64_t count(const Json& v, std::uint64_t least, std::uint64_t most, const char* expected) {
  if (v.is_number_unsigned()) {
    const auto n = v.get<std::uint64_t>();
    if (n >= least && n <= most) return n;
  } else if (v.is_number_float()) {
    const double n = v.get<double>();
    if (std::isfinite(n) && n == std::floor(n) && n >= static_cast<double>(least) && n <= static_cast<double>(most))
      return static_cast<std::uint64_t>(n);
  }
  throw Wrong{expected};
}

std::uint64_t positive(const Json& v) {
  return count(v, 1, most_tokens, "a positive integer");
}
std::uint64_t natural(const Json& v) {
  return count(v, 0, most_tokens, "an integer of 0 or more");
}
std::uint64_t bytes(const Json& v) {
  return count(v, 1, most_bytes, "a positive number of bytes");
}

std::uint64_t parameters(const Json& v) {
  return count(v, 1, most_parameters, "a positive number of parameters, 48000000000");
}

double real(const Json& v, double least, const char* expected) {
  if (!v.is_number() || !std::isfinite(v.get<double>()) || v.get<double>() < least || v.get<double>() > 1e24)
    throw Wrong{expected};
  return v.get<double>();
}

double rate(const Json& v) {
  const double value = real(v, 0, "a positive number of bytes (or operations) per second");
  if (value <= 0) throw Wrong{"a positive number of bytes (or operations) per second"};
  return value;
}

template <class Value>
Value one_of(const Json& v, std::initializer_list<std::pair<const char*, Value>> words) {
  std::string expected = "one of";
  for (const auto& [word, value] : words) {
    if (v.is_string() && v.get_ref<const std::string&>() == word) return value;
    expected += fmt::format("{} \"{}\"", expected == "one of" ? "" : ",", word);
  }
  throw Wrong{expected};
}

std::vector<std::string> texts(const Json& v) {
  constexpr const char* expected = "a string or an array of strings";
  if (v.is_string()) return {v.get<std::string>()};
  if (!v.is_array() || v.size() > 64) throw Wrong{"a string or an array of at most 64 strings"};
  std::vector<std::string> out;
  for (const Json& item : v) {
    if (!item.is_string()) throw Wrong{expected};
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::int64_t layers(const Json& v) {
  if (v.is_string() && v.get_ref<const std::string&>() == "all") return std::numeric_limits<std::int64_t>::max();
  if (v.is_number_integer() && v.get<std::int64_t>() == -1) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(count(v, 0, most_tokens, "an integer of 0 or more, or \"all\""));
}

std::vector<double> shares(const Json& v) {
  if (!v.is_array() || v.empty() || v.size() > 64) throw Wrong{"an array of 1 to 64 numbers"};
  std::vector<double> out;
  for (const Json& item : v) out.push_back(real(item, 0, "an array of numbers of 0 or more"));
  return out;
}

using Setter = void (*)(Request&, const Json&);

const std::unordered_map<std::string_view, Setter>& setters() {
  static const std::unordered_map<std::string_view, Setter> table{
      {"detail",
       [](Request& r, const Json& v) {
         r.detail = one_of<Detail>(v, {{"figures", Detail::figures}, {"full", Detail::full}});
       }},
      {"model", [](Request& r, const Json& v) { r.model = text(v); }},
      {"quant", [](Request& r, const Json& v) { r.quant = text(v); }},
      {"gpu", [](Request& r, const Json& v) { r.gpu = texts(v); }},
      {"runtime", [](Request& r, const Json& v) { r.runtime = text(v); }},
      {"backend", [](Request& r, const Json& v) { r.backend = text(v); }},
      {"workload", [](Request& r, const Json& v) { r.workload = text(v); }},
      {"mode",
       [](Request& r, const Json& v) {
         r.mode = one_of<Mode>(v, {{"balanced", Mode::balanced},
                                   {"interactive", Mode::interactive},
                                   {"light-api", Mode::light_api},
                                   {"scale-out", Mode::scale_out}});
       }},
      {"context", [](Request& r, const Json& v) { r.context = positive(v); }},
      {"prompt", [](Request& r, const Json& v) { r.prompt = natural(v); }},
      {"output", [](Request& r, const Json& v) { r.output = natural(v); }},
      {"depth", [](Request& r, const Json& v) { r.depth = natural(v); }},
      {"users", [](Request& r, const Json& v) { r.users = positive(v); }},
      {"parallel", [](Request& r, const Json& v) { r.parallel = positive(v); }},
      {"kv_unified", [](Request& r, const Json& v) { r.kv_unified = flag(v); }},
      {"batch", [](Request& r, const Json& v) { r.batch = positive(v); }},
      {"ubatch", [](Request& r, const Json& v) { r.ubatch = positive(v); }},
      {"flash_attn", [](Request& r, const Json& v) { r.flash_attn = flag(v); }},
      {"kv_type", [](Request& r, const Json& v) { r.kv_type = text(v); }},
      {"kv_type_k", [](Request& r, const Json& v) { r.kv_type = text(v); }},
      {"kv_type_v", [](Request& r, const Json& v) { r.kv_type_v = text(v); }},
      {"swa_full", [](Request& r, const Json& v) { r.swa_full = flag(v); }},
      {"kv_offload", [](Request& r, const Json& v) { r.kv_offload = flag(v); }},
      {"reserve",
       [](Request& r, const Json& v) {
         r.reserve = one_of<Reserve>(v, {{"server", Reserve::server}, {"bench", Reserve::bench}});
       }},
      {"imatrix", [](Request& r, const Json& v) { r.imatrix = flag(v); }},
      {"mtp", [](Request& r, const Json& v) { r.mtp = flag(v); }},
      {"gpu_layers", [](Request& r, const Json& v) { r.gpu_layers = layers(v); }},
      {"cpu_moe_layers", [](Request& r, const Json& v) { r.cpu_moe_layers = layers(v); }},
      {"offload",
       [](Request& r, const Json& v) {
         r.offload = one_of<Offload>(v, {{"none", Offload::none},
                                         {"layers", Offload::layers},
                                         {"experts", Offload::experts},
                                         {"auto", Offload::automatic}});
       }},
      {"split",
       [](Request& r, const Json& v) {
         r.split = one_of<const char*>(v, {{"none", "none"}, {"layer", "layer"}, {"row", "row"}, {"tensor", "tensor"}});
       }},
      {"tensor_split", [](Request& r, const Json& v) { r.tensor_split = shares(v); }},
      {"ram_bytes", [](Request& r, const Json& v) { r.ram_bytes = bytes(v); }},
      {"ram_bandwidth", [](Request& r, const Json& v) { r.ram_bandwidth = rate(v); }},
      {"ram_type", [](Request& r, const Json& v) { r.ram_type = text(v); }},
      {"cpu", [](Request& r, const Json& v) { r.cpu = text(v); }},
      {"pcie", [](Request& r, const Json& v) { r.pcie = text(v); }},
      {"os",
       [](Request& r, const Json& v) {
         r.os = one_of<const char*>(v, {{"linux", "linux"}, {"windows", "windows"}, {"macos", "macos"}});
       }},
      {"used_bytes",
       [](Request& r, const Json& v) { r.used_bytes = count(v, 0, most_bytes, "a number of bytes of 0 or more"); }},
      {"usable_bytes", [](Request& r, const Json& v) { r.usable_bytes = bytes(v); }},
      {"headroom",
       [](Request& r, const Json& v) {
         r.headroom = real(v, 0, "a fraction of each device's memory (0 to 1) or a number of bytes");
       }},
      {"vram_bytes", [](Request& r, const Json& v) { r.vram_bytes = bytes(v); }},
      {"bandwidth", [](Request& r, const Json& v) { r.bandwidth = rate(v); }},
      {"flops", [](Request& r, const Json& v) { r.flops = rate(v); }},
      {"like", [](Request& r, const Json& v) { r.like = text(v); }},
      {"runtime_version", [](Request& r, const Json& v) { r.runtime_version = text(v); }},
      {"gpu_memory_utilization",
       [](Request& r, const Json& v) { r.gpu_memory_utilization = real(v, 0, "a fraction above 0 and at most 1"); }},
      {"max_num_batched_tokens", [](Request& r, const Json& v) { r.max_num_batched_tokens = positive(v); }},
      {"max_num_seqs", [](Request& r, const Json& v) { r.max_num_seqs = positive(v); }},
      {"block_size", [](Request& r, const Json& v) { r.block_size = positive(v); }},
      {"kv_cache_memory_bytes", [](Request& r, const Json& v) { r.kv_cache_memory_bytes = bytes(v); }},
      {"enforce_eager", [](Request& r, const Json& v) { r.enforce_eager = flag(v); }},
      {"mmproj", [](Request& r, const Json& v) { r.mmproj = text(v); }},
      {"lora", [](Request& r, const Json& v) { r.lora = texts(v); }},
      {"draft", [](Request& r, const Json& v) { r.draft = text(v); }},
      {"draft_quant", [](Request& r, const Json& v) { r.draft_quant = text(v); }},
      {"draft_tokens", [](Request& r, const Json& v) { r.draft_tokens = positive(v); }},
      {"cache_ram_bytes",
       [](Request& r, const Json& v) {
         r.cache_ram_bytes = count(v, 0, most_bytes, "a number of bytes of 0 or more");
       }},
      {"ctx_checkpoints", [](Request& r, const Json& v) { r.ctx_checkpoints = natural(v); }},
      {"display", [](Request& r, const Json& v) { r.display = flag(v); }},
      {"ecc", [](Request& r, const Json& v) { r.ecc = flag(v); }},
      {"bandwidth_scale", [](Request& r, const Json& v) { r.bandwidth_scale = real(v, 0, "a positive factor"); }},
      {"params", [](Request& r, const Json& v) { r.rough.params = parameters(v); }},
      {"active", [](Request& r, const Json& v) { r.rough.active = parameters(v); }},
      {"layers", [](Request& r, const Json& v) { r.rough.layers = positive(v); }},
      {"hidden", [](Request& r, const Json& v) { r.rough.hidden = positive(v); }},
      {"heads", [](Request& r, const Json& v) { r.rough.heads = positive(v); }},
      {"kv_heads", [](Request& r, const Json& v) { r.rough.kv_heads = positive(v); }},
      {"head_dim", [](Request& r, const Json& v) { r.rough.head_dim = positive(v); }},
      {"experts", [](Request& r, const Json& v) { r.rough.experts = positive(v); }},
      {"experts_used", [](Request& r, const Json& v) { r.rough.experts_used = positive(v); }},
      {"vocabulary", [](Request& r, const Json& v) { r.rough.vocabulary = positive(v); }},
      {"context_max", [](Request& r, const Json& v) { r.rough.context_max = positive(v); }},
      {"draft_accept",
       [](Request& r, const Json& v) {
         r.draft_accept = real(v, 0, "a chance of 0 to 1");
         if (*r.draft_accept > 1) throw Wrong{"a chance of 0 to 1"};
       }},
      {"draft_max", [](Request& r, const Json& v) { r.draft_tokens = positive(v); }},
  };
  return table;
}

}  // namespace

JsonRequest parse_request(std::string_view line) {
  if (line.size() > longest_request)
    throw RequestError(ErrorCode::malformed,
                       fmt::format("a request may have {} bytes, this line has {}", longest_request, line.size()), "");
  if (nested_beyond(line, deepest_request))
    throw RequestError(ErrorCode::malformed,
                       fmt::format("objects and arrays stand more than {} deep in each other", deepest_request), "");
  Json object;
  try {
    object = Json::parse(line);
  } catch (const Json::parse_error& e) {
    throw RequestError(ErrorCode::malformed,
                       fmt::format("not JSON at byte {}; one request object a line is expected, such as "
                                   "{{\"model\": \"qwen3-8b\", \"gpu\": \"rtx-3090\"}}",
                                   e.byte),
                       "");
  } catch (const Json::out_of_range&) {
    throw RequestError(ErrorCode::malformed, "a number in this line is larger than any that can be meant", "");
  }
  if (!object.is_object())
    throw RequestError(ErrorCode::malformed, fmt::format("a request is a JSON object, found {}", object.type_name()),
                       "");
  JsonRequest out;
  out.request.detail = Detail::figures;
  std::string& id = out.request.id;
  if (const auto found = object.find("id"); found != object.end() && !found->is_null()) {
    if (found->is_structured())
      throw RequestError(ErrorCode::bad_value, "`id` must be a string, a number or a boolean", "");
    id = found->dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  for (const auto& [key, value] : object.items()) {
    if (key == "id" || key == "schema" || value.is_null()) continue;
    const auto setter = setters().find(key);
    if (setter == setters().end()) {
      out.notes.push_back(fmt::format("unknown key `{}` ignored", clean(key, 60)));
      continue;
    }
    try {
      setter->second(out.request, value);
    } catch (const Wrong& wrong) {
      throw RequestError(ErrorCode::bad_value,
                         fmt::format("`{}` must be {}, found {}", key, wrong.expected, shown(value)), id);
    }
  }
  if (!out.request.model.empty() && out.request.rough.given())
    throw RequestError(ErrorCode::bad_value, "`model` and `params` are two ways to say the same: give one", id);
  if (out.request.model.empty() && !out.request.rough.given())
    throw RequestError(ErrorCode::bad_value,
                       "`model` is missing: name a model, such as \"qwen3-8b\", or give its size as `params`", id);
  const Request& r = out.request;
  if (!object.contains("gpu") && !r.vram_bytes && !r.ram_bytes && r.cpu.empty() && r.ram_type.empty())
    throw RequestError(ErrorCode::bad_value,
                       "`gpu` is missing: name a device, such as \"rtx-3090\", or \"cpu\" for the host alone", id);
  return out;
}

}  // namespace canrun::report

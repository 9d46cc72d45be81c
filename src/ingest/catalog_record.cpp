#include "ingest/catalog_record.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "canrun/error.hpp"
#include "catalog/printable.hpp"
#include "model/model.hpp"

namespace canrun {
namespace {

using Json = nlohmann::json;
using Shape = std::pair<std::string, std::array<std::uint64_t, 4>>;

std::vector<Shape> shapes(const std::vector<Tensor>& tensors) {
  std::vector<Shape> out;
  out.reserve(tensors.size());
  for (const Tensor& tensor : tensors) out.emplace_back(tensor.name, tensor.dims);
  std::sort(out.begin(), out.end());
  return out;
}

bool attends(const Layer& layer) {
  return layer.mixer == Mixer::attention || layer.mixer == Mixer::mla || layer.mixer == Mixer::attention_mamba2;
}

/// What tensors do not show but caches and speed depend on.
bool same_use(const Layer& a, const Layer& b) {
  const bool attention =
      !attends(a) || (a.heads == b.heads && a.kv_heads == b.kv_heads && a.head_dim_k == b.head_dim_k &&
                      a.head_dim_v == b.head_dim_v && a.window == b.window);
  return a.mixer == b.mixer && a.ffn == b.ffn && a.shares_kv == b.shares_kv && a.compress_ratio == b.compress_ratio &&
         a.experts_used == b.experts_used && attention;
}

bool same_model(const ModelFile& file, const Model& model) {
  const auto& a = file.architecture.layers;
  const auto& b = model.architecture.layers;
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same_use) &&
         shapes(file.tensors) == shapes(model.tensors);
}

std::optional<Model> try_read(const std::string& json, bool mtp) {
  try {
    return read_model(json, {mtp ? all_mtp : 0, false});
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The object that holds the sizes of the text model.
Json& text_tower(Json& config) {
  for (const char* name : {"text_config", "llm_config", "language_config", "language_model"})
    if (config.contains(name) && config[name].is_object()) return config[name];
  return config;
}

/// Overwrites every key that the template has, or adds the first one, where a value is known.
void put(Json& config, std::initializer_list<const char*> names, std::uint64_t value) {
  if (value == 0) return;
  bool found = false;
  for (const char* name : names)
    if (config.contains(name)) config[name] = value, found = true;
  if (!found) config[*names.begin()] = value;
}

std::string with_sizes(const std::string& template_json, const Architecture& a) {
  Json config = Json::parse(template_json, nullptr, false, true);
  if (!config.is_object() || a.layers.empty()) return {};
  Json& text = text_tower(config);
  const auto attending = std::ranges::find_if(a.layers, attends);
  const Layer& layer = attending == a.layers.end() ? a.layers.front() : *attending;
  put(text, {"hidden_size", "n_embd", "d_model"}, a.hidden);
  put(text, {"num_hidden_layers", "n_layer", "n_layers", "num_layers"}, a.trunk_layers);
  put(text, {"num_attention_heads", "n_head", "n_heads"}, layer.heads);
  put(text, {"num_key_value_heads", "n_head_kv", "num_kv_heads"}, layer.kv_heads);
  put(text, {"head_dim"}, layer.head_dim_k);
  put(text, {"intermediate_size", "n_inner", "ffn_hidden_size", "ffn_dim"}, a.layers.front().ffn_size);
  put(text, {"vocab_size", "padded_vocab_size"}, a.vocab);
  put(text, {"max_position_embeddings", "n_positions", "max_sequence_length"}, a.context_max);
  if (const auto moe = std::ranges::find(a.layers, FeedForward::moe, &Layer::ffn); moe != a.layers.end()) {
    put(text, {"num_experts", "num_local_experts", "n_routed_experts"}, moe->experts);
    put(text, {"num_experts_per_tok", "num_experts_per_token"}, moe->experts_used);
    put(text, {"moe_intermediate_size", "intermediate_size"}, moe->expert_ffn_size);
  }
  text["tie_word_embeddings"] = a.tied_embeddings;
  if (const auto types = text.find("layer_types");
      types != text.end() && types->is_array() && types->size() != a.trunk_layers)
    text.erase(types);
  return config.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string configuration_of(const Catalog& catalog, const ModelFile& file) {
  const std::string& arch = file.architecture.gguf_arch;
  const bool mtp = file.architecture.layers.size() > file.architecture.trunk_layers;
  std::vector<std::string> templates;
  for (const ModelRecord& record : catalog.models()) {
    const auto model = try_read(record.config_json, mtp);
    if (!model || model->architecture.gguf_arch != arch) continue;
    if (same_model(file, *model)) return record.config_json;
    templates.push_back(record.config_json);
  }
  for (const std::string& json : templates) {
    std::string changed = with_sizes(json, file.architecture);
    const auto model = try_read(changed, mtp);
    if (model && same_model(file, *model)) return changed;
  }
  throw Error(
      ErrorCode::unsupported_architecture,
      fmt::format(
          "{}: a catalog entry needs a Hugging Face configuration, and no known one of the architecture \"{}\" gives "
          "this file's tensors: give the model's config.json instead",
          printable(file.path), printable(arch, 64)));
}

std::string id_of(std::string_view name) {
  std::string id;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
    if (c >= 'A' && c <= 'Z')
      id += static_cast<char>(c + 32);
    else if (letter)
      id += c;
    else if (!id.empty() && id.back() != '-')
      id += '-';
  }
  while (!id.empty() && (id.back() == '-' || id.back() == '.')) id.pop_back();
  return id.empty() ? "model" : id;
}

}  // namespace

ModelRecord catalog_record(const Catalog& catalog, const ModelFile& file, std::string id) {
  if (file.kind != FileKind::model)
    throw Error(ErrorCode::bad_value,
                fmt::format("{}: is no language model but something added to one", printable(file.path)));
  ModelRecord record;
  record.name = file.name.empty() ? "model" : file.name;
  record.id = id.empty() ? id_of(record.name) : std::move(id);
  record.repository = file.repository;
  record.context_max = file.architecture.context_max;
  const bool guessed = !file.architecture_known && !file.guessed_config.empty();
  record.config_json = guessed                    ? file.guessed_config
                       : file.config_json.empty() ? configuration_of(catalog, file)
                                                  : file.config_json;
  if (guessed) record.note = "its own architecture is not known: counted as a Llama-like decoder of the same sizes";
  const auto slash = file.path.find_last_of("/\\", file.path.size() - 2);
  record.source =
      file.path == "-" ? "canrun catalog add" : "canrun catalog add " + printable(file.path.substr(slash + 1));
  record.confidence = file.architecture_known ? "high" : "low";
  return record;
}

}  // namespace canrun

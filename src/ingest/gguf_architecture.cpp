#include "ingest/gguf_architecture.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "catalog/printable.hpp"
#include "ingest/gguf_step_switches.hpp"
#include "ingest/window_rules.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t max_blocks = 1024;

std::uint32_t narrow(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

/// Look-ups under `general.architecture`.
class Keys {
public:
  explicit Keys(const GgufHeader& header) : header_(header), prefix_(header.text("general.architecture")) {}

  [[nodiscard]] std::string_view arch() const { return prefix_; }
  [[nodiscard]] bool has(std::string_view name) const { return header_.find(key(name)) != nullptr; }
  [[nodiscard]] std::uint32_t number(std::string_view name, std::uint32_t fallback = 0) const {
    const auto value = header_.unsigned_number(key(name));
    return value ? narrow(*value) : fallback;
  }
  /// One value per block: a lone number stands for all, a short list is filled with 0.
  [[nodiscard]] std::vector<std::uint32_t> per_block(std::string_view name, std::size_t blocks,
                                                     std::uint32_t fallback = 0) const {
    const GgufValue* value = header_.find(key(name));
    if (value == nullptr) return std::vector<std::uint32_t>(blocks, fallback);
    const auto numbers = header_.unsigned_numbers(key(name), max_blocks);
    std::vector<std::uint32_t> out(blocks, 0);
    for (std::size_t i = 0; i < blocks; ++i) {
      if (!value->is_array)
        out[i] = numbers.empty() ? fallback : narrow(numbers.front());
      else if (i < numbers.size())
        out[i] = narrow(numbers[i]);
    }
    return out;
  }
  [[nodiscard]] bool is_list(std::string_view name) const {
    const GgufValue* value = header_.find(key(name));
    return value != nullptr && value->is_array;
  }

private:
  [[nodiscard]] std::string key(std::string_view name) const { return fmt::format("{}.{}", prefix_, name); }

  const GgufHeader& header_;
  std::string_view prefix_;
};

class Table {
public:
  explicit Table(std::span<const Tensor> tensors) {
    by_name_.reserve(tensors.size());
    for (const Tensor& tensor : tensors) {
      by_name_.emplace(tensor.name, &tensor);
      if (tensor.layer >= 0) blocks_ = std::max(blocks_, static_cast<std::uint32_t>(tensor.layer) + 1);
    }
  }

  [[nodiscard]] const Tensor* find(std::string_view name) const {
    const auto at = by_name_.find(name);
    return at == by_name_.end() ? nullptr : at->second;
  }
  [[nodiscard]] const Tensor* find(std::uint32_t block, std::string_view name) const {
    return find(fmt::format("blk.{}.{}", block, name));
  }
  [[nodiscard]] bool has(std::uint32_t block, std::string_view name) const { return find(block, name) != nullptr; }
  [[nodiscard]] std::uint32_t size(std::uint32_t block, std::string_view name, std::size_t dimension) const {
    const Tensor* tensor = find(block, name);
    return tensor == nullptr ? 0 : narrow(tensor->dims[dimension]);
  }
  [[nodiscard]] std::uint32_t blocks() const { return blocks_; }

private:
  std::unordered_map<std::string_view, const Tensor*> by_name_;
  std::uint32_t blocks_ = 0;
};

Mixer mixer_of(const Keys& keys, const Table& table, std::uint32_t block) {
  constexpr std::string_view projections[] = {"attn_q.weight", "attn_qkv.weight", "attn_k.weight", "attn_kv.weight",
                                              "attn_q_a.weight"};
  const bool attention =
      std::ranges::any_of(projections, [&](std::string_view name) { return table.has(block, name); });
  if (table.has(block, "time_mix_w0.weight")) return Mixer::rwkv7;
  if (table.has(block, "time_mix_decay.weight") || table.has(block, "time_mix_w1.weight")) return Mixer::rwkv6;
  if (table.has(block, "shortconv.conv.weight")) return Mixer::short_conv;
  if (table.has(block, "ssm_conv1d_q.weight")) return Mixer::kda;
  if (table.has(block, "ssm_ba.weight") || table.has(block, "ssm_beta.weight")) return Mixer::gated_delta_net;
  if (table.has(block, "ssm_in.weight")) {
    // Mamba-1 has a decay per channel and state, Mamba-2 one per head.
    const Tensor* decay = table.find(block, "ssm_a");
    const bool per_head = decay == nullptr || decay->dims[0] == 1 || decay->dims[1] == 1;
    if (!per_head) return Mixer::mamba1;
    return attention ? Mixer::attention_mamba2 : Mixer::mamba2;
  }
  // Without the absorbed form (old files, MiniCPM3) the latent is expanded and cached as plain heads.
  if (table.has(block, "attn_kv_a_mqa.weight"))
    return keys.has("attention.key_length_mla") ? Mixer::mla : Mixer::attention;
  if (table.has(block, "attn_norm_2.weight") && table.has(block, "attn_gate.weight")) return Mixer::lightning;
  return attention ? Mixer::attention : Mixer::none;
}

void read_ffn(const Table& table, std::uint32_t block, Layer& layer) {
  layer.ffn = FeedForward::none;
  for (const std::string_view name : {"ffn_down.weight", "channel_mix_value.weight"}) {
    if (layer.ffn_size == 0) layer.ffn_size = table.size(block, name, 0);
  }
  if (layer.ffn_size == 0) layer.ffn_size = table.size(block, "ffn_up.weight", 1);
  if (layer.ffn_size > 0) layer.ffn = FeedForward::dense;
  if (const Tensor* experts = table.find(block, "ffn_down_exps.weight")) {
    layer.ffn = FeedForward::moe;
    layer.expert_ffn_size = narrow(experts->dims[0]);
    layer.experts = narrow(experts->dims[2]);
    layer.shared_ffn_size = table.size(block, "ffn_down_shexp.weight", 0);
  }
}

void read_windows(const Keys& keys, Architecture& a) {
  const WindowRule* rule = window_rule(keys.arch());
  const std::string_view pattern_key = "attention.sliding_window_pattern";
  const bool listed = keys.is_list(pattern_key);
  std::uint32_t window = keys.number("attention.sliding_window", rule != nullptr ? rule->fallback : 0);
  if (rule == nullptr && !listed) return;
  if (window == 0) return;
  if (rule != nullptr && rule->fixed > 0) window = rule->fixed;
  if (rule != nullptr && rule->only_layers > 0 && rule->only_layers != a.trunk_layers) return;
  const auto list = keys.per_block(pattern_key, a.layers.size());
  const std::uint32_t period = keys.number(pattern_key, rule != nullptr ? rule->period : 1);
  const bool dense_first = rule != nullptr && rule->dense_first;
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    Layer& layer = a.layers[i];
    if (layer.mixer != Mixer::attention && layer.mixer != Mixer::mla) continue;
    bool windowed = false;
    if (listed)
      windowed = list[i] != 0;
    else if (period == 0)
      windowed = true;
    else if (!layer.mtp)
      windowed = dense_first ? i % period != 0 : i % period < period - 1;
    if (windowed) layer.window = window;
  }
}

void read_heads(const Keys& keys, Architecture& a) {
  const std::size_t blocks = a.layers.size();
  const auto heads = keys.per_block("attention.head_count", blocks);
  const auto kv_heads = keys.has("attention.head_count_kv") ? keys.per_block("attention.head_count_kv", blocks) : heads;
  const auto first = std::find_if(heads.begin(), heads.end(), [](std::uint32_t n) { return n > 0; });
  const std::uint32_t per_head = first == heads.end() ? 0 : a.hidden / *first;
  const std::uint32_t k = keys.number("attention.key_length", per_head);
  const std::uint32_t v = keys.number("attention.value_length", per_head);
  const std::uint32_t k_window = keys.number("attention.key_length_swa", k);
  const std::uint32_t v_window = keys.number("attention.value_length_swa", v);
  for (std::size_t i = 0; i < blocks; ++i) {
    Layer& layer = a.layers[i];
    if (layer.mixer == Mixer::none || layer.mixer == Mixer::short_conv) continue;
    layer.heads = heads[i];
    layer.kv_heads = kv_heads[i];
    layer.head_dim_k = layer.window > 0 ? k_window : k;
    layer.head_dim_v = layer.window > 0 ? v_window : v;
  }
}

void read_latents(const Keys& keys, Architecture& a) {
  a.q_lora_rank = keys.number("attention.q_lora_rank");
  a.kv_lora_rank = keys.number("attention.kv_lora_rank");
  if (a.q_lora_rank == 0 && a.kv_lora_rank == 0) return;
  a.qk_rope_head_dim = keys.number("rope.dimension_count");
  const std::uint32_t k = keys.number("attention.key_length_mla", keys.number("attention.key_length"));
  const std::uint32_t v = keys.number("attention.value_length_mla", keys.number("attention.value_length"));
  if (a.kv_lora_rank > 0 && k > a.qk_rope_head_dim) a.qk_nope_head_dim = k - a.qk_rope_head_dim;
  for (Layer& layer : a.layers) {
    if (layer.mixer != Mixer::mla) continue;
    layer.kv_heads = 1;
    layer.head_dim_k = k;
    layer.head_dim_v = v;
  }
}

void read_recurrent(const Keys& keys, Architecture& a) {
  a.ssm_conv_kernel = keys.number("ssm.conv_kernel");
  a.ssm_inner_size = keys.number("ssm.inner_size");
  a.ssm_state_size = keys.number("ssm.state_size");
  a.ssm_groups = keys.number("ssm.group_count");
  a.shortconv_kernel = keys.number("shortconv.l_cache");
  a.rwkv_head_size = keys.number("wkv.head_size");
  if (a.rwkv_head_size > 0) a.rwkv_token_shifts = keys.number("token_shift_count", 2);
  a.rwkv_token_shifts = keys.number("token_shift_count");
  a.kda_head_dim = keys.number("kda.head_dim");
  const std::uint32_t rank = keys.number("ssm.time_step_rank");
  for (const Layer& layer : a.layers) {
    if (layer.mixer == Mixer::mamba1)
      a.ssm_dt_rank = rank;
    else if (layer.mixer == Mixer::kda)
      a.kda_heads = layer.heads;
    else if (layer.mixer != Mixer::attention && layer.mixer != Mixer::none)
      a.ssm_heads = rank;
  }
}

void read_sharing(const Keys& keys, Architecture& a) {
  std::uint32_t owners = narrow(a.layers.size());
  if (const std::uint32_t sharing = keys.number("attention.shared_kv_layers"); sharing > 0)
    owners = owners > sharing ? owners - sharing : 0;
  else if (keys.arch() == "gemma3n")
    owners = 20;  // llama.cpp v0.5.0 src/models/gemma3n.cpp
  for (std::uint32_t i = owners; i < a.layers.size(); ++i) a.layers[i].shares_kv = true;
}

void read_indexers(const Keys& keys, const Table& table, Architecture& a) {
  a.indexer_heads = keys.number("attention.indexer.head_count");
  a.indexer_head_dim = keys.number("attention.indexer.key_length");
  a.indexer_top_k = keys.number("attention.indexer.top_k");
  const auto ratios = keys.per_block("attention.compress_ratios", a.layers.size());
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    a.layers[i].compress_ratio = ratios[i];
    a.layers[i].has_ngram = table.has(i, "ple_key.weight");
    a.layers[i].has_indexer = table.has(i, "indexer.attn_k.weight") || table.has(i, "indexer.k_proj.weight") ||
                              table.has(i, "indexer_compressor_kv.weight");
  }
}

void read_blocks(const Keys& keys, const Table& table, Architecture& a) {
  const std::uint64_t claimed = keys.number("block_count", table.blocks());
  if (claimed == 0 || claimed > max_blocks || table.blocks() > max_blocks)
    throw Error(ErrorCode::malformed,
                fmt::format("{}.block_count is {} and the tensors name {} blocks, but 1 to {} are possible",
                            printable(keys.arch()), claimed, table.blocks(), max_blocks));
  const std::uint32_t blocks = narrow(claimed);
  a.mtp_layers = std::min(keys.number("nextn_predict_layers"), blocks - 1);
  a.trunk_layers = blocks - a.mtp_layers;
  const auto used = keys.per_block("expert_used_count", blocks);
  const bool mtp_stored = table.blocks() > a.trunk_layers || table.blocks() == 0;
  a.layers.resize(mtp_stored ? blocks : a.trunk_layers);
  for (std::uint32_t i = 0; i < a.layers.size(); ++i) {
    Layer& layer = a.layers[i];
    layer.mtp = i >= a.trunk_layers;
    layer.mixer = mixer_of(keys, table, i);
    read_ffn(table, i, layer);
    if (layer.ffn == FeedForward::moe) layer.experts_used = std::min(used[i], layer.experts);
  }
}

}  // namespace

Architecture gguf_architecture(const GgufHeader& header, std::span<const Tensor> tensors) {
  const Keys keys(header);
  const Table table(tensors);
  Architecture a;
  a.gguf_arch = printable(keys.arch(), 64);
  a.hidden = keys.number("embedding_length");
  a.context_max = keys.number("context_length");
  a.causal = keys.number("attention.causal", 1) != 0;
  if (const Tensor* embedding = table.find("token_embd.weight")) {
    a.vocab = narrow(embedding->dims[1]);
    if (a.hidden == 0) a.hidden = narrow(embedding->dims[0]);
  }
  a.tied_embeddings = table.find("output.weight") == nullptr;
  if (const Tensor* positions = table.find("position_embd.weight")) a.position_embeddings = narrow(positions->dims[1]);
  if (const Tensor* types = table.find("token_types.weight")) a.token_types = narrow(types->dims[1]);
  a.per_layer_embedding = keys.number("embedding_length_per_layer_input");
  if (const Tensor* rows = table.find("per_layer_token_embd.weight")) a.per_layer_vocab = narrow(rows->dims[1]);

  read_blocks(keys, table, a);
  read_windows(keys, a);
  read_heads(keys, a);
  read_latents(keys, a);
  read_recurrent(keys, a);
  read_sharing(keys, a);
  read_indexers(keys, table, a);
  read_step_switches(header, a);
  return a;
}

}  // namespace canrun

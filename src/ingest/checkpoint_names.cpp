#include "ingest/checkpoint_names.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace canrun {
namespace {

struct Suffix {
  std::string_view text;
  Piece piece;
};

// AutoAWQ, GPTQ, ExLlamaV2/V3, compressed-tensors, ModelOpt, DeepSeek FP8, bitsandbytes, gpt-oss, MLX. Longest first
// where one ends in another.
constexpr Suffix suffixes[] = {
    {".weight.quant_state.bitsandbytes__nf4", Piece::side},
    {".weight.quant_state.bitsandbytes__fp4", Piece::side},
    {".weight.nested_quant_map", Piece::side},
    {".weight.nested_absmax", Piece::side},
    {".weight.quant_map", Piece::side},
    {".weight.absmax", Piece::scale},
    {".weight_global_scale", Piece::side},
    {".input_global_scale", Piece::side},
    {".weight_zero_point", Piece::side},
    {".weight_scale_inv", Piece::scale},
    {".weight_scale_2", Piece::side},
    {".weight_packed", Piece::packed},
    {".weight_scale", Piece::scale},
    {".weight_shape", Piece::side},
    {".weight_g_idx", Piece::side},
    {".weight_format", Piece::side},
    {".input_scale", Piece::side},
    {".output_scale", Piece::side},
    {".k_scale", Piece::side},
    {".v_scale", Piece::side},
    {"_blocks", Piece::packed},
    {"_scales", Piece::scale},
    {".q_weight", Piece::packed},
    {".q_scale_max", Piece::side},
    {".q_scale", Piece::side},
    {".q_group_size", Piece::side},
    {".q_groups", Piece::side},
    {".q_invperm", Piece::side},
    {".q_perm", Piece::side},
    {".trellis", Piece::packed},
    {".suh", Piece::side},
    {".svh", Piece::side},
    {".mcg", Piece::side},
    {".mul1", Piece::side},
    {".qweight", Piece::packed},
    {".qzeros", Piece::side},
    {".scales", Piece::scale},
    {".biases", Piece::side},
    {".g_idx", Piece::side},
    {".SCB", Piece::scale},
    {".weight", Piece::plain},
};

struct Word {
  std::string_view text;
  Role role;
};

// The first word that occurs decides.
constexpr Word words[] = {
    {"embed_tokens_per_layer", Role::per_layer_embedding},
    {"embed_tokens", Role::token_embedding},
    {"word_embeddings_layernorm", Role::norm},
    {"word_embeddings", Role::token_embedding},
    {"tok_embeddings", Role::token_embedding},
    {"embed_in", Role::token_embedding},
    {"wte.", Role::token_embedding},
    {"wpe.", Role::position_embedding},
    {"position_embeddings", Role::position_embedding},
    {"embed_positions", Role::position_embedding},
    {"token_type_embeddings", Role::position_embedding},
    {"lm_head", Role::output},
    {"embed_out", Role::output},
    {"e_score_correction_bias", Role::router},
    {"shared_expert", Role::shared_expert},
    {"shared_mlp", Role::shared_expert},
    {".experts.", Role::expert},
    {"router", Role::router},
    {".gate.w", Role::router},
    {".gate.b", Role::router},
    {".gate.s", Role::router},
    {"norm", Role::norm},
    {"ln_", Role::norm},
    {"linear_attn", Role::mixer},
    {"mamba", Role::mixer},
    {"mixer", Role::mixer},
    {"conv", Role::mixer},
    {"time_mix", Role::mixer},
    {"attn", Role::attention},
    {"attention", Role::attention},
    {"indexer", Role::attention},
    {"mlp", Role::ffn},
    {"feed_forward", Role::ffn},
    {"ffn", Role::ffn},
};

constexpr std::string_view vision_words[] = {"visual.",      "vision_",       "vision.",      "audio_tower",
                                             "audio_model",  "image_newline", "mm_projector", "multi_modal_projector",
                                             "embed_vision", "embed_audio",   "vit.",         "mlp1."};

struct Renamed {
  std::string_view from, to;
};

constexpr Renamed outside[] = {
    {"model.embed_tokens", "token_embd"},
    {"transformer.wte", "token_embd"},
    {"lm_head", "output"},
    {"model.norm", "output_norm"},
    {"transformer.ln_f", "output_norm"},
    {"model.embed_tokens_per_layer", "per_layer_token_embd"},
};

constexpr Renamed inside[] = {
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.qkv_proj", "attn_qkv"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"self_attn.q_a_proj", "attn_q_a"},
    {"self_attn.q_b_proj", "attn_q_b"},
    {"self_attn.q_a_layernorm", "attn_q_a_norm"},
    {"self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa"},
    {"self_attn.kv_a_layernorm", "attn_kv_a_norm"},
    {"self_attn.kv_b_proj", "attn_kv_b"},
    {"input_layernorm", "attn_norm"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"mlp.gate_up_proj", "ffn_up"},
    {"mlp.gate", "ffn_gate_inp"},
    {"mlp.router", "ffn_gate_inp"},
    {"block_sparse_moe.gate", "ffn_gate_inp"},
    {"mlp.experts.gate_proj", "ffn_gate_exps"},
    {"mlp.experts.up_proj", "ffn_up_exps"},
    {"mlp.experts.down_proj", "ffn_down_exps"},
    {"mlp.experts.gate_up_proj", "ffn_gate_up_exps"},
    {"mlp.switch_mlp.gate_proj", "ffn_gate_exps"},
    {"mlp.switch_mlp.up_proj", "ffn_up_exps"},
    {"mlp.switch_mlp.down_proj", "ffn_down_exps"},
    {"block_sparse_moe.experts.w1", "ffn_gate_exps"},
    {"block_sparse_moe.experts.w3", "ffn_up_exps"},
    {"block_sparse_moe.experts.w2", "ffn_down_exps"},
    {"block_sparse_moe.switch_mlp.gate_proj", "ffn_gate_exps"},
    {"block_sparse_moe.switch_mlp.up_proj", "ffn_up_exps"},
    {"block_sparse_moe.switch_mlp.down_proj", "ffn_down_exps"},
    {"mlp.shared_expert.gate_proj", "ffn_gate_shexp"},
    {"mlp.shared_expert.up_proj", "ffn_up_shexp"},
    {"mlp.shared_expert.down_proj", "ffn_down_shexp"},
    {"mlp.shared_experts.gate_proj", "ffn_gate_shexp"},
    {"mlp.shared_experts.up_proj", "ffn_up_shexp"},
    {"mlp.shared_experts.down_proj", "ffn_down_shexp"},
    {"mlp.shared_expert_gate", "ffn_gate_inp_shexp"},
};

template <std::size_t n>
std::optional<std::string_view> renamed(const Renamed (&table)[n], std::string_view name) {
  const auto* found = std::ranges::find(table, name, &Renamed::from);
  return found == table + n ? std::nullopt : std::optional(found->to);
}

struct Numbered {
  std::size_t begin = std::string_view::npos, end = 0;  ///< of `marker` with number and dot
  std::int64_t number = -1;
};

/// `marker` followed by a number and a dot (or the end).
Numbered find_number(std::string_view name, std::string_view marker) {
  for (std::size_t at = name.find(marker); at != std::string_view::npos; at = name.find(marker, at + 1)) {
    const char* begin = name.data() + at + marker.size();
    const char* last = name.data() + name.size();
    std::int64_t number = -1;
    const auto [end, error] = std::from_chars(begin, last, number);
    if (error == std::errc() && number >= 0 && number < (1 << 20) && (end == last || *end == '.'))
      return {at, static_cast<std::size_t>(end - name.data()), number};
  }
  return {};
}

Role role_by_word(std::string_view name) {
  for (const Word& word : words)
    if (name.find(word.text) != std::string_view::npos) return word.role;
  return Role::other;
}

}  // namespace

CheckpointName checkpoint_name(std::string_view name) {
  CheckpointName out;
  std::string_view stem = name;
  for (const Suffix& suffix : suffixes) {
    if (!stem.ends_with(suffix.text) || stem.size() == suffix.text.size()) continue;
    out.piece = suffix.piece;
    out.suffix = suffix.text;
    stem.remove_suffix(suffix.text.size());
    break;
  }
  const bool bias = stem.ends_with(".bias") || stem.ends_with("_bias");
  for (const std::string_view word : vision_words)
    if (stem.find(word) != std::string_view::npos) out.vision = true;
  if (!out.vision) out.role = role_by_word(name);

  std::string whole(stem);
  if (const Numbered expert = find_number(whole, ".experts."); expert.number >= 0) {
    out.expert = expert.number;
    out.role = Role::expert;
    whole.erase(expert.begin + std::string_view(".experts").size(),
                expert.end - expert.begin - std::string_view(".experts").size());
  }
  if (!out.vision) {
    for (const std::string_view prefix : {"language_model.", "text_model."})
      if (const auto at = whole.find(prefix); at != std::string::npos) whole.erase(at, prefix.size());
    Numbered layer;
    for (const std::string_view marker : {"layers.", "h.", "blocks.", "layer."})
      if (layer.number < 0) layer = find_number(whole, marker);
    if (layer.number >= 0 && layer.end < whole.size()) {
      out.layer = static_cast<std::int32_t>(layer.number);
      const std::string_view rest = std::string_view(whole).substr(layer.end + 1);
      const auto canonical = renamed(inside, rest);
      whole = "blk." + std::to_string(layer.number) + "." + std::string(canonical.value_or(rest));
    } else if (const auto canonical = renamed(outside, whole)) {
      whole = std::string(*canonical);
    }
    if (whole == "output" || whole == "token_embd") out.role = whole == "output" ? Role::output : Role::token_embedding;
  }
  out.weight = out.suffix.empty() ? whole : bias ? whole : whole + ".weight";
  return out;
}

}  // namespace canrun

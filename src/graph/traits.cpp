#include "graph/traits.hpp"

#include <algorithm>
#include <array>

namespace canrun::graph {
namespace {

struct Row {
  std::string_view arch;
  Traits traits;
};

using Norm = Traits::Norm;

// llama.cpp v0.5.0, src/models/<architecture>.cpp. Sorted by name.
constexpr std::array rows{
    Row{"afmoe",
        {.rope = Rope::three_of_four,
         .scales_embedding = true,
         .gating = Gating::sigmoid,
         .gating_from_model = true,
         .norm_expert_weights = Norm::from_model}},
    Row{"bailingmoe", {.norm_expert_weights = Norm::from_model}},
    Row{"bailingmoe2", {.gating = Gating::sigmoid, .gating_from_model = true, .norm_expert_weights = Norm::from_model}},
    Row{"bailingmoe3",
        {.keeps_hidden = true,
         .gating = Gating::sigmoid,
         .gating_from_model = true,
         .norm_expert_weights = Norm::from_model}},
    Row{"bloom", {.layer_norm = true, .rope = Rope::none}},
    Row{"codeshell", {.layer_norm = true}},
    Row{"cohere2", {.layer_norm = true, .rope = Rope::windowed, .branches = Branches::parallel_ffn_input}},
    Row{"cohere2moe",
        {.layer_norm = true,
         .rope = Rope::windowed,
         .branches = Branches::parallel_ffn_input,
         .rows = Rows::after_final_norm,
         .keeps_hidden = true,
         .gating_from_model = true,
         .norm_expert_weights = Norm::from_model}},
    Row{"command-r", {.layer_norm = true, .branches = Branches::parallel_ffn_input}},
    Row{"dbrx", {.layer_norm = true}},
    Row{"deepseek", {.norm_expert_weights = Norm::no}},
    Row{"deepseek2", {.keeps_hidden = true, .gating_from_model = true, .norm_expert_weights = Norm::from_model}},
    Row{"deepseek32",
        {.keeps_hidden = true,
         .gating = Gating::sigmoid,
         .gating_from_model = true,
         .norm_expert_weights = Norm::from_model}},
    Row{"dots1", {.gating = Gating::sigmoid, .gating_from_model = true, .norm_expert_weights = Norm::from_model}},
    Row{"exaone-moe",
        {.rope = Rope::windowed,
         .gating = Gating::sigmoid,
         .gating_from_model = true,
         .norm_expert_weights = Norm::from_model}},
    Row{"exaone4", {.rope = Rope::if_any_window}},
    Row{"falcon", {.layer_norm = true, .branches = Branches::parallel_ffn_attention}},
    Row{"gemma", {.scales_embedding = true}},
    Row{"gemma2", {.scales_embedding = true}},
    Row{"gemma3", {.scales_embedding = true}},
    Row{"glm4moe",
        {.keeps_hidden = true,
         .gating = Gating::sigmoid,
         .gating_from_model = true,
         .norm_expert_weights = Norm::from_model}},
    Row{"gpt-oss",
        {.rows = Rows::before_final_norm,
         .keeps_hidden = true,
         .gating = Gating::softmax_of_chosen,
         .norm_expert_weights = Norm::no}},
    Row{"gpt2", {.layer_norm = true, .rope = Rope::none}},
    Row{"gptneox", {.layer_norm = true, .branches = Branches::parallel_own_norm}},
    Row{"grok", {}},
    Row{"hunyuan-dense", {.norm_after_rope = true}},
    Row{"hunyuan-moe", {.norm_after_rope = true, .shared_first = true}},
    Row{"hunyuan_vl", {.norm_after_rope = true}},
    Row{"hy_v3",
        {.rows = Rows::after_final_norm,
         .keeps_hidden = true,
         .gating = Gating::sigmoid,
         .gating_from_model = true,
         .norm_expert_weights = Norm::from_model}},
    Row{"jais", {.layer_norm = true, .rope = Rope::none}},
    Row{"jais2", {.layer_norm = true}},
    Row{"lfm2moe", {.gating = Gating::sigmoid, .gating_from_model = true}},
    Row{"llama4",
        {.rope = Rope::three_of_four,
         .temperature = true,
         .gating = Gating::sigmoid,
         .norm_expert_weights = Norm::no,
         .weighs_before = true}},
    Row{"maincoder", {.norm_after_rope = true}},
    Row{"mimo2", {.gating = Gating::sigmoid}},
    Row{"minimax-m2", {.flat_qkv = true, .gating = Gating::sigmoid, .gating_from_model = true}},
    Row{"mistral3", {.temperature = true}},
    Row{"mpt", {.layer_norm = true, .rope = Rope::none}},
    Row{"nemotron", {.layer_norm = true}},
    Row{"olmo", {.layer_norm = true, .norms_without_weight = true}},
    Row{"olmo2", {.flat_qkv = true}},
    Row{"olmoe", {.flat_qkv = true, .norm_expert_weights = Norm::no}},
    Row{"orion", {.layer_norm = true}},
    Row{"phi2", {.layer_norm = true, .branches = Branches::parallel_attention_ffn}},
    Row{"phi3", {.residual_first = true}},
    Row{"phimoe", {.residual_first = true}},
    Row{"plamo", {.branches = Branches::parallel_ffn_attention}},
    Row{"qwen2moe", {.norm_expert_weights = Norm::no}},
    Row{"refact", {.rope = Rope::none}},
    Row{"smollm3", {.rope = Rope::three_of_four}},
    Row{"stablelm", {.layer_norm = true}},
    Row{"starcoder", {.layer_norm = true, .rope = Rope::none}},
    Row{"starcoder2", {.layer_norm = true}},
    Row{"step35",
        {.rows = Rows::before_final_norm,
         .keeps_hidden = true,
         .gating = Gating::sigmoid,
         .gating_from_model = true,
         .norm_expert_weights = Norm::from_model}},
    Row{"talkie", {.norms_without_weight = true, .norm_after_rope = true}},
};
static_assert(std::is_sorted(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.arch < b.arch; }));

}  // namespace

Traits traits_of(std::string_view gguf_arch) {
  const auto found = std::lower_bound(rows.begin(), rows.end(), gguf_arch,
                                      [](const Row& r, std::string_view a) { return r.arch < a; });
  return found != rows.end() && found->arch == gguf_arch ? found->traits : Traits{};
}

}  // namespace canrun::graph

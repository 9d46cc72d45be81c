/// Families beside the catalog's, by the parameter counts that the Hugging Face hub shows for their checkpoints.

#include "support/catch.hpp"

#include "model/model.hpp"

namespace {

canrun::Model model(const char* config) {
  return canrun::read_model(config);
}

std::uint64_t parameters(const char* config) {
  const canrun::Model read = model(config);
  return canrun::count_parameters(read.architecture, read.tensors).total;
}

}  // namespace

TEST_CASE("Qwen 7B (first generation) counts gate and up together") {
  CHECK(parameters(R"({"model_type": "qwen", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
      "intermediate_size": 22016, "vocab_size": 151936, "seq_length": 8192, "tie_word_embeddings": false})") ==
        7721324544);
}

TEST_CASE("StarCoder 15B shares one key and value head and learns its positions") {
  const canrun::Model read = model(R"({"model_type": "gpt_bigcode", "n_embd": 6144, "n_layer": 40, "n_head": 48,
      "n_inner": 24576, "vocab_size": 49152, "n_positions": 8192, "multi_query": true})");
  CHECK(canrun::count_parameters(read.architecture, read.tensors).total == 15517456384);
  CHECK(read.architecture.layers.front().kv_heads == 1);
}

TEST_CASE("OpenELM 270M widens from layer to layer") {
  CHECK(parameters(R"({"model_type": "openelm", "model_dim": 1280, "vocab_size": 32000, "num_transformer_layers": 16,
      "head_dim": 64, "ffn_dim_divisor": 256, "max_context_length": 2048,
      "num_kv_heads": [3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5],
      "num_query_heads": [12, 12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20],
      "ffn_multipliers": [0.5, 0.73, 0.97, 1.2, 1.43, 1.67, 1.9, 2.13, 2.37, 2.6, 2.83, 3.07, 3.3, 3.53, 3.77, 4.0]})") ==
        271527168);
}

TEST_CASE("LLaDA 8B and Dream 7B attend both ways and keep no cache") {
  const canrun::Model llada = model(R"({"model_type": "llada", "d_model": 4096, "n_layers": 32, "n_heads": 32,
      "n_kv_heads": 32, "mlp_hidden_size": 12288, "vocab_size": 126464, "include_bias": false,
      "include_qkv_bias": false, "weight_tying": false, "max_sequence_length": 4096})");
  CHECK(canrun::count_parameters(llada.architecture, llada.tensors).total == 8015581184);
  CHECK_FALSE(llada.architecture.causal);
  const canrun::Model dream = model(R"({"model_type": "Dream", "hidden_size": 3584, "num_hidden_layers": 28,
      "num_attention_heads": 28, "num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 152064,
      "tie_word_embeddings": false})");
  CHECK(canrun::count_parameters(dream.architecture, dream.tensors).total == 7615616512);
  CHECK_FALSE(dream.architecture.causal);
}

TEST_CASE("ModernBERT base and DistilBERT are encoders") {
  CHECK(parameters(R"({"model_type": "modernbert", "hidden_size": 768, "num_hidden_layers": 22,
      "num_attention_heads": 12, "intermediate_size": 1152, "vocab_size": 50368, "max_position_embeddings": 8192,
      "local_attention": 128, "global_attn_every_n_layers": 3})") == 149014272);
  CHECK(parameters(R"({"model_type": "distilbert", "dim": 768, "hidden_dim": 3072, "n_heads": 12, "n_layers": 6,
      "vocab_size": 30522, "max_position_embeddings": 512})") == 66362880);
}

TEST_CASE("a wrapper's text tower may leave out what transformers fills in") {
  // google/gemma-3-4b-it names five keys of its text tower; the rest are defaults of Gemma3TextConfig.
  CHECK(parameters(R"({"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"], "text_config":
      {"hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
      "sliding_window": 1024}, "vision_config": {}})") == 3880263168);
  // llava-hf/llava-1.5-7b-hf: Vicuna 7B with 64 more rows in both tables.
  CHECK(parameters(R"({"model_type": "llava", "text_config": {"model_type": "llama", "max_position_embeddings": 4096,
      "vocab_size": 32064}, "vision_config": {}})") == 6738415616 + 2 * 64 * 4096);
  // The thinker of Qwen2.5-Omni is Qwen2.5 7B.
  CHECK(parameters(R"({"model_type": "qwen2_5_omni", "thinker_config": {"model_type": "qwen2_5_omni_thinker",
      "text_config": {"model_type": "qwen2_5_omni_text", "hidden_size": 3584, "num_hidden_layers": 28,
      "num_attention_heads": 28, "num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 152064}}})") ==
        7615616512);
}

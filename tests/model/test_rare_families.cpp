/// Expert and recurrent families beside the catalog's: llama.cpp v0.5.0's loader accepted a file with these tensors and
/// printed these counts (RWKV 7 holds a pair more than the checkpoint, which the converter fills in).

#include "support/catch.hpp"

#include "model/model.hpp"

namespace {

std::uint64_t parameters(const char* config) {
  const canrun::Model read = canrun::read_model(config);
  return canrun::count_parameters(read.architecture, read.tensors).total;
}

}  // namespace

TEST_CASE("RWKV 6 and 7") {
  CHECK(parameters(R"({"model_type": "rwkv6", "hidden_size": 2048, "num_hidden_layers": 24, "head_size": 64,
      "vocab_size": 65536, "intermediate_size": null})") == 1599873024);
  CHECK(parameters(R"({"model_type": "rwkv7", "hidden_size": 2048, "num_hidden_layers": 24, "head_dim": 64,
      "vocab_size": 65536, "intermediate_size": 8192, "decay_low_rank_dim": 96, "a_low_rank_dim": 96,
      "v_low_rank_dim": 64, "gate_low_rank_dim": 256})") == 1527404544 + 2 * 2048 * 96 + 2048);
}

TEST_CASE("RWKV 7 chooses its ranks from the width where the configuration is silent") {
  CHECK(parameters(R"({"model_type": "rwkv7", "hidden_size": 2560, "num_hidden_layers": 32, "head_size": 64,
      "vocab_size": 65536, "intermediate_size": 10240})") == 2947735040 + 2 * 2560 * 96 + 2560);
}

TEST_CASE("Qwen models turned into RWKV keep their feed forward") {
  CHECK(parameters(R"({"model_type": "rwkv6qwen2", "hidden_size": 5120, "num_hidden_layers": 64,
      "num_attention_heads": 40, "num_key_value_heads": 8, "vocab_size": 152064, "intermediate_size": 27648})") ==
        34737492992);
  CHECK(parameters(R"({"model_type": "rwkv_hybrid", "hidden_size": 3584, "num_hidden_layers": 28, "head_size": 64,
      "vocab_size": 152064, "intermediate_size": 18944, "wkv_has_gate": false})") == 8265496064);
}

TEST_CASE("PLaMo 2 attends in every second layer") {
  const canrun::Model read = canrun::read_model(R"({"model_type": "plamo2", "hidden_size": 4096, "num_hidden_layers": 4,
      "num_attention_heads": 32, "num_key_value_heads": 4, "hidden_size_per_head": 128, "intermediate_size": 16384,
      "mamba_d_state": 64, "mamba_num_heads": 64, "mamba_step": 2, "vocab_size": 100032,
      "tie_word_embeddings": true})");
  CHECK(canrun::count_parameters(read.architecture, read.tensors).total == 1498331264);
  CHECK(read.architecture.layers[0].mixer == canrun::Mixer::mamba2);
  CHECK(read.architecture.layers[1].mixer == canrun::Mixer::attention);
}

TEST_CASE("expert decoders by their own key names") {
  CHECK(parameters(R"({"model_type": "grove_moe", "hidden_size": 2048, "num_hidden_layers": 48,
      "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "moe_intermediate_size": 768,
      "num_experts": 128, "num_experts_per_tok": 8, "vocab_size": 151936, "intermediate_size": 6144})") == 32948041728);
  CHECK(parameters(R"({"model_type": "smallthinker", "hidden_size": 2560, "num_hidden_layers": 52,
      "num_attention_heads": 28, "num_key_value_heads": 4, "head_dim": 128, "moe_ffn_hidden_size": 768,
      "moe_num_primary_experts": 64, "moe_num_active_primary_experts": 6, "vocab_size": 151936})") == 21506562560);
  CHECK(parameters(R"({"model_type": "llada_moe", "hidden_size": 2048, "num_hidden_layers": 16,
      "num_attention_heads": 16, "num_key_value_heads": 16, "expert_intermediate_size": 1024, "num_experts": 64,
      "num_experts_per_tok": 8, "vocab_size": 157184})") == 7356880896);
  CHECK(parameters(R"({"model_type": "arctic", "hidden_size": 7168, "num_hidden_layers": 2, "num_attention_heads": 56,
      "num_key_value_heads": 8, "intermediate_size": 4864, "num_local_experts": 8, "num_experts_per_tok": 2,
      "vocab_size": 32000})") == 2675606528);
}

/// What the layers of expert, latent-attention and hybrid models keep: windows, indexers, MTP blocks, cache widths.

#include <algorithm>
#include <string>

#include "support/catch.hpp"

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "model/model.hpp"

namespace {

using canrun::Layer;
using canrun::Mixer;

canrun::Model catalog_model(const char* id, const canrun::FileOptions& options = {}) {
  return canrun::read_model(canrun::Catalog::builtin().model(id).record.config_json, options);
}

/// Values that one token adds to caches as long as the context.
std::uint64_t cached_values(const canrun::Architecture& a) {
  std::uint64_t values = 0;
  for (const Layer& layer : a.layers) {
    if (layer.mtp || layer.window != 0) continue;
    if (layer.mixer == Mixer::mla) values += a.kv_lora_rank + a.qk_rope_head_dim;
    if (layer.mixer == Mixer::attention || layer.mixer == Mixer::attention_mamba2) {
      values += std::uint64_t{layer.kv_heads} * (layer.head_dim_k + layer.head_dim_v);
    }
    if (layer.has_indexer) values += std::uint64_t{a.indexer_head_dim} * (a.indexer_block_size != 0 ? 2 : 1);
  }
  return values;
}

template <class Condition>
std::ptrdiff_t count_layers(const canrun::Architecture& a, Condition condition) {
  return std::count_if(a.layers.begin(), a.layers.end(), condition);
}

canrun::ErrorCode refusal(const std::string& config) {
  try {
    (void)canrun::read_model(config);
  } catch (const canrun::Error& error) {
    return error.code();
  }
  return canrun::ErrorCode::bad_value;
}

}  // namespace

TEST_CASE("one token adds to the full-length caches what llama.cpp's logs show") {
  struct Row {
    const char* model;
    std::uint64_t bytes;  // f16
  };
  // llama.cpp v0.5.0, KV buffer at 8192 tokens divided by 8192.
  for (const Row& row : {Row{"deepseek-v3", 70272},
                         Row{"deepseek-v3.2", 85888},
                         Row{"glm-5.1", 109824},
                         Row{"glm-5.2", 95232},
                         Row{"hy4-preview", 95232},
                         Row{"kimi-linear-48b-a3b", 8064},
                         Row{"kimi-k3", 27648},
                         Row{"ling-3.0-tiny", 6912},
                         Row{"minimax-m3", 152064},
                         Row{"minimax-m1-80k", 40960},
                         Row{"qwen3.8-flash-next", 27648},
                         Row{"nemotron-3-nano-30b-a3b", 6144},
                         Row{"granite-4.0-h-tiny", 8192},
                         Row{"lfm2-1.2b", 12288},
                         Row{"jamba-1.7-mini", 16384},
                         Row{"falcon-h1-1.5b", 24576},
                         Row{"mistral-small-4-119b", 23040},
                         Row{"glm-4.7-flash", 54144},
                         Row{"llama-3.3-nemotron-super-49b-v1", 200704},
                         Row{"mamba2-2.7b", 0}}) {
    CAPTURE(row.model);
    CHECK(2 * cached_values(catalog_model(row.model).architecture) == row.bytes);
  }
}

TEST_CASE("windowed and full layers alternate as the runtime lays them out") {
  const canrun::Model oss = catalog_model("gpt-oss-20b");
  CHECK(oss.architecture.layers[0].window == 128);
  CHECK(oss.architecture.layers[1].window == 0);
  const canrun::Model mimo = catalog_model("mimo-v2-flash");
  CHECK(mimo.architecture.layers[0].window == 0);
  CHECK(mimo.architecture.layers[0].kv_heads == 4);
  CHECK(mimo.architecture.layers[1].window == 128);
  CHECK(mimo.architecture.layers[1].kv_heads == 8);
  CHECK(mimo.architecture.layers[1].head_dim_k == 192);
  CHECK(mimo.architecture.layers[1].head_dim_v == 128);
  const canrun::Model trinity = catalog_model("trinity-nano-6b");
  CHECK(count_layers(trinity.architecture, [](const Layer& l) { return l.window != 0; }) == 42);
  CHECK(trinity.architecture.layers[3].window == 0);
  const canrun::Model v4 = catalog_model("deepseek-v4-flash");
  CHECK(count_layers(v4.architecture, [](const Layer& l) { return l.window == 128; }) == 43);
  CHECK(count_layers(v4.architecture, [](const Layer& l) { return l.compress_ratio == 4; }) == 21);
  CHECK(count_layers(v4.architecture, [](const Layer& l) { return l.compress_ratio == 128; }) == 20);
}

TEST_CASE("sparse attention keeps index keys on the layers that own an indexer") {
  const auto owners = [](const char* id) {
    return count_layers(catalog_model(id).architecture, [](const Layer& l) { return l.has_indexer; });
  };
  CHECK(owners("deepseek-v3.2") == 61);
  CHECK(owners("glm-5") == 78);
  CHECK(owners("glm-5.2") == 21);
  CHECK(owners("hy4-preview") == 21);
  CHECK(owners("minimax-m3") == 57);
  CHECK(owners("qwen3.8-flash-next") == 12);
}

TEST_CASE("a file holds as many MTP blocks as were asked for, behind the trunk") {
  const canrun::Model without = catalog_model("step-3.5-flash");
  CHECK(without.architecture.layers.size() == 45);
  CHECK(without.architecture.mtp_layers == 3);
  const canrun::Model all = catalog_model("step-3.5-flash", {.mtp_layers = canrun::all_mtp});
  CHECK(all.architecture.layers.size() == 48);
  CHECK(all.architecture.layers[44].mtp == false);
  CHECK(all.architecture.layers[45].mtp);
  const auto counts = canrun::count_parameters(all.architecture, all.tensors);
  CHECK(counts.total == canrun::count_parameters(without.architecture, without.tensors).total);
  CHECK(counts.mtp > 0);
  const canrun::Model lean = catalog_model("glm-4.5", {.mtp_layers = 1, .mtp_lean = true});
  const canrun::Model full = catalog_model("glm-4.5", {.mtp_layers = 1});
  CHECK(full.tensors.size() - lean.tensors.size() == 2);
}

TEST_CASE("layers without attention say so") {
  const canrun::Model nas = catalog_model("llama-3.1-nemotron-ultra-253b-v1");
  CHECK(count_layers(nas.architecture, [](const Layer& l) { return l.mixer == Mixer::none; }) > 80);
  const canrun::Model nano = catalog_model("nemotron-3-nano-30b-a3b");
  CHECK(count_layers(nano.architecture, [](const Layer& l) { return l.mixer == Mixer::mamba2; }) == 23);
  CHECK(count_layers(nano.architecture, [](const Layer& l) { return l.mixer == Mixer::attention; }) == 6);
  CHECK(count_layers(nano.architecture, [](const Layer& l) { return l.ffn == canrun::FeedForward::moe; }) == 23);
  const canrun::Model kimi = catalog_model("kimi-linear-48b-a3b");
  CHECK(count_layers(kimi.architecture, [](const Layer& l) { return l.mixer == Mixer::kda; }) == 20);
  CHECK(kimi.architecture.layers[0].kv_heads == 0);
}

TEST_CASE("shapes that cannot be are refused with a sentence") {
  using canrun::ErrorCode;
  CHECK(refusal(R"({"model_type": "mamba2", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 64,
      "n_groups": 7})") == ErrorCode::malformed);
  CHECK(refusal(R"({"model_type": "nemotron_h", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 64,
      "num_attention_heads": 2, "hybrid_override_pattern": ""})") == ErrorCode::malformed);
  CHECK(refusal(R"({"model_type": "kimi_linear", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 64,
      "num_attention_heads": 2, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8,
      "linear_attn_config": {"num_heads": 2, "head_dim": 8}})") == ErrorCode::malformed);
  CHECK(refusal(R"({"model_type": "rwkv7", "hidden_size": 100, "num_hidden_layers": 2, "vocab_size": 64,
      "head_dim": 64})") == ErrorCode::malformed);
  CHECK(refusal(R"({"model_type": "glm4_moe", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 64,
      "num_attention_heads": 2, "num_nextn_predict_layers": 1000})") == ErrorCode::malformed);
}

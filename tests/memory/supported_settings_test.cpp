#include "memory/supported_settings.hpp"

#include "canrun/error.hpp"
#include "quant/tensor_types.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

Architecture shape(const char* id) {
  return catalog_model(id, "").architecture;
}

Settings with_cache(TensorType k, TensorType v, bool flash_attn = true) {
  Settings s;
  s.context = 8192;
  s.kv_type_k = k;
  s.kv_type_v = v;
  s.flash_attn = flash_attn;
  return s;
}

bool flash(const char* id, GraphBackend backend, TensorType kv = ggml::f16) {
  return flash_attention_available(shape(id), backend, kv, kv);
}

}  // namespace

TEST_CASE("latent attention keeps keys and values in one row and refuses different types") {
  for (const char* id : {"deepseek-v3", "kimi-linear-48b-a3b", "glm-5", "deepseek-v4-pro"}) {
    CAPTURE(id);
    CHECK_THROWS_AS(require_supported(shape(id), with_cache(ggml::q8_0, ggml::f16)), Error);
    CHECK_NOTHROW(require_supported(shape(id), with_cache(ggml::q8_0, ggml::q8_0)));
  }
  CHECK_NOTHROW(require_supported(shape("llama-3.1-8b"), with_cache(ggml::q8_0, ggml::f16)));
}

TEST_CASE("a quantised V cache needs flash attention, a quantised K cache does not") {
  const auto llama = shape("llama-3.1-8b");
  CHECK_THROWS_AS(require_supported(llama, with_cache(ggml::f16, ggml::q8_0, false)), Error);
  CHECK_NOTHROW(require_supported(llama, with_cache(ggml::q8_0, ggml::f16, false)));
  CHECK_THROWS_AS(require_supported(shape("grok-1"), with_cache(ggml::f16, ggml::q8_0)), Error);
}

TEST_CASE("heads that are no multiple of a cache block are refused with flash attention") {
  for (const char* id : {"phi-2", "mpt-30b", "bloom-3b"}) {
    CAPTURE(id);
    CHECK_THROWS_AS(require_supported(shape(id), with_cache(ggml::q8_0, ggml::f16)), Error);
    CHECK_NOTHROW(require_supported(shape(id), with_cache(ggml::q8_0, ggml::f16, false)));
  }
}

TEST_CASE("slots and cache types outside the runtime's range are refused") {
  auto settings = with_cache(ggml::f16, ggml::f16);
  settings.parallel = 257;
  CHECK_THROWS_AS(require_supported(shape("llama-3.1-8b"), settings), Error);
  settings.parallel = 0;
  CHECK_THROWS_AS(require_supported(shape("llama-3.1-8b"), settings), Error);
  CHECK_THROWS_AS(require_supported(shape("llama-3.1-8b"), with_cache(ggml::q6_k, ggml::f16)), Error);
}

TEST_CASE("flash attention knows certain head sizes only, other ones on each backend") {
  CHECK(flash("llama-3.1-8b", GraphBackend::cuda));
  CHECK(flash("phi-2", GraphBackend::cuda));
  CHECK(flash("deepseek-v3", GraphBackend::cuda));
  CHECK(flash("mimo-v2-flash", GraphBackend::cuda));
  // "Flash Attention not supported, set to disabled": heads of 192/192, 96/64 and 32 (llama.cpp v0.5.0's own log).
  for (const char* id : {"nemotron-4-340b", "minicpm3-4b", "bge-small-en-v1.5", "all-minilm-l6-v2"}) {
    CAPTURE(id);
    CHECK_FALSE(flash(id, GraphBackend::cuda));
    CHECK(flash(id, GraphBackend::cpu));
  }
  CHECK(flash("bge-small-en-v1.5", GraphBackend::metal));
  CHECK_FALSE(flash("grok-1", GraphBackend::cuda));
  CHECK_FALSE(flash("llama-3.1-8b", GraphBackend::cuda, ggml::iq4_nl));
  CHECK(flash("llama-3.1-8b", GraphBackend::vulkan, ggml::iq4_nl));
}

TEST_CASE("tensors are split over devices for the architectures that the runtime names, with flash attention") {
  auto settings = with_cache(ggml::f16, ggml::f16);
  settings.split = SplitMode::tensor;
  for (const char* id : {"deepseek-v3", "kimi-linear-48b-a3b", "olmoe-1b-7b", "glm-5"}) {
    CAPTURE(id);
    CHECK_THROWS_AS(require_supported(shape(id), settings), Error);
  }
  for (const char* id : {"llama-3.1-8b", "gemma-3-27b", "qwen3-30b-a3b", "gpt-oss-120b"}) {
    CAPTURE(id);
    CHECK_NOTHROW(require_supported(shape(id), settings));
  }
  settings.flash_attn = false;
  CHECK_THROWS_AS(require_supported(shape("llama-3.1-8b"), settings), Error);
}

#include <string>

#include "canrun/catalog.hpp"
#include "support/catch.hpp"

using canrun::Catalog;

// Names as published logs, benchmark tables and model cards write them.

TEST_CASE("every quantisation that published measurements name resolves") {
  for (const char* name :
       {"APEX-I-Balanced", "APEX-I-Compact", "APEX-I-Quality", "APEX-MTP-I-Mini", "AWQ-4bit", "AutoRound-4bit", "BF16",
        "EXL2-2.5", "EXL2-3.0", "EXL2-4.0", "EXL2-5.0", "EXL3-4.0", "EXL3-6.0", "F16", "F16-MXFP4", "FP8", "GPTQ-4bit",
        "GPTQ-8bit", "HF4", "INT4", "INT8", "IQ1_M", "IQ2_M", "IQ2_S-2.17bpw", "IQ2_XS_R4", "IQ2_XXS", "IQ3_S-2.81bpw",
        "IQ3_S-3.00bpw", "IQ3_S-3.15bpw", "IQ3_S-3.48bpw", "IQ3_XXS", "IQ4_K_R4", "IQ4_NL", "IQ4_XS", "IQ4_XS-3.60bpw",
        "IQ4_XS-3.93bpw", "IQ4_XS-4.15bpw", "IQ4_XS-4.20bpw", "IQ4_XS-4.43bpw", "IQ4_XS_R8", "ISQ-Q4_K", "ISQ-Q6_K",
        "ISQ-Q8_0", "JANGTQ", "MLX-2bit", "MLX-4bit", "MLX-6bit", "MLX-8bit", "MQ4", "MQ4R", "MXFP4", "MXFP4-Q8",
        "MXFP4_MOE", "NATIVE_MXFP4", "NVFP4", "Q2_K", "Q2_K_M", "Q2_K_P", "Q2_K_R4", "Q2_K_S", "Q2_K_XL", "Q3_K_M",
        "Q3_K_P", "Q3_K_S", "Q3_K_XL", "Q4_0", "Q4_1", "Q4_K", "Q4_K_L", "Q4_K_M", "Q4_K_P", "Q4_K_R4", "Q4_K_S",
        "Q5_0", "Q5_1", "Q5_K_L", "Q5_K_M", "Q5_K_S", "Q5_K_S-5.10bpw", "Q6_K", "Q6_K_L", "Q8_0", "Q8_K_R8", "TMAC-W2",
        "TMAC-W4", "UD-IQ2_M", "UD-IQ2_XXS", "UD-IQ4_NL", "UD-IQ4_NL_XL", "UD-IQ4_XS", "UD-Q2_K_XL", "UD-Q3_K_M",
        "UD-Q3_K_S", "UD-Q3_K_XL", "UD-Q4_K_M", "UD-Q4_K_S", "UD-Q4_K_XL", "UD-Q5_K_M", "UD-Q5_K_S", "UD-Q5_K_XL",
        "UD-Q6_K", "UD-Q6_K_XL", "UD-Q8_K_XL", "gf4", "q4f16_1",
        // Model cards and logs.
        "4.0bpw", "4bit-32g-actorder", "8bit-gNone-actorder", "4bitnf4", "4bitfp4", "3bit", "6bit", "mlx 8bit",
        "AWQ-INT4", "AutoRound-int4", "GPTQ-Int8", "W4A16", "QAT W4A16 compressed-tensors", "FP8 (Marlin)",
        "NVFP4 + BF16 MTP", "IQ4_XS + BF16 mmproj", "Q4_K_M (bartowski)", "i1-Q4_K_M", "IQ1_S_R4", "IQ2_BN_R4", "I2_S",
        "DQ4_K_R4", "Q8_0_R8", "smol-IQ1_KT", "big-IQ3_KS", "IQ4_KSS", "IQ3_KT", "IQ2_KL", "Q4_X", "Q4_K-B", "Q4_K-U",
        "UD_Q2_K_XL", "bnb"}) {
    INFO(name);
    CHECK_NOTHROW(Catalog::builtin().quant(name));
  }
}

TEST_CASE("every runtime that published measurements name resolves") {
  for (const char* name : {"llama.cpp",      "vllm",
                           "ollama",         "ik_llama.cpp",
                           "trtllm",         "other:autoawq",
                           "other:mlx-vlm",  "mlx",
                           "sglang",         "other:calm",
                           "other:hipfire",  "other:mistral.rs",
                           "other:exllama",  "other:chatglm.cpp",
                           "other:gpt-fast", "other:omlx",
                           "exllamav3",      "other:rapid-mlx",
                           "other:vllm-mlx", "other:mlc-llm",
                           "lmstudio",       "other:llama.cpp-gfx906",
                           "exllamav2",      "other:ktransformers",
                           "other:tinychat", "other:ipex-llm",
                           "other:t-mac",    "other:litert-lm",
                           "transformers",   "autoawq",
                           "freetoken",      "exllama"}) {
    INFO(name);
    CHECK_NOTHROW(Catalog::builtin().runtime(name));
  }
}

TEST_CASE("every processor that published measurements name resolves") {
  for (const char* name : {"cpu:2x-intel-xeon-e5-2690-v3",
                           "cpu:amd-ryzen-7-7840hs",
                           "cpu:amd-ryzen-ai-max-395",
                           "cpu:ampereone-a192-32x",
                           "cpu:apple-m3-macbook-pro-2023",
                           "cpu:dc-roma-mainboard-ii-8-core-risc-v",
                           "cpu:gcp-c2-standard-16-cascade-lake-8-cores",
                           "cpu:gcp-e2-standard-16",
                           "cpu:intel-core-i5-1035g7-surface-book-3",
                           "cpu:intel-n5105-umbrel-home",
                           "cpu:intel-xeon-48-core-spr-4th-gen",
                           "cpu:intel-xeon-6980p-1-socket",
                           "cpu:intel-xeon-platinum-8488c-16-cores-c7i.8xlarge",
                           "cpu:jetson-agx-orin-cortex-a78ae",
                           "cpu:nvidia-gb10-10x-cortex-x925-10x-a725",
                           "cpu:raspberry-pi-500-bcm2712",
                           "cpu:snapdragon-8-gen-3-galaxy-s24-ultra",
                           "cpu:spacemit-x60-risc-v-4-threads",
                           "AMD Ryzen 7 8745H w/ Radeon 780M Graphics",
                           "Threadripper PRO 7965WX 24-core, 256 GB DDR5 8-channel",
                           "Ryzen 9 9950X, DDR5-6200",
                           "Intel(R) Core(TM) Ultra 7 155H; 32 GB RAM"}) {
    INFO(name);
    CHECK_NOTHROW(Catalog::builtin().cpu(name));
  }
}

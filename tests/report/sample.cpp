#include "sample.hpp"

namespace canrun::report_sample {
namespace {

constexpr std::uint64_t mib = 1024 * 1024, gib = 1024 * mib;

Device card() {
  Device d;
  d.id = "rtx-3090";
  d.name = "GeForce RTX 3090";
  d.vendor = "nvidia";
  d.memory_bytes = 24 * gib;
  d.usable_bytes = 24 * gib - 441 * mib;
  d.bandwidth = 936.2e9;
  return d;
}

QuantRow quant(std::string id, double bits, std::uint64_t bytes, std::string quality, Verdict verdict, int score) {
  QuantRow row;
  row.id = std::move(id);
  row.bits_per_weight = bits;
  row.weights_bytes = bytes;
  row.required_bytes = bytes + 4 * gib;
  row.quality = std::move(quality);
  row.verdict = verdict;
  row.grade = {verdict == Verdict::no ? "F" : "A", score, {}};
  if (verdict != Verdict::no) row.decode = Interval{104, 82, 131};
  if (verdict == Verdict::no) row.why = "9.1 GiB more than the card has";
  return row;
}

WorkloadRow work(std::string id, std::string name, std::uint32_t prompt, std::uint32_t output, std::uint32_t context) {
  WorkloadRow row;
  row.id = std::move(id);
  row.name = std::move(name);
  row.prompt = prompt;
  row.output = output;
  row.context = context;
  row.grade = {"F", 0, {}};
  row.decode = Interval{41, 28, 55};
  row.prefill = {310, 200, 420};
  row.ttft = {6.7, 5, 10};
  return row;
}

}  // namespace

Estimate kimi_on_3090() {
  Estimate e;
  e.model.id = "kimi-linear-48b-a3b-instruct";
  e.model.name = "Kimi Linear 48B A3B Instruct";
  e.model.source = "catalog";
  e.model.params_total = 49122681728;
  e.model.params_active = 2900000000;
  e.model.layers = 27;
  e.model.context_max = 1048576;
  e.model.capabilities = {"chat", "tools"};
  e.quant.id = "Q4_K_M";
  e.quant.bits_per_weight = 4.84;
  e.quant.quality = "good";
  e.runtime.id = "llama.cpp";
  e.runtime.backend = "cuda";
  e.machine.devices = {card()};
  e.workload.id = "coding";
  e.workload.prompt = 2048;
  e.workload.output = 1024;
  e.workload.context = 16384;
  e.fit.verdict = Verdict::no;
  e.fit.required_bytes = 33 * gib;
  e.fit.available_bytes = 24 * gib - 441 * mib;
  e.fit.shortfall_bytes = 33 * gib - e.fit.available_bytes;
  e.fit.utilization = 1.40;
  e.fit.offload_fraction = 0.34;
  e.memory.weights = 29696 * mib;
  e.memory.devices = 1;
  e.memory.device[0] = {28320 * mib, 504 * mib, 49 * mib, 530 * mib, 480 * mib};
  e.memory.host.weights = 210 * mib;
  e.memory.host.compute = 40 * mib;
  e.headroom_bytes = 2457 * mib;
  e.memory_lines = {{"weights", "weights", "rtx-3090", 28320 * mib, "sum of 580 tensors", "llama.cpp v0.5.0"},
                    {"kv", "KV cache", "rtx-3090", 504 * mib, "7 layers x 576 x 16384 x 2 B", "llama.cpp v0.5.0"}};
  e.speed.decode = {41, 28, 55};
  e.speed.prefill = {310, 200, 420};
  e.speed.ttft = {6.7, 5, 10};
  e.speed.ttft_cold = 20.1;
  e.speed.load_seconds = 13.4;
  e.speed.latency_seconds = 31.7;
  e.speed.throughput = 41;
  e.speed.bottleneck = Bottleneck::host_bandwidth;
  e.basis = {"device", 112, 0.081};
  e.offload_hint = OffloadHint{0.34, {41, 28, 55}, "dual-channel DDR5-5600, 64 GiB"};
  e.limits = {{"memory", "The weights alone are 27.7 GiB; the card has 23.6 GiB usable."},
              {"bandwidth", "Offloaded experts are read from system RAM at about 70 GB/s."}};
  e.improvement = {"quant", "Q3_K_S fits with 16K context and writes about 104 tok/s."};
  e.workloads = {work("chat", "Chat", 512, 512, 8192), work("coding", "Coding", 2048, 1024, 16384),
                 work("agentic-coding", "Agentic coding", 16384, 1024, 65536),
                 work("reasoning", "Reasoning", 1024, 8192, 16384), work("rag", "RAG", 8192, 512, 16384)};
  e.quants = {quant("Q2_K", 2.9, 18 * gib, "low", Verdict::fits, 81),
              quant("Q3_K_S", 3.47, 20 * gib, "usable", Verdict::fits, 84),
              quant("Q4_K_M", 4.84, 28 * gib, "good", Verdict::no, 0),
              quant("UD-Q4_K_XL", 4.9, 28 * gib, "good", Verdict::no, 0),
              quant("Q8_0", 8.5, 49 * gib, "near-lossless", Verdict::no, 0)};
  UpgradeRow up;
  up.kind = "budget";
  up.label = "Budget pick";
  up.id = "rtx-a6000";
  up.name = "RTX A6000 48 GB";
  up.memory_gain_bytes = 24 * static_cast<std::int64_t>(gib);
  up.bandwidth_gain = -168e9;
  up.verdict = Verdict::fits;
  up.grade = {"A", 88, {}};
  up.decode = Interval{92, 70, 120};
  up.price = 4650;
  up.price_date = "2026-05";
  up.why = "the cheapest card that holds all of it";
  e.upgrades = {up};
  e.command = "llama-server -hf bartowski/Kimi-Linear-48B-A3B-Instruct-GGUF:Q4_K_M -c 16384 -np 1 --n-cpu-moe 10";
  e.download = {"bartowski/Kimi-Linear-48B-A3B-Instruct-GGUF", "*Q4_K_M*.gguf", 29704 * mib};
  EvidenceRow row;
  row.device = "rtx-3090";
  row.model = "qwen3-30b-a3b";
  row.quant = "Q4_K_M";
  row.runtime = "llama.cpp";
  row.metric = "decode";
  row.value = 121;
  row.predicted = 118;
  row.relation = "same device, similar active bytes";
  row.date = "2026-02";
  row.source = "https://github.com/ggml-org/llama.cpp/discussions/15013";
  e.evidence = {row};
  return e;
}

Estimate small_on_two_cards() {
  Estimate e = kimi_on_3090();
  e.machine.devices = {card(), card()};
  e.memory.devices = 2;
  e.memory.device[0] = {9 * gib, 252 * mib, 20 * mib, 300 * mib, 480 * mib};
  e.memory.device[1] = e.memory.device[0];
  e.headroom_bytes = 4914 * mib;
  e.fit.verdict = Verdict::fits;
  e.fit.grade = {"S", 94, {96, 95, 90, 92}};
  e.fit.required_bytes = 25 * gib;
  e.fit.available_bytes = 48 * gib - 882 * mib;
  e.fit.shortfall_bytes = 0;
  e.fit.utilization = 0.53;
  e.fit.offload_fraction = 0;
  e.fit.safe_context = 262144;
  e.fit.max_context = 310016;
  e.offload_hint.reset();
  e.speed.bottleneck = Bottleneck::device_bandwidth;
  return e;
}

}  // namespace canrun::report_sample

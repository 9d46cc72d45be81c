#include "advice/log_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "advice/recognise.hpp"
#include "advice/session.hpp"
#include "canrun/error.hpp"
#include "memory/pool_rules.hpp"

namespace canrun {
namespace {

/// `0.10.2`, `0.20.2rc1.dev9+g01d4d1ad3`; empty where the text begins with no version. The first engine kept its rules
/// until it was removed.
std::string released_version(const RuntimeLog& log) {
  if (log.first_engine) return "0.7";
  return parse_runtime_version(log.version) == 0 ? std::string() : log.version;
}

/// The catalog's name for the log's model.
std::string model_of(const Catalog& catalog, const RuntimeLog& log, std::vector<std::string>& notes) {
  // A file may be called anything: what it calls its model comes next, then its architecture and size.
  if (const auto named = recognised_model(catalog, {log.model, {}, {}, 0}, notes)) return *named;
  ModelClues clues{log.title.empty() ? log.model : log.title, log.architecture, log.params, 0};
  // `8.03 B`: two places of whatever unit the runtime chose.
  if (log.params) clues.params_resolution = *log.params >= 1'000'000'000 ? 5e6 : 5e3;
  if (const auto found = recognised_model(catalog, clues, notes)) return *found;
  std::string said =
      log.model.empty() ? "the log names no model" : fmt::format("the log's model \"{}\" is in no catalog", log.model);
  if (!log.architecture.empty()) said += fmt::format(" (architecture {})", log.architecture);
  throw Error(ErrorCode::unknown_name, said + ": name it, canrun verify FILE MODEL");
}

std::string quant_of(const Catalog& catalog, const RuntimeLog& log, std::vector<std::string>& notes) {
  if (const auto found = recognised_quant(catalog, log.model, log.quant)) return *found;
  notes.push_back(log.quant.empty()
                      ? "the log does not say the quantisation: the default is taken, give another with -q"
                      : fmt::format("the log's quantisation \"{}\" is in no catalog: give it with -q", log.quant));
  return {};
}

/// A device that stands for all of a backend: buffers are the same on each.
struct StandIn {
  std::string_view prefix, device, backend;
};

constexpr std::array<StandIn, 6> stand_ins{{{"CUDA", "rtx-4090", "cuda"},
                                            {"ROCm", "rx-7900-xtx", "rocm"},
                                            {"Vulkan", "rtx-4090", "vulkan"},
                                            {"SYCL", "arc-a770-16gb", "sycl"},
                                            {"MTL", "m2-ultra-76c", "metal"},
                                            {"Metal", "m2-ultra-76c", "metal"}}};

/// The card that a pooled runtime ran on where the log gives only its size: the NVIDIA card of that size with the
/// plainest name.
std::string card_of(const Catalog& catalog, const RuntimeLog& log, std::vector<std::string>& notes) {
  constexpr double as_printed = 0.003;
  std::string found;
  if (log.card_bytes)
    for (const Device& device : catalog.devices()) {
      const double off = static_cast<double>(device.usable_bytes) / static_cast<double>(*log.card_bytes) - 1;
      if (device.vendor != "nvidia" || device.unified_memory || std::abs(off) > as_printed) continue;
      const auto plainness = [](const std::string& id) { return std::pair(id.size(), id); };
      if (found.empty() || plainness(device.id) < plainness(found)) found = device.id;
    }
  if (found.empty()) return "h100-sxm";
  notes.push_back(fmt::format("the log names no card: taken as {} by its size, {:.2f} GiB; name another with --gpu",
                              found, static_cast<double>(*log.card_bytes) / (1ULL << 30)));
  return found;
}

/// Cards of one replica; stages of a pipeline hold a part of the layers each, as parts of every layer would be.
std::uint64_t cards_of(const RuntimeLog& log, std::vector<std::string>& notes) {
  const std::uint64_t stages = log.pipeline_parallel.value_or(1);
  if (stages > 1)
    notes.push_back(fmt::format("the log's {} pipeline stages are sized as a tensor-parallel group", stages));
  constexpr std::uint64_t most = 64;
  return std::min(most, log.tensor_parallel.value_or(1) * std::min(most, stages));
}

void set_devices(const Catalog& catalog, const RuntimeLog& log, Request& r, std::vector<std::string>& notes) {
  for (const std::string& device : log.devices) {
    if (const auto found = recognised_device(catalog, device))
      r.gpu.push_back(*found);
    else
      notes.push_back(fmt::format("the log's device \"{}\" is in no catalog: give it with --gpu", device));
  }
  std::vector<std::string> places;
  for (const LogLine& line : log.lines)
    if (!on_host(log, line.device) && std::find(places.begin(), places.end(), line.device) == places.end())
      places.push_back(line.device);
  for (const std::string& place : places)
    if (const auto card = recognised_device(catalog, place.substr(0, place.find(" (")));
        card && place.find(' ') != std::string::npos && log.devices.empty()) {
      r.gpu.push_back(*card);
      r.backend = "vulkan";
    }
  for (const StandIn& stand_in : stand_ins)
    for (const std::string& place : places) {
      if (!std::string_view(place).starts_with(stand_in.prefix)) continue;
      if (r.backend.empty()) r.backend = stand_in.backend;
      if (r.gpu.size() < places.size()) r.gpu.emplace_back(stand_in.device);
    }
  if (log.runtime == "vllm" || log.runtime == "sglang") {
    const std::string card = card_of(catalog, log, notes);
    const std::uint64_t cards = cards_of(log, notes);
    while (r.gpu.size() < cards) r.gpu.push_back(card);
  }
  if (r.gpu.size() > log.devices.size() && !log.card_bytes)
    notes.emplace_back("the log does not name its devices: buffers are those of the backend on any device");
  if (r.gpu.empty()) r.gpu = {"cpu"};
}

}  // namespace

bool on_host(const RuntimeLog& log, std::string_view device) {
  if (log.runtime == "vllm" || log.runtime == "sglang") return false;
  return device.empty() || device.starts_with("CPU") || device.ends_with("_Host") || device.starts_with("BLAS");
}

Request request_of(const Session& session, const RuntimeLog& log, const Request& base,
                   std::vector<std::string>& notes) {
  Request r = base;
  r.detail = Detail::figures;
  if (r.model.empty()) r.model = model_of(session.parts().catalog, log, notes);
  if (r.quant.empty()) r.quant = quant_of(session.parts().catalog, log, notes);
  if (r.runtime.empty()) r.runtime = log.runtime == "ollama" ? "llama.cpp" : log.runtime;
  if (r.gpu.empty() && !r.vram_bytes) set_devices(session.parts().catalog, log, r, notes);
  if (log.context && !r.context) r.context = log.context;
  if (log.parallel && !r.parallel) r.parallel = r.users = std::max<std::uint64_t>(1, *log.parallel);
  if (log.batch) r.batch = *log.batch;
  if (log.ubatch) r.ubatch = *log.ubatch;
  if (log.flash_attn && !r.flash_attn) r.flash_attn = log.flash_attn;
  if (log.kv_unified) r.kv_unified = *log.kv_unified;
  if (log.swa_full) r.swa_full = *log.swa_full;
  if (r.split.empty() && std::ranges::any_of(log.lines, [](const LogLine& l) { return l.device == split_by_tensors; }))
    r.split = "tensor";
  if (r.kv_type.empty() && log.kv_type_k != "auto") r.kv_type = log.kv_type_k;
  if (r.kv_type_v.empty() && log.kv_type_v != "auto") r.kv_type_v = log.kv_type_v;
  if (r.runtime_version.empty() && log.runtime == "vllm") r.runtime_version = released_version(log);
  if (!r.gpu_memory_utilization) r.gpu_memory_utilization = log.gpu_memory_utilization;
  if (!r.max_num_seqs && log.sequences > 0U) r.max_num_seqs = log.sequences;
  if (!r.max_num_batched_tokens && log.batched_tokens > 0U) r.max_num_batched_tokens = log.batched_tokens;
  if (!r.block_size && log.page_tokens > 0U) r.block_size = log.page_tokens;
  if (log.graphs == false) r.enforce_eager = true;
  if (log.gpu_layers && !r.gpu_layers) r.gpu_layers = static_cast<std::int64_t>(*log.gpu_layers);
  return r;
}

}  // namespace canrun

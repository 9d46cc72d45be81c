#include "advice/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "advice/session.hpp"
#include "canrun/error.hpp"

namespace canrun {
namespace {

/// Compute buffers are predicted within 2 % (the runtime's allocator changes from release to release).
constexpr double compute_tolerance = 0.02;

/// llama.cpp names the place of every buffer; the Python runtimes speak of their device alone.
bool on_host(const RuntimeLog& log, std::string_view device) {
  if (log.runtime == "vllm" || log.runtime == "sglang") return false;
  return device.empty() || device.starts_with("CPU") || device.ends_with("_Host") || device.starts_with("BLAS");
}

/// The file name without folders, extension and split suffix.
std::string stem(std::string_view path) {
  path.remove_prefix(path.find_last_of("/\\") == std::string_view::npos ? 0 : path.find_last_of("/\\") + 1);
  if (path.ends_with(".gguf")) path.remove_suffix(5);
  if (const std::size_t part = path.rfind("-00001-of-"); part != std::string_view::npos) path = path.substr(0, part);
  return std::string(path);
}

/// `Q4_K - Medium` as llama.cpp prints file types: the catalog's `Q4_K_M`.
std::string file_type_id(std::string printed) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> sizes{
      {{" - Extra-small", "_XS"}, {" - Medium", "_M"}, {" - Small", "_S"}, {" - Large", "_L"}, {" - small", "_S"}}};
  if (const std::size_t guess = printed.find(" (guessed)"); guess != std::string::npos) printed.resize(guess);
  for (const auto& [words, suffix] : sizes)
    if (printed.ends_with(words)) {
      printed.resize(printed.size() - words.size());
      printed += suffix;
      break;
    }
  if (const std::size_t bits = printed.find(" - "); bits != std::string::npos) printed.resize(bits);
  return printed;
}

template <class Look>
std::optional<std::string> first_known(std::initializer_list<std::string> names, Look look) {
  for (const std::string& name : names) {
    if (name.empty()) continue;
    try {
      return look(name);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unknown_name) throw;
    }
  }
  return std::nullopt;
}

/// A file name such as `Qwen3-8B-Q4_K_M` split where the quantisation begins.
std::string before_quant(const std::string& name) {
  std::size_t at = std::string::npos;
  for (const std::string_view mark : {"-Q", "-IQ", "-UD-", "-BF16", "-F16", "-MXFP4", ".Q", ".IQ"})
    at = std::min(at, name.find(mark));
  return at == std::string::npos ? std::string() : name.substr(0, at);
}

std::uint64_t predicted_bytes(const MemoryFigures& m, LogTerm term, bool host) {
  const DeviceMemory part = host ? m.host : m.on_devices();
  switch (term) {
    case LogTerm::weights:
      return part.weights;
    case LogTerm::kv_cache:
      return part.kv_cache;
    case LogTerm::state:
      return part.state;
    case LogTerm::compute:
      return part.compute;
    case LogTerm::output:
      return host ? m.output_buffer : 0;
    default:
      return 0;
  }
}

/// The catalog's name for the log's model.
std::string model_of(const Catalog& catalog, const RuntimeLog& log) {
  const std::string name = stem(log.model);
  const auto found = first_known({log.model, name, before_quant(name)},
                                 [&](const std::string& n) { return catalog.model(n).record.id; });
  if (found) return *found;
  std::string said =
      log.model.empty() ? "the log names no model" : fmt::format("the log's model \"{}\" is in no catalog", log.model);
  if (!log.architecture.empty()) said += fmt::format(" (architecture {})", log.architecture);
  throw Error(ErrorCode::unknown_name, said + ": name it, canrun verify FILE MODEL");
}

std::string quant_of(const Catalog& catalog, const RuntimeLog& log, std::vector<std::string>& notes) {
  const std::string name = stem(log.model);
  const std::string from_name = name.substr(std::min(name.size(), before_quant(name).size() + 1));
  const auto found = first_known({log.quant, file_type_id(log.quant), from_name},
                                 [&](const std::string& n) { return catalog.quant(n).record.id; });
  if (found) return *found;
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

void set_devices(const Catalog& catalog, const RuntimeLog& log, Request& r, std::vector<std::string>& notes) {
  for (const std::string& device : log.devices) {
    const auto found = first_known({device}, [&](const std::string& n) { return catalog.device(n).device.id; });
    if (found)
      r.gpu.push_back(*found);
    else
      notes.push_back(fmt::format("the log's device \"{}\" is in no catalog: give it with --gpu", device));
  }
  std::vector<std::string> places;
  for (const LogLine& line : log.lines)
    if (!on_host(log, line.device) && std::find(places.begin(), places.end(), line.device) == places.end())
      places.push_back(line.device);
  for (const StandIn& stand_in : stand_ins)
    for (const std::string& place : places) {
      if (!std::string_view(place).starts_with(stand_in.prefix)) continue;
      if (r.backend.empty()) r.backend = stand_in.backend;
      if (r.gpu.size() < places.size()) r.gpu.emplace_back(stand_in.device);
    }
  if (log.runtime == "vllm" || log.runtime == "sglang")
    while (r.gpu.size() < log.tensor_parallel.value_or(1)) r.gpu.emplace_back("h100-sxm");
  if (r.gpu.size() > log.devices.size())
    notes.emplace_back("the log does not name its devices: buffers are those of the backend on any device");
  if (r.gpu.empty()) r.gpu = {"cpu"};
}

bool compared(LogTerm term) {
  return term == LogTerm::weights || term == LogTerm::kv_cache || term == LogTerm::state || term == LogTerm::compute ||
         term == LogTerm::output;
}

std::vector<VerifiedTerm> terms_of(const RuntimeLog& log, const MemoryFigures& memory) {
  std::vector<VerifiedTerm> terms;
  for (const LogLine& line : log.lines) {
    if (!compared(line.term)) continue;
    const bool host = on_host(log, line.device);
    auto found = std::find_if(terms.begin(), terms.end(),
                              [&](const VerifiedTerm& t) { return t.term == line.term && t.host == host; });
    if (found == terms.end()) {
      terms.push_back({line.term, host, 0, predicted_bytes(memory, line.term, host), 0, 0});
      found = terms.end() - 1;
    }
    found->logged += line.bytes;
    found->resolution += line.resolution;
  }
  for (VerifiedTerm& term : terms) {
    term.tolerance = term.resolution;
    if (term.term == LogTerm::compute) term.tolerance += compute_tolerance * static_cast<double>(term.logged);
  }
  return terms;
}

/// How far the devices' compute buffers are off, as a fraction of what was logged; 0 where none was.
double compute_error(const std::vector<VerifiedTerm>& terms) {
  for (const VerifiedTerm& term : terms)
    if (term.term == LogTerm::compute && !term.host && term.logged > 0)
      return std::abs(static_cast<double>(term.difference())) / static_cast<double>(term.logged);
  return 0;
}

}  // namespace

Request request_of(const Session& session, const RuntimeLog& log, const Request& base,
                   std::vector<std::string>& notes) {
  Request r = base;
  r.detail = Detail::figures;
  if (r.model.empty()) r.model = model_of(session.parts().catalog, log);
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
  if (r.kv_type.empty() && log.kv_type_k != "auto") r.kv_type = log.kv_type_k;
  if (r.kv_type_v.empty() && log.kv_type_v != "auto") r.kv_type_v = log.kv_type_v;
  if (log.gpu_layers && !r.gpu_layers) r.gpu_layers = static_cast<std::int64_t>(*log.gpu_layers);
  return r;
}

Verification verify_log(const Session& session, const RuntimeLog& log, const Request& base) {
  Verification out;
  out.request = request_of(session, log, base, out.notes);
  out.estimate = session.estimate(out.request);
  out.terms = terms_of(log, out.estimate.memory);
  if (out.request.reserve == Reserve::server && compute_error(out.terms) > compute_tolerance) {
    // Releases before 2025-12, llama-cli and llama-bench reserve logits for every token of a micro-batch.
    Request whole = out.request;
    whole.reserve = Reserve::bench;
    Estimate other = session.estimate(whole);
    std::vector<VerifiedTerm> terms = terms_of(log, other.memory);
    if (compute_error(terms) < compute_error(out.terms)) {
      out.request = std::move(whole);
      out.estimate = std::move(other);
      out.terms = std::move(terms);
      out.notes.emplace_back("taken as a runtime that reserves logits for a whole micro-batch, which is nearer");
    }
  }
  if (out.terms.empty()) out.notes.emplace_back("the log has no line about memory that canrun predicts");
  return out;
}

}  // namespace canrun

#include "advice/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "advice/session.hpp"
#include "canrun/error.hpp"

namespace canrun {
namespace {

/// Compute buffers are predicted within 2 % (the runtime's allocator changes from release to release).
constexpr double compute_tolerance = 0.02;

bool on_host(std::string_view device) {
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

bool compared(LogTerm term) {
  return term == LogTerm::weights || term == LogTerm::kv_cache || term == LogTerm::state || term == LogTerm::compute ||
         term == LogTerm::output;
}

}  // namespace

Request request_of(const Session& session, const RuntimeLog& log, const Request& base,
                   std::vector<std::string>& notes) {
  Request r = base;
  r.detail = Detail::figures;
  if (r.model.empty()) {
    const std::string name = stem(log.model);
    const auto found = first_known({log.model, name, before_quant(name)},
                                   [&](const std::string& n) { return session.parts().catalog.model(n).record.id; });
    if (!found)
      throw Error(ErrorCode::unknown_name,
                  fmt::format("the log's model \"{}\" is in no catalog: name it, canrun verify FILE MODEL", log.model));
    r.model = *found;
  }
  if (r.quant.empty() && !log.quant.empty()) {
    const auto found = first_known({log.quant, file_type_id(log.quant)},
                                   [&](const std::string& n) { return session.parts().catalog.quant(n).record.id; });
    if (found)
      r.quant = *found;
    else
      notes.push_back(fmt::format("the log's quantisation \"{}\" is in no catalog: give it with -q", log.quant));
  }
  if (r.gpu.empty() && !r.vram_bytes) {
    for (const std::string& device : log.devices) {
      const auto found =
          first_known({device}, [&](const std::string& n) { return session.parts().catalog.device(n).device.id; });
      if (found)
        r.gpu.push_back(*found);
      else
        notes.push_back(fmt::format("the log's device \"{}\" is in no catalog: give it with --gpu", device));
    }
    if (r.gpu.empty()) r.gpu = {"cpu"};
  }
  if (r.runtime.empty()) r.runtime = log.runtime == "ollama" ? "llama.cpp" : log.runtime;
  if (log.context && !r.context) r.context = log.context;
  if (log.parallel && !r.parallel) r.parallel = r.users = *log.parallel;
  if (log.batch) r.batch = *log.batch;
  if (log.ubatch) r.ubatch = *log.ubatch;
  if (log.flash_attn && !r.flash_attn) r.flash_attn = log.flash_attn;
  if (log.kv_unified) r.kv_unified = *log.kv_unified;
  if (log.swa_full) r.swa_full = *log.swa_full;
  if (r.kv_type.empty()) r.kv_type = log.kv_type_k;
  if (r.kv_type_v.empty()) r.kv_type_v = log.kv_type_v;
  if (log.gpu_layers && !r.gpu_layers) r.gpu_layers = static_cast<std::int64_t>(*log.gpu_layers);
  return r;
}

Verification verify_log(const Session& session, const RuntimeLog& log, const Request& base) {
  Verification out;
  out.request = request_of(session, log, base, out.notes);
  out.estimate = session.estimate(out.request);
  for (const LogLine& line : log.lines) {
    if (!compared(line.term)) continue;
    const bool host = on_host(line.device);
    auto found = std::find_if(out.terms.begin(), out.terms.end(),
                              [&](const VerifiedTerm& t) { return t.term == line.term && t.host == host; });
    if (found == out.terms.end()) {
      out.terms.push_back({line.term, host, 0, predicted_bytes(out.estimate.memory, line.term, host), 0, 0});
      found = out.terms.end() - 1;
    }
    found->logged += line.bytes;
    found->resolution += line.resolution;
  }
  for (VerifiedTerm& term : out.terms) {
    term.tolerance = term.resolution;
    if (term.term == LogTerm::compute) term.tolerance += compute_tolerance * static_cast<double>(term.logged);
  }
  if (out.terms.empty()) out.notes.emplace_back("the log has no line about memory that canrun predicts");
  return out;
}

}  // namespace canrun

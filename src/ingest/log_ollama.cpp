/// Ollama's own lines: `msg="…" key=value` since late 2025, `offload to cuda` with memory.* before. Its runner's
/// llama.cpp lines are read by that reader.

#include <algorithm>

#include "ingest/log_text.hpp"

namespace canrun {
namespace {

struct Term {
  std::string_view message;
  LogTerm term;
};

constexpr Term terms[] = {
    {"msg=\"model weights\"", LogTerm::weights},
    {"msg=\"kv cache\"", LogTerm::kv_cache},
    {"msg=\"compute graph\"", LogTerm::compute},
    {"msg=\"total memory\"", LogTerm::total},
};

void read_command(std::string_view line, RuntimeLog& log) {
  log.model = word_after(line, "--model ");
  log.context = number_after(line, "--ctx-size ");
  log.batch = number_after(line, "--batch-size ");
  log.parallel = number_after(line, "--parallel ");
  if (const std::string type = word_after(line, "--kv-cache-type "); !type.empty())
    log.kv_type_k = log.kv_type_v = type;
}

/// `msg=load request="{… KvSize:32768 KvCacheType:q8_0 …}"`: what the runner was asked for.
bool read_request(std::string_view line, RuntimeLog& log) {
  const auto size = number_after(line, "KvSize:");
  if (!size) return false;
  log.context = size;
  log.parallel = number_after(line, " Parallel:");
  log.batch = number_after(line, "BatchSize:");
  if (const auto flash = after(line, "FlashAttention:"); flash)
    log.flash_attn = flash->starts_with("Enabled") || flash->starts_with("true");
  const std::string type = word_after(line, "KvCacheType:");
  if (!type.empty() && type.find(':') == std::string::npos) log.kv_type_k = log.kv_type_v = type;
  return true;
}

/// `msg="" architecture=mistral3 file_type=Q8_0 name="" …`: the model's own header, by the newer engine.
bool read_header(std::string_view line, RuntimeLog& log) {
  const std::string architecture = word_after(line, " architecture="), type = word_after(line, " file_type=");
  if (architecture.empty() || type.empty()) return false;
  log.architecture = architecture;
  log.quant = type;
  log.own_engine = true;
  if (const std::string name = word_after(line, " name="); !name.empty() && log.model.empty()) log.model = name;
  return true;
}

/// `msg=offload library=cuda layers.offload=33 memory.required.kv="1.0 GiB" …`: Ollama's own estimate.
bool read_estimate(const LogCursor& at, RuntimeLog& log) {
  if (at.line.find("memory.weights.total=") == std::string_view::npos) return false;
  log.runtime = "ollama";
  log.gpu_layers = number_after(at.line, "layers.offload=");
  const std::pair<std::string_view, LogTerm> keys[] = {{"memory.weights.total=", LogTerm::weights},
                                                       {"memory.required.kv=", LogTerm::kv_cache},
                                                       {"memory.graph.full=", LogTerm::compute},
                                                       {"memory.required.full=", LogTerm::total}};
  for (const auto& [key, term] : keys)
    if (const auto size = size_after(at.line, key)) add_line(log, at, term, "", *size, true);
  return true;
}

}  // namespace

bool read_ollama_line(const LogCursor& at, RuntimeLog& log) {
  if (at.line.find("level=") == std::string_view::npos) return false;
  const bool starts = at.line.find("msg=\"starting runner\"") != std::string_view::npos ||
                      at.line.find("msg=\"starting llama server\"") != std::string_view::npos;
  if (starts) {
    log.runtime = "ollama";
    read_command(at.line, log);
    return true;
  }
  for (const Term& term : terms) {
    if (at.line.find(term.message) == std::string_view::npos) continue;
    const auto size = size_after(at.line, " size=");
    if (!size) return false;
    log.runtime = "ollama";
    // A load is tried at several placements; the last one stands.
    std::string device;
    for (const std::string_view key : {" device=", " buffer=", " backend="})
      if (device.empty()) device = word_after(at.line, key);
    if (size->bytes > 0) add_line(log, at, term.term, std::move(device), *size, true);
    return true;
  }
  return read_header(at.line, log) || read_request(at.line, log) || read_estimate(at, log);
}

}  // namespace canrun

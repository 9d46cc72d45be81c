/// llama.cpp and ik_llama.cpp, from the end of 2023 on: `llm_load_tensors:` and `llama_new_context_with_model:` until
/// 2024, `load_tensors:` and `llama_context:` since.

#include <algorithm>
#include <cmath>

#include "catalog/printable.hpp"
#include "ingest/log_text.hpp"

namespace canrun {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The last word of `text`, which is cut off.
std::string_view take_last_word(std::string_view& text) {
  text = trimmed(text);
  const auto space = text.find_last_of(" \t");
  const std::string_view word = space == std::string_view::npos ? text : text.substr(space + 1);
  text = space == std::string_view::npos ? std::string_view() : text.substr(0, space);
  return word;
}

/// The place of a buffer: what stands behind the last colon. Old Vulkan builds print the card's whole name there.
std::string_view place_in(std::string_view before) {
  const auto colon = before.rfind(": ");
  return trimmed(colon == std::string_view::npos ? std::string_view() : before.substr(colon + 2));
}

/// `load_tensors:        CUDA0 model buffer size =  4156.00 MiB` and its kin.
bool read_buffer(const LogCursor& at, RuntimeLog& log) {
  constexpr std::string_view marker = "buffer size =";
  const auto found = at.line.find(marker);
  const auto size = size_after(at.line, marker);
  if (!size) return false;
  std::string_view before = at.line.substr(0, found);
  std::string_view kind = take_last_word(before);
  LogTerm term = LogTerm::weights;
  std::string_view device;
  if (kind == "model")
    device = place_in(before);
  else if (kind == "KV")
    term = LogTerm::kv_cache, device = place_in(before);
  else if (kind == "RS")
    term = LogTerm::state, device = place_in(before);
  else if (kind == "output")
    term = LogTerm::output, device = place_in(before);
  else if (kind == "compute")
    term = LogTerm::compute, device = place_in(before);
  else if (kind == "state") {
    // llama_kv_cache…:  CUDA0 DSV4 CSA state buffer size
    term = LogTerm::state;
    (void)take_last_word(before);
    (void)take_last_word(before);
    device = place_in(before);
  } else if (at.line.find("load_tensors:") != std::string_view::npos) {
    device = place_in(at.line.substr(0, found));
  } else {
    return false;
  }
  add_line(log, at, term, printable(device, 60), *size);
  return true;
}

/// A row of the table that llama.cpp prints when it fits parameters and when it ends, whole MiB rounded down:
/// `|   - CUDA0 (RTX 5090)   | 32606 = 30330 + (21832 = 16386 +    4950 +     495) +      -19555 |`.
bool read_breakdown(const LogCursor& at, RuntimeLog& log) {
  if (at.line.find(breakdown_marker) == std::string_view::npos) return false;
  const auto name = after(at.line, "|   - ");
  const auto equals = at.line.rfind('=');
  if (!name || equals == std::string_view::npos) return false;
  const std::string device(trimmed(name->substr(0, name->find_first_of("(|"))));
  std::string_view rest = at.line.substr(equals);
  for (const LogTerm term : {LogTerm::weights, LogTerm::kv_cache, LogTerm::compute}) {
    const auto value = number_after(rest, term == LogTerm::weights ? "=" : "+");
    if (!value || *value > (std::uint64_t{1} << 30U)) return false;
    if (term != LogTerm::weights) rest = rest.substr(rest.find('+') + 1);
    constexpr double mib = 1 << 20;
    const bool finer = std::ranges::any_of(
        log.lines, [&](const LogLine& l) { return l.term == term && l.device == device && l.resolution < mib; });
    if (*value > 0 && !finer) add_line(log, at, term, printable(device, 40), {*value << 20U, mib}, true);
  }
  return true;
}

/// Before 2024: one line for all of the card.
bool read_old_totals(const LogCursor& at, RuntimeLog& log) {
  const bool tensors = at.line.find("load_tensors:") != std::string_view::npos;
  if (const auto size = size_after(at.line, "VRAM used:"); size && tensors)
    return add_line(log, at, LogTerm::weights, "GPU", *size), true;
  if (const auto size = size_after(at.line, "VRAM kv self ="))
    return add_line(log, at, LogTerm::kv_cache, "GPU", *size), true;
  if (const auto size = size_after(at.line, "VRAM scratch buffer:"))
    return add_line(log, at, LogTerm::compute, "GPU", *size), true;
  return false;
}

std::string rest_of_line(std::string_view line, std::string_view marker) {
  const auto rest = after(line, marker);
  return rest ? printable(trimmed(*rest), 200) : std::string();
}

bool read_identity(const LogCursor& at, RuntimeLog& log) {
  if (at.line.find("print_info:") == std::string_view::npos && at.line.find("print_meta:") == std::string_view::npos)
    return false;
  if (auto name = rest_of_line(at.line, "general.name"); !name.empty()) {
    const auto begin = name.find_first_not_of("= ");
    if (begin == std::string::npos) return true;
    name = std::string(trimmed(std::string_view(name).substr(begin)));
    log.title = name;
    if (log.model.empty()) log.model = name;
    return true;
  }
  for (const std::string_view marker : {"file type   =", "model ftype      ="})
    if (auto type = rest_of_line(at.line, marker); !type.empty()) return log.quant = type, true;
  for (const std::string_view marker : {"arch                  =", "arch             ="})
    if (auto arch = rest_of_line(at.line, marker); !arch.empty()) return log.architecture = arch, true;
  if (const auto line = after(at.line, "model params"); line) {
    const auto value = real_after(*line, "=");
    const char unit = line->find(" T") != std::string_view::npos   ? 'T'
                      : line->find(" B") != std::string_view::npos ? 'B'
                      : line->find(" M") != std::string_view::npos ? 'M'
                                                                   : 'K';
    const double scale = unit == 'T' ? 1e12 : unit == 'B' ? 1e9 : unit == 'M' ? 1e6 : 1e3;
    if (value && *value >= 0 && *value < 1e6) log.params = static_cast<std::uint64_t>(std::llround(*value * scale));
    return true;
  }
  for (const std::string_view marker : {"n_layer               =", "n_layer          ="})
    if (const auto layers = number_after(at.line, marker)) return log.layers = layers, true;
  return false;
}

bool is_yes(std::string_view word) {
  return word == "1" || word == "true" || word == "enabled";
}

bool read_context(const LogCursor& at, RuntimeLog& log) {
  constexpr std::string_view places[] = {"llama_context:", "llama_new_context_with_model:", "llama_init_from_model:"};
  if (std::ranges::none_of(places, [&](std::string_view p) { return at.line.find(p) != std::string_view::npos; }))
    return false;
  const auto equals = at.line.find('=');
  const auto colon = at.line.rfind(':', equals);
  if (equals == std::string_view::npos || colon == std::string_view::npos) return false;
  const std::string_view key = trimmed(at.line.substr(colon + 1, equals - colon - 1));
  const auto number = number_after(at.line.substr(equals), "=");
  const std::string word = word_after(at.line.substr(equals), "=");
  if (key == "mla_attn" || key == "fused_moe" || key == "attn_max_b") return log.runtime = "ik_llama.cpp", true;
  if (key == "n_ctx")
    log.context = number;
  else if (key == "n_batch")
    log.batch = number;
  else if (key == "n_ubatch")
    log.ubatch = number;
  else if (key == "n_seq_max")
    log.parallel = number;
  else if (key == "flash_attn") {
    if (word != "auto" && word != "-1") log.flash_attn = is_yes(word);
  } else if (key == "kv_unified") {
    log.kv_unified = is_yes(word);
  } else {
    return false;
  }
  return true;
}

void read_cache_types(std::string_view line, RuntimeLog& log) {
  // ik_llama.cpp keeps a latent for both.
  if (const auto latent = after(line, "c^KV ("); latent) {
    log.kv_type_k = log.kv_type_v = printable(latent->substr(0, latent->find(')')), 20);
    return;
  }
  if (log.kv_type_k.empty())
    if (const auto k = after(line, "K ("); k) log.kv_type_k = printable(k->substr(0, k->find(')')), 20);
  if (log.kv_type_v.empty())
    if (const auto v = after(line, "V ("); v) log.kv_type_v = printable(v->substr(0, v->find(')')), 20);
}

bool read_device(const LogCursor& at, RuntimeLog& log) {
  std::string device = device_in(at.line);
  if (device.empty() || log.devices.size() >= 64) return false;
  log.devices.push_back(std::move(device));
  return true;
}

}  // namespace

bool read_llama_line(const LogCursor& at, RuntimeLog& log) {
  if (at.line.find("llama_model_loader: loaded meta data") != std::string_view::npos) {
    if (const auto path = after(at.line, "tensors from "); path)
      log.model = printable(path->substr(0, path->find(" (version")), 200);
    return true;
  }
  if (const auto version = after(at.line, "build: ");
      version && log.version.empty() && at.line.find("with") != std::string_view::npos)
    log.version = printable(version->substr(0, version->find(" with")), 60);
  if (at.line.find("llama_kv_cache") != std::string_view::npos ||
      at.line.find("KV self size") != std::string_view::npos)
    read_cache_types(at.line, log);
  if (const auto offloaded = number_after(at.line, "offloaded ");
      offloaded && at.line.find("layers to GPU") != std::string_view::npos) {
    log.gpu_layers = offloaded;
    return true;
  }
  if (const auto slot = number_after(at.line, "n_ctx_seq ("); slot && !log.context) log.context = slot;
  if (at.line.find("Flash Attention was auto, set to") != std::string_view::npos) {
    log.flash_attn = at.line.find("enabled") != std::string_view::npos;
    return true;
  }
  return read_breakdown(at, log) || read_buffer(at, log) || read_old_totals(at, log) || read_identity(at, log) ||
         read_context(at, log) || read_device(at, log);
}

}  // namespace canrun

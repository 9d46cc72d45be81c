#include "canrun/error.hpp"
#include "catalog/quantity.hpp"
#include "cli/command_line.hpp"
#include "cli/options.hpp"

namespace canrun::cli {
namespace {

constexpr std::int64_t most = 1'000'000'000;

bool on_or_off(std::string_view option, const std::string& word) {
  if (word == "on") return true;
  if (word == "off") return false;
  throw Error(ErrorCode::bad_value, std::string(option) + " takes on or off");
}

std::uint64_t size_or_none(std::string_view option, const std::string& text) {
  return text == "0" ? 0 : parse_bytes(option, text);
}

std::uint64_t whole(std::string_view option, const std::string& text, std::int64_t least) {
  return static_cast<std::uint64_t>(parse_count(option, text, least, most));
}

}  // namespace

void add_less_common_options(CommandLine& app, QuestionOptions& o) {
  const auto text = [&](const char* names, std::string& value, const char* help, const char* type, const char* group) {
    app.text(names, value, help, {group, type});
  };
  const char* const beside = "Beside the model";
  text("--mmproj", o.mmproj, "a multimodal projector: its file, or auto for the catalog's vision tower", "FILE",
       beside);
  app.texts("--lora", o.loras, "an adapter's file; again for more", {beside, "FILE"});
  text("--draft", o.draft, "a draft model: a catalog name or a file", "MODEL", beside);
  text("--draft-quant", o.draft_quant, "its file type, by default the model's", "NAME", beside);
  text("--draft-tokens,--draft-max", o.draft_tokens, "tokens drafted per step", "N", beside);
  text("--cache-ram", o.cache_ram, "llama-server's prompt cache in system memory: 8GiB by default, 0 for none", "SIZE",
       beside);
  text("--ctx-checkpoints", o.ctx_checkpoints, "llama-server's context checkpoints per slot, 32 by default", "N",
       beside);
  text("--display", o.display, "on or off: a display hangs on the first device", "WORD", beside);
  text("--ecc", o.ecc, "on or off: error correction of the devices' memory", "WORD", beside);

  const char* const pool = "vLLM, SGLang";
  text("--runtime-version", o.runtime_version, "release whose rules count, 0.19; by default the newest known", "X.Y",
       pool);
  text("--gpu-memory-utilization", o.gpu_memory_utilization, "share of each card that the runtime takes, 0.9", "SHARE",
       pool);
  text("--max-num-batched-tokens", o.max_num_batched_tokens, "tokens of one step", "N", pool);
  text("--max-num-seqs", o.max_num_seqs, "sequences of one step", "N", pool);
  text("--block-size", o.block_size, "tokens per cache page", "N", pool);
  text("--kv-cache-memory", o.kv_cache_memory, "the cache's pool on each card, instead of what is left", "SIZE", pool);
  app.flag("--enforce-eager", o.enforce_eager, "no CUDA graphs", pool);
}

void set_less_common(Request& r, const QuestionOptions& o) {
  r.mmproj = o.mmproj;
  r.lora = o.loras;
  r.draft = o.draft;
  r.draft_quant = o.draft_quant;
  if (!o.draft_tokens.empty()) r.draft_tokens = whole("--draft-tokens", o.draft_tokens, 1);
  if (!o.cache_ram.empty()) r.cache_ram_bytes = size_or_none("--cache-ram", o.cache_ram);
  if (!o.ctx_checkpoints.empty()) r.ctx_checkpoints = whole("--ctx-checkpoints", o.ctx_checkpoints, 0);
  if (!o.display.empty()) r.display = on_or_off("--display", o.display);
  if (!o.ecc.empty()) r.ecc = on_or_off("--ecc", o.ecc);

  r.runtime_version = o.runtime_version;
  if (!o.gpu_memory_utilization.empty())
    r.gpu_memory_utilization = parse_number("--gpu-memory-utilization", o.gpu_memory_utilization);
  if (!o.max_num_batched_tokens.empty())
    r.max_num_batched_tokens = parse_tokens("--max-num-batched-tokens", o.max_num_batched_tokens);
  if (!o.max_num_seqs.empty()) r.max_num_seqs = whole("--max-num-seqs", o.max_num_seqs, 1);
  if (!o.block_size.empty()) r.block_size = whole("--block-size", o.block_size, 1);
  if (!o.kv_cache_memory.empty()) r.kv_cache_memory_bytes = parse_bytes("--kv-cache-memory", o.kv_cache_memory);
  r.enforce_eager = o.enforce_eager;
}

}  // namespace canrun::cli

#include "planner/server_memory.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace canrun {
namespace {

constexpr std::uint64_t usual_prompt_cache = 8192ULL << 20;
constexpr std::uint64_t usual_checkpoints = 32;

/// Bytes that one checkpoint of one sequence copies.
std::uint64_t checkpoint_bytes(const Inventory& inventory) {
  const Settings& settings = inventory.settings;
  const std::uint64_t slots = std::max(1U, settings.parallel);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < inventory.architecture->layers.size(); ++i) {
    const Block& block = inventory.blocks[i];
    bytes += block.state_host / slots;
    if (inventory.architecture->layers[i].window > 0 && !settings.swa_full) bytes += block.kv_cache_host / slots;
  }
  return bytes;
}

}  // namespace

std::vector<MemoryLine> server_lines(const Request& request, const Question& question, const Setup& setup) {
  std::vector<MemoryLine> lines;
  const Settings& settings = setup.inventory.settings;
  if (question.runtime.id != "llama.cpp" || settings.reserve != Reserve::server ||
      !setup.inventory.architecture->causal)
    return lines;
  const auto add = [&](const char* id, const char* label, std::uint64_t bytes, std::string formula) {
    if (bytes > 0)
      lines.push_back({id, label, "host", bytes, std::move(formula),
                       "llama.cpp v0.5.0: common/common.h, tools/server/server-context.cpp"});
  };
  add("prompt_cache", "Prompt cache, at most", request.cache_ram_bytes.value_or(usual_prompt_cache),
      "past prompts kept in system memory; --cache-ram sets it, 0 turns it off");
  const std::uint64_t each = checkpoint_bytes(setup.inventory);
  const std::uint64_t count = request.ctx_checkpoints.value_or(usual_checkpoints);
  const std::uint64_t slots = std::max(1U, settings.parallel);
  add("checkpoints", "Context checkpoints, at most", each * count * slots,
      fmt::format("{} B × {} checkpoints × {} slot(s); --ctx-checkpoints sets them", each, count, slots));
  return lines;
}

}  // namespace canrun

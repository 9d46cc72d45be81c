#include "ingest/window_rules.hpp"

#include <algorithm>
#include <iterator>

namespace canrun {
namespace {

constexpr WindowRule rules[] = {
    {"afmoe", 4},
    {"cohere2", 4},
    {"cohere2moe", 4, true},
    {"deepseek4", 0},
    {"dots3note", 1},
    {"exaone-moe", 4, false, 128},
    {"exaone4", 4, false, 4096, 0, 64},
    {"gemma-embedding", 6},
    {"gemma2", 2, false, 4096},
    {"gemma3", 6},
    {"gemma3n", 5},
    {"gemma4", 1},
    {"gemma4-assistant", 1},
    {"gpt-oss", 2},
    {"granite_swa", 1},
    {"laguna", 4, true},
    {"lfm2", 0},
    {"llama4", 4, false, 8192, 8192},
    {"maple", 1},
    {"mellum", 4},
    {"mimo2", 1},
    {"modern-bert", 3, true},
    {"muse-glimmer", 4},
    {"olmo2", 4},
    {"plamo3", 8},
    {"smallthinker", 4, true, 0, 4096},
    {"spark2_5", 1},
    {"step35", 1},
};

}  // namespace

const WindowRule* window_rule(std::string_view arch) {
  const auto* found = std::ranges::find(rules, arch, &WindowRule::arch);
  return found == std::end(rules) ? nullptr : found;
}

}  // namespace canrun

#include "cli/verbs.hpp"

#include <array>

namespace canrun::cli {

std::span<const Verb> verbs() {
  static constexpr std::array<Verb, 12> table{
      {{"rank", "models for a machine, best first", run_rank},
       {"hardware", "devices for a model, best first", run_hardware},
       {"compare", "models x quants x devices side by side", run_compare},
       {"plan", "solve for context, users, quant, memory, bandwidth or price", run_plan},
       {"explain", "every figure with its formula, its numbers and their sources", run_explain},
       {"feel", "wait and type at the estimated pace", run_feel},
       {"verify", "predicted against measured, from a log or benchmark", run_verify},
       {"inspect", "what a model file holds", run_inspect},
       {"detect", "what this machine has", run_detect},
       {"batch", "JSON Lines in, JSON Lines out", run_batch},
       {"catalog", "list, show, check or add entries", run_catalog},
       {"completion", "completions for bash, zsh or fish", run_completion}}};
  return table;
}

}  // namespace canrun::cli

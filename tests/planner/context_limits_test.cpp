#include "planner/context_limits.hpp"

#include <string>

#include "canrun/catalog.hpp"
#include "planner/question.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

constexpr std::uint32_t step = 256;

/// Whether `context` tokens fit, by a simulation of just that context.
bool fits(const Question& question, const Target& target, const Placement& placement, std::uint32_t context,
          bool with_headroom) {
  Settings settings = question.settings;
  settings.context = context;
  const Setup setup = make_setup(question, settings, graph_backend(question.backend));
  return slack(memory_of(setup, target, placement), target, with_headroom) >= 0;
}

}  // namespace

TEST_CASE("the context limits are the last contexts that fit, whatever was simulated before") {
  const Catalog catalog = Catalog::builtin();
  const Calibration calibration(catalog.document("calibration"));
  for (const char* const model : {"qwen3-8b", "gemma-3-27b", "kimi-linear-48b", "gpt-oss-20b", "deepseek-v2-lite"})
    for (const char* const device : {"rtx-4060", "rtx-3090", "rx-7900-xtx", "rtx-6000-ada"}) {
      Request request;
      request.model = model;
      request.gpu = {device};
      const Question question = resolve_question(catalog, request, calibration);
      const Setup setup = make_setup(question, question.settings, graph_backend(question.backend));
      const Target target = make_target(question, calibration);
      const Placement placement = assess(setup, target, question.workload, wish_of(question)).placement;
      const std::uint32_t limit = context_limit(question);
      // Asked twice: the second time every context that the first search looked at is known.
      for (int round = 0; round < 2; ++round) {
        const ContextLimits limits = context_limits(setup, target, placement, limit);
        INFO(std::string(model) + " on " + device << ": safe " << limits.safe << ", most " << limits.most);
        for (const bool headroom : {true, false}) {
          const std::uint32_t found = headroom ? limits.safe : limits.most;
          if (found > 0) CHECK(fits(question, target, placement, found, headroom));
          if (found + step <= limit) CHECK_FALSE(fits(question, target, placement, found + step, headroom));
        }
      }
    }
}

// `--offload auto` against every placement that could be given by hand, and against --fit on many machines.

#include "planner/best_placement.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "canrun/catalog.hpp"
#include "planner/fit_placement.hpp"
#include "planner/placed.hpp"
#include "speed/moved_parts.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

struct Case {
  Question question;
  Setup setup;
  Target target;

  [[nodiscard]] std::optional<Outcome> legal(const Placement& placement) const {
    Outcome outcome = judge(setup, target, question.workload, placement);
    if (slack(outcome.figures.memory, target, true) < 0) return std::nullopt;
    return outcome;
  }
};

Case prepared(const std::string& model, const std::string& quant, std::vector<std::string> gpus) {
  static const Calibration calibration(Catalog::builtin().document("calibration"));
  Request r;
  r.model = model;
  r.quant = quant;
  r.gpu = std::move(gpus);
  r.runtime = "llama.cpp";
  r.ram_bytes = 2048ULL << 30;
  r.offload = Offload::automatic;
  Case c;
  c.question = resolve_question(Catalog::builtin(), r, calibration);
  c.setup = make_setup(c.question, c.question.settings, graph_backend(c.question.backend));
  c.target = make_target(c.question, calibration);
  return c;
}

/// The pace of decode that auto may not fall short of, given another legal placement: one per cent is given up for a
/// prefill that is a twentieth faster, a fifth of a per cent for plainer flags.
void check_not_beaten(const Outcome& best, const Outcome& other) {
  const double mine = best.figures.speed.decode.value, theirs = other.figures.speed.decode.value;
  if (mine >= 0.998 * theirs) return;
  CHECK(mine >= 0.99 * theirs);
  CHECK(best.figures.speed.prefill.value >= 1.049 * other.figures.speed.prefill.value);
}

}  // namespace

TEST_CASE("no placement by --gpu-layers and --cpu-moe-layers beats offload auto") {
  for (const char* model : {"qwen3-30b-a3b", "gpt-oss-20b", "llama-3.1-8b", "deepseek-v2-lite", "glm-4.5-air",
                            "gemma-3-27b", "qwen3-next-80b-a3b"})
    for (const char* gpu : {"rtx-3050-8gb", "rtx-3060-12gb", "rx-7900-xtx"}) {
      const Case c = prepared(model, "Q4_K_M", {gpu});
      CAPTURE(model, gpu);
      const Outcome best = best_placement(c.setup, c.target, c.question.workload, wish_of(c.question));
      CHECK(slack(best.figures.memory, c.target, best.verdict != Verdict::tight) >= 0);
      const std::uint32_t blocks = c.setup.inventory.block_count();
      std::optional<Outcome> fastest;
      const auto attempt = [&](std::int64_t gpu_layers, std::int64_t cpu_moe_layers) {
        PlacementFlags flags = whole_flags(c.setup);
        flags.gpu_layers = gpu_layers;
        flags.cpu_moe_layers = cpu_moe_layers;
        const auto found = c.legal(placed(c.setup, c.target, flags));
        if (found && (!fastest || found->figures.speed.decode.value > fastest->figures.speed.decode.value))
          fastest = found;
      };
      for (std::uint32_t n = 0; n <= blocks; n += 3) attempt(blocks + 1, n);
      for (std::uint32_t n = 0; n <= blocks; n += 3)
        for (const std::uint32_t experts : {0U, blocks}) attempt(n, experts);
      REQUIRE(fastest);
      check_not_beaten(best, *fastest);
    }
}

TEST_CASE("no split of a dense model over two unequal cards beats offload auto") {
  for (const char* model : {"qwen3-32b", "llama-3.1-8b", "gemma-3-27b", "mistral-small-3.2-24b"})
    for (const auto& gpus :
         {std::vector<std::string>{"rtx-4090", "rtx-3060-12gb"}, std::vector<std::string>{"rtx-4060", "rtx-3090"}}) {
      const Case c = prepared(model, "Q4_K_M", gpus);
      CAPTURE(model, gpus.front());
      const Outcome best = best_placement(c.setup, c.target, c.question.workload, wish_of(c.question));
      CHECK(slack(best.figures.memory, c.target, best.verdict != Verdict::tight) >= 0);
      const std::uint32_t layers = c.setup.inventory.block_count() + 1;
      std::optional<Outcome> fastest;
      for (std::uint32_t first = 0; first <= layers; ++first) {
        PlacementFlags flags = whole_flags(c.setup);
        flags.tensor_split = {static_cast<double>(first), static_cast<double>(layers - first)};
        const auto found = c.legal(placed(c.setup, c.target, flags));
        if (found && (!fastest || found->figures.speed.decode.value > fastest->figures.speed.decode.value))
          fastest = found;
      }
      REQUIRE(fastest);
      check_not_beaten(best, *fastest);
    }
}

TEST_CASE("offload auto is legal and never slower than --fit, whatever the model, file type and machine") {
  const std::vector<std::string> models = Catalog::builtin().ids("models");
  const std::vector<std::vector<std::string>> machines = {{"rtx-4060"},
                                                          {"rx-7900-xtx"},
                                                          {"arc-b580"},
                                                          {"m4-max-40c"},
                                                          {"rtx-4090", "rtx-3060"},
                                                          {"rtx-3060", "rtx-4090", "rtx-4060"},
                                                          {"2x rtx-3090"},
                                                          {"rx-7900-xtx", "rx-6600"},
                                                          {"rtx-5090", "rtx-4060", "rtx-3060", "rtx-3050-8gb"}};
  const char* const quants[] = {"Q4_K_M", "IQ2_XS", "Q8_0"};
  std::size_t turn = 0, compared = 0;
  for (std::size_t m = 0; m < models.size(); m += 7) {
    const std::vector<std::string>& machine = machines[turn % machines.size()];
    const char* const quant = quants[turn % 3];
    ++turn;
    CAPTURE(models[m], quant, machine.front(), machine.size());
    const Case c = prepared(models[m], quant, machine);
    const Outcome best = best_placement(c.setup, c.target, c.question.workload, wish_of(c.question));
    const auto fit = fit_placement(c.setup, c.target);
    if (!fit) continue;
    const auto theirs = c.legal(*fit);
    if (!theirs) continue;
    ++compared;
    CHECK(slack(best.figures.memory, c.target, true) >= 0);
    if (best.figures.speed.has_decode)
      CHECK(best.figures.speed.decode.value >= theirs->figures.speed.decode.value);
    else
      CHECK(best.figures.speed.prefill.value >= theirs->figures.speed.prefill.value);
  }
  CHECK(compared > 50);
}

TEST_CASE("memory and speed reckon with the same bytes of what is moved, and of the whole") {
  for (const char* model : {"qwen3-30b-a3b", "gpt-oss-20b", "deepseek-v2-lite", "gemma-4-26b-a4b", "llama-3.1-8b"}) {
    const Case c = prepared(model, "Q4_K_M", {"rtx-3060-12gb"});
    const Inventory& inventory = c.setup.inventory;
    const std::uint32_t blocks = inventory.block_count();
    CAPTURE(model);
    const Placement whole = placed(c.setup, c.target, whole_flags(c.setup));
    for (const std::uint8_t parts : {ffn::up_experts, ffn::down_experts, ffn::experts, ffn::down, ffn::all}) {
      Placement moved = whole;
      moved.overrides[0] = {blocks / 2, blocks, parts, Placement::host};
      moved.override_count = 1;
      const std::uint64_t before = memory_of(c.setup, c.target, whole).device[0].weights,
                          after = memory_of(c.setup, c.target, moved).device[0].weights;
      const Demand demand = moved_to(c.setup.profile, moved, Placement::host).demand;
      double read = 0;
      for (std::size_t t = 0; t < type_classes; ++t) read += demand.dense[t] + demand.experts[t];
      // Vectors are no matrices, and buffers are padded.
      CHECK(static_cast<double>(before - after) >= read);
      CHECK(static_cast<double>(before - after) <= 1.001 * read + 1e5 * blocks);
    }
    const Demand& all = c.setup.profile.prefix.back();
    double matrices = 0;
    for (std::size_t t = 0; t < type_classes; ++t) matrices += all.dense[t] + all.experts[t];
    const std::uint64_t held = memory_of(c.setup, c.target, whole).device[0].weights;
    CHECK(static_cast<double>(held) >= matrices);
    CHECK(static_cast<double>(held) <= 1.002 * matrices + 1e6);
  }
}

TEST_CASE("parts of layers are moved under layer splits alone") {
  static const Calibration calibration(Catalog::builtin().document("calibration"));
  for (const char* split : {"tensor", "row", "none", "layer"}) {
    CAPTURE(split);
    Request r;
    r.model = "gpt-oss-120b";
    r.gpu = {"2x rtx-3090"};
    r.ram_bytes = 128ULL << 30;
    r.runtime = "llama.cpp";
    r.split = split;
    r.offload = Offload::automatic;
    const Question question = resolve_question(Catalog::builtin(), r, calibration);
    const Setup setup = make_setup(question, question.settings, graph_backend(question.backend));
    const Target target = make_target(question, calibration);
    const Outcome best = best_placement(setup, target, question.workload, wish_of(question));
    CHECK(best.placement.devices == (std::string(split) == "none" ? 1 : 2));
    if (std::string(split) == "tensor" || std::string(split) == "row") CHECK(best.placement.override_count == 0);
    CHECK(slack(best.figures.memory, target, true) >= 0);
  }
}

// What llama.cpp's own --fit chose, and that --offload auto is never slower than that.

#include "planner/fit_placement.hpp"

#include <algorithm>
#include <sstream>
#include <string>

#include "canrun/catalog.hpp"
#include "planner/best_placement.hpp"
#include "planner/draft.hpp"
#include "support/catch.hpp"
#include "support/csv.hpp"

using namespace canrun;
using namespace canrun::test;

namespace {

struct Case {
  Question question;
  Setup setup;
  Target target;
};

const Calibration& calibration() {
  static const Calibration own(Catalog::builtin().document("calibration"));
  return own;
}

Case prepared(const Request& request) {
  Case c;
  c.question = resolve_question(Catalog::builtin(), request, calibration());
  c.setup = make_setup(c.question, c.question.settings, graph_backend(c.question.backend));
  c.target = make_target(c.question, calibration());
  return c;
}

/// `layers of each device; parts that lie elsewhere`, as `12 37; 0-2:7>host 3:36>1`. A part that a block does not have
/// and blocks beyond the last are left out.
std::string written(const Inventory& inventory, const Placement& placement) {
  std::ostringstream text;
  for (std::uint32_t d = 0; d < placement.devices; ++d)
    text << (d > 0 ? " " : "") << placement.first_block[d + 1] - placement.first_block[d];
  text << ";";
  const std::uint32_t blocks = inventory.block_count();
  for (std::uint32_t first = 0; first < blocks;) {
    const auto moved = [&](std::uint32_t b) {
      std::string parts;
      for (int to = Placement::host; to < static_cast<int>(placement.devices); ++to) {
        const int found = placement.parts_moved_to(to, b) & parts_of(inventory.blocks[b]);
        if (found != 0 && placement.device_of(b, blocks) >= 0 && placement.device_of(b, blocks) != to)
          parts += ":" + std::to_string(found) + ">" + (to < 0 ? "host" : std::to_string(to));
      }
      return parts;
    };
    const std::string parts = moved(first);
    std::uint32_t last = first;
    while (last + 1 < blocks && moved(last + 1) == parts) ++last;
    if (!parts.empty()) {
      text << " " << first;
      if (last > first) text << "-" << last;
      text << parts;
    }
    first = last + 1;
  }
  return text.str();
}

}  // namespace

TEST_CASE("offload auto is at least as fast as what --fit chose on an RTX 4070 Laptop, which its simulation repeats") {
  const auto table = read_table(std::string(CANRUN_TESTS_DIR) + "/data/fit_choices.csv");
  REQUIRE(table.rows.size() > 20);
  int repeated = 0;
  for (const auto& cells : table.rows) {
    const auto text = [&](const char* column) { return cells[table.column(column)]; };
    Request r;
    r.model = text("model");
    r.quant = text("quant");
    r.gpu = {"rtx-4070-laptop"};
    r.ram_bytes = 96ULL << 30;
    r.context = std::stoull(text("context"));
    r.ubatch = std::stoull(text("ubatch"));
    r.batch = std::max<std::uint64_t>(2048, r.ubatch);
    r.reserve = Reserve::bench;
    r.headroom = 256.0 * 1048576;
    r.offload = Offload::automatic;
    CAPTURE(r.model, r.quant, *r.context, r.ubatch);
    const Case c = prepared(r);
    const Workload& workload = c.question.workload;
    const std::uint32_t blocks = c.setup.inventory.block_count();
    const auto layers = static_cast<std::uint32_t>(std::stoul(text("gpu_layers")));
    const auto patterns = static_cast<std::uint32_t>(std::stoul(text("experts_on_host")));

    // The last of the patterns that --fit writes names the output layer, which has no experts; which part of the first
    // of the others stayed is not told.
    Placement published;
    published.devices = 1;
    published.split = SplitMode::layer;
    published.gpu_layers = layers;
    published.first_block = {blocks + 1 - layers, blocks + 1};
    published.share[0] = 1;
    published.overrides[0] = {blocks + 1 - patterns, blocks, ffn::experts, Placement::host};
    published.override_count = 1;
    const Outcome best = best_placement(c.setup, c.target, workload, wish_of(c.question));
    CHECK(slack(best.figures.memory, c.target, true) >= 0);
    CHECK(best.verdict == Verdict::offload);
    CHECK(best.figures.speed.decode.value >= judge(c.setup, c.target, workload, published).figures.speed.decode.value);

    const auto fit = fit_placement(c.setup, c.target);
    REQUIRE(fit);
    CHECK(best.figures.speed.decode.value >= judge(c.setup, c.target, workload, *fit).figures.speed.decode.value);
    // Uploaders gave tensors of the other models types that are not their file type's.
    if (r.model != "gpt-oss-20b" && r.model != "gemma-4-26B-A4B-QAT" && r.model != "GLM-4.7-Flash") continue;
    std::uint32_t moved = 0;
    for (std::uint32_t b = 0; b < blocks; ++b) moved += fit->parts_moved_to(Placement::host, b) != 0 ? 1U : 0U;
    CHECK(fit->gpu_layers == layers);
    CHECK(moved + 1 == patterns);
    ++repeated;
  }
  CHECK(repeated == 12);
}

TEST_CASE("the simulation of --fit chooses what the library does on one to four unequal devices") {
  const auto table = read_table(std::string(CANRUN_TESTS_DIR) + "/data/fit_placements.csv");
  REQUIRE(table.rows.size() > 100);
  int row = 0;
  for (const auto& cells : table.rows) {
    const auto text = [&](const char* column) { return cells[table.column(column)]; };
    Request r;
    r.model = text("model");
    r.quant = text("quant");
    r.ram_bytes = 2048ULL << 30;
    r.context = std::stoull(text("context"));
    r.ubatch = std::stoull(text("ubatch"));
    r.offload = Offload::automatic;
    std::vector<std::uint64_t> room;
    std::istringstream list(text("room"));
    for (std::uint64_t bytes = 0; list >> bytes;) room.push_back(bytes);
    r.gpu.assign(room.size(), "rtx-4090");
    Case c = prepared(r);
    for (std::size_t d = 0; d < room.size(); ++d) {
      c.target.headroom[d] = 0;
      c.target.devices[d].usable_bytes = room[d] + c.target.overhead[d];
    }
    CAPTURE(r.model, r.quant, *r.context, r.ubatch, text("room"), text("chosen"));
    const auto fit = fit_placement(c.setup, c.target);
    REQUIRE(fit);
    CHECK(written(c.setup.inventory, *fit) == text("chosen"));
    const MemoryFigures memory = memory_of(c.setup, c.target, *fit);
    std::istringstream held(text("held"));
    for (std::uint32_t d = 0; d <= memory.devices; ++d) {
      const DeviceMemory& here = d < memory.devices ? memory.device[d] : memory.host;
      std::uint64_t weights = 0, cache = 0, compute = 0;
      char bar = 0;
      held >> weights >> cache >> compute >> bar;
      CHECK(here.weights == weights);
      CHECK(here.kv_cache + here.state == cache);
      CHECK(static_cast<double>(here.compute) == Approx(static_cast<double>(compute)).epsilon(0.0002));
    }
    // A search for every third row is enough, and every search must be as fast and legal.
    if (++row % 3 != 0) continue;
    const Outcome chosen = judge(c.setup, c.target, c.question.workload, *fit);
    const Outcome best = best_placement(c.setup, c.target, c.question.workload, wish_of(c.question));
    if (slack(chosen.figures.memory, c.target, true) < 0) continue;
    CHECK(slack(best.figures.memory, c.target, true) >= 0);
    CHECK(best.figures.speed.decode.value >= chosen.figures.speed.decode.value);
  }
}

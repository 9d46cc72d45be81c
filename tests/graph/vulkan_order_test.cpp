// The order in which Vulkan runs a step: another one of the same operations, none before what it reads or overwrites.

#include <algorithm>
#include <map>
#include <vector>

#include "graph/builder.hpp"
#include "graph/schedule.hpp"
#include "placement/layer_placement.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::graph;

TEST_CASE("Vulkan's order holds every operation once, behind what it reads") {
  for (const char* name :
       {"qwen3.5-9b", "gpt-oss-20b", "llama-3.1-8b", "deepseek-v2-lite", "lfm2-2.6b", "gemma-3-4b"}) {
    CAPTURE(name);
    const Model model = test::catalog_model(name, "");
    const GraphLayout layout = graph_layout(model.architecture, model.tensors);
    Settings settings;
    settings.context = 4096;
    const std::vector<std::uint64_t> free{std::uint64_t{48} << 30};
    const Placement placement = make_placement(static_cast<std::uint32_t>(model.architecture.layers.size()), free, {});
    Builder builder(*layout, settings, placement);
    builder.build();
    const Graph& g = builder.graph();
    std::vector<std::uint16_t> uses(g.size(), 0);
    for (const Id id : g.order())
      for (const Id s : g[id].src)
        if (s != absent) ++uses[static_cast<std::size_t>(s)];
    Keeps keeps;
    const std::vector<Id> order = vulkan_order(g, g.order(), uses, keeps);
    REQUIRE(order.size() == g.order().size());
    CHECK(order != g.order());
    std::map<Id, std::size_t> at;
    for (std::size_t i = 0; i < order.size(); ++i) at[order[i]] = i;
    CHECK(at.size() == order.size());
    bool behind = true;
    for (const Id id : order)
      for (const Id s : g[id].src)
        if (s != absent && at.contains(s)) behind = behind && at[s] < at[id];
    CHECK(behind);
  }
}

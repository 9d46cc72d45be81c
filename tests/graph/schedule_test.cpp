#include "graph/schedule.hpp"

#include <vector>

#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::graph;

namespace {

std::vector<std::int64_t> buffers(Graph& g, int devices) {
  std::vector<BackendTraits> backends(static_cast<std::size_t>(devices), backend_traits(GraphBackend::cuda));
  backends.push_back(backend_traits(GraphBackend::cpu));
  const Schedule s = schedule(g, backends, 1);
  return reserve(g, s, backends);
}

}  // namespace

TEST_CASE("An addition writes over an operand that nobody else reads") {
  Graph g(16);
  const Id w = g.weight(f32, {256, 256, 1, 1}, 0);
  const Id x = g.input(f32, {256, 8, 1, 1});
  const Id y = g.mul_mat(w, x);
  const Id z = g.add(y, x);
  g[z].output = true;
  g.expand(z);
  // Input and product, 8 KiB each; the sum takes the product's place.
  CHECK(buffers(g, 0) == std::vector<std::int64_t>{16384});
}

TEST_CASE("A reshaped operand keeps its memory until its last reader") {
  Graph g(16);
  const Id w = g.weight(f32, {256, 256, 1, 1}, 0);
  const Id x = g.input(f32, {256, 8, 1, 1});
  const Id y = g.reshape(g.mul_mat(w, x), {64, 4, 8, 1});
  const Id z = g.rope(y, absent);
  g[z].output = true;
  g.expand(z);
  // The rotation cannot write over a view: the product, then the result in the input's freed place.
  CHECK(buffers(g, 0) == std::vector<std::int64_t>{16384});
}

TEST_CASE("An input lies on the host and is copied to the device that reads it") {
  Graph g(16);
  const Id w = g.weight(f32, {256, 256, 1, 1}, 0);
  const Id x = g.input(f32, {256, 8, 1, 1});
  const Id z = g.mul_mat(w, x);
  g[z].output = true;
  g.expand(z);
  CHECK(buffers(g, 1) == std::vector<std::int64_t>{16384, 8192});
}

TEST_CASE("A weight on the host is staged on the device for a batch of 32 rows, not for fewer") {
  for (const std::int64_t rows : {31, 32}) {
    Graph g(16);
    const Id w = g.weight(f32, {256, 256, 1, 1}, 1);
    const Id x = g.input(f32, {256, rows, 1, 1});
    const Id z = g.mul_mat(w, x);
    g[z].output = true;
    g.expand(z);
    const std::int64_t bytes = 1024 * rows;
    if (rows < 32)
      CHECK(buffers(g, 1) == std::vector<std::int64_t>{0, 2 * bytes});
    else
      CHECK(buffers(g, 1) == std::vector<std::int64_t>{262144 + 2 * bytes, bytes});
  }
}

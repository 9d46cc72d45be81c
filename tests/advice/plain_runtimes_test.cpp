// Runtimes whose buffers canrun sizes by closed forms, against published peaks.

#include <cmath>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

struct Peak {
  const char *model, *quant, *runtime, *gpu;
  std::uint64_t context;
  double bytes, tolerance;
};

double off(const Peak& peak) {
  static const Session session(Catalog::builtin());
  Request r;
  r.detail = Detail::figures;
  r.model = peak.model;
  r.quant = peak.quant;
  r.runtime = peak.runtime;
  r.gpu = {peak.gpu};
  r.context = peak.context;
  const DeviceMemory m = session.estimate(r).memory.device[0];
  // The allocators' own peaks leave out the context of the process.
  return static_cast<double>(m.total() - m.runtime) / peak.bytes - 1;
}

}  // namespace

TEST_CASE("Transformers takes what Qwen's speed benchmark measured") {
  // QwenLM docs/source/getting_started/speed_benchmark.md, transformers 4.51.3 on an H20, MiB.
  constexpr double mib = 1 << 20;
  for (const Peak& peak : {Peak{"qwen3-1.7b", "BF16", "transformers", "h20", 2049, 3412 * mib, 0.15},
                           Peak{"qwen3-4b", "BF16", "transformers", "h20", 16384, 10012 * mib, 0.03},
                           Peak{"qwen3-8b", "BF16", "transformers", "h20", 2049, 15947 * mib, 0.03},
                           Peak{"qwen3-8b", "BF16", "transformers", "h20", 16384, 17963 * mib, 0.03},
                           Peak{"qwen3-32b", "BF16", "transformers", "h20", 16384, 66632 * mib, 0.03},
                           Peak{"qwen3-32b", "BF16", "transformers", "h20", 32768, 70728 * mib, 0.06},
                           Peak{"qwen3-30b-a3b", "BF16", "transformers", "h20", 32768, 61342 * mib, 0.03}}) {
    CAPTURE(peak.model, peak.context, off(peak));
    CHECK(std::abs(off(peak)) < peak.tolerance);
  }
}

TEST_CASE("MLX takes what its benchmark measured") {
  // ml-explore/mlx-lm BENCHMARKS.md: peak memory of a 2048-token prompt and 128 tokens of Qwen3-30B-A3B, GB.
  for (const Peak& peak : {Peak{"qwen3-30b-a3b", "MLX-8bit", "mlx", "m4-max-40c@64", 2176, 33.46e9, 0.03},
                           Peak{"qwen3-30b-a3b", "MLX-6bit", "mlx", "m4-max-40c@64", 2176, 25.82e9, 0.03},
                           Peak{"qwen3-30b-a3b", "MLX-5bit", "mlx", "m4-max-40c@64", 2176, 22.01e9, 0.03},
                           Peak{"qwen3-30b-a3b", "MLX-4bit", "mlx", "m4-max-40c@64", 2176, 18.20e9, 0.03}}) {
    CAPTURE(peak.quant, off(peak));
    CHECK(std::abs(off(peak)) < peak.tolerance);
  }
}

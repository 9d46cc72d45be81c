#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "canrun/estimate.hpp"
#include "errors.hpp"
#include "table.hpp"

namespace canrun::errors {
namespace {

constexpr double gib = 1 << 30;
constexpr double bound = 0.05, profiled_bound = 0.10;  // a profiled peak follows the release's kernels
constexpr double unbounded = 1e9;                      // rows whose table says why they are off

Request question_of(const Row& row) {
  Request r;
  r.detail = Detail::figures;
  r.runtime = "vllm";
  r.model = row.text("model");
  r.quant = row.text("quant");
  r.gpu = {row.text("gpu")};
  r.context = row.count("context");
  r.kv_type = row.text("kv_type") == "auto" ? std::string() : row.text("kv_type");
  r.runtime_version = row.text("version");
  if (!row.text("utilization").empty()) r.gpu_memory_utilization = row.number("utilization");
  if (!row.text("sequences").empty()) r.max_num_seqs = row.count("sequences");
  if (!row.text("batched").empty()) r.max_num_batched_tokens = row.count("batched");
  return r;
}

}  // namespace

void add_pool_rows(const std::string& path, const std::string& only_model, ErrorTable& errors) {
  const Table table = read_table(path);
  const Session session(Catalog::builtin());
  for (const auto& cells : table.rows) {
    const Row row{table, cells};
    const std::string id = row.text("model");
    if (!only_model.empty() && id != only_model) continue;
    try {
      Request request = question_of(row);
      const PoolFigures pool = session.estimate(request).pool.value();
      const std::string what = id + " " + row.text("gpu") + " vLLM " + row.text("version");
      const bool explained = row.text("cause").empty();
      const auto compare = [&](const char* term, std::uint64_t bytes, const char* column, double within) {
        if (row.number(column) > 0)
          errors.add(term, id, static_cast<double>(bytes) / gib, row.number(column), within, what);
      };
      if (row.number("tokens") > 0) {
        request.kv_cache_memory_bytes = static_cast<std::uint64_t>(row.number("pool_gib") * gib);
        const auto held = session.estimate(request).pool.value().capacity_tokens;
        errors.add("vLLM: tokens in the logged pool", id, static_cast<double>(held), row.number("tokens"),
                   explained ? bound : unbounded, what);
      }
      compare("vLLM: weights as loaded", pool.weights, "weights_gib", bound);
      compare("vLLM: activation peak", pool.activation, "activation_gib", profiled_bound);
      // The pool follows from the profile; settings that a log does not state leave it open.
      if (row.number("activation_gib") > 0) compare("vLLM: pool, where profiled", pool.pool, "pool_gib", bound);
    } catch (const Error& error) {
      errors.fail(id, error.what());
    }
  }
}

}  // namespace canrun::errors

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "canrun/estimate.hpp"
#include "errors.hpp"
#include "support/csv.hpp"

namespace canrun::errors {
namespace {

using test::read_table;
using test::Row;
using test::Table;

constexpr double gib = 1 << 30;
constexpr double bound = 0.05, profiled_bound = 0.10;  // a profiled peak follows the release's kernels
constexpr double unbounded = 1e9;                      // rows whose table says why they are off

Request question_of(const Row& row) {
  Request r;
  r.detail = Detail::figures;
  r.runtime = row.text("runtime").empty() ? "vllm" : row.text("runtime");
  r.mtp = row.count("mtp") > 0;
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

/// Calls `visit(session, row, model)` for the rows asked for; a question that is refused is a failed row.
template <class Visit>
void for_each_model(const std::string& path, const std::string& only_model, ErrorTable& errors, Visit visit) {
  const Table table = read_table(path);
  const Session session(Catalog::builtin());
  for (const auto& cells : table.rows) {
    const Row row{table, cells};
    const std::string id = row.text("model");
    if (!only_model.empty() && id != only_model) continue;
    try {
      visit(session, row, id);
    } catch (const Error& error) {
      errors.fail(id, error.what());
    }
  }
}

}  // namespace

void add_pool_rows(const std::string& path, const std::string& only_model, ErrorTable& errors) {
  for_each_model(path, only_model, errors, [&](const Session& session, const Row& row, const std::string& id) {
    Request request = question_of(row);
    const PoolFigures pool = session.estimate(request).pool.value();
    const std::string name = request.runtime == "vllm" ? "vLLM" : "SGLang";
    const std::string what = id + " " + row.text("gpu") + " " + name + " " + row.text("version");
    const bool explained = row.text("cause").empty();
    const auto compare = [&](const char* term, std::uint64_t bytes, const char* column, double within) {
      if (row.number(column) > 0)
        errors.add(name + ": " + term, id, static_cast<double>(bytes) / gib, row.number(column), within, what);
    };
    if (row.number("tokens") > 0 && row.number("pool_gib") > 0) {
      request.kv_cache_memory_bytes = static_cast<std::uint64_t>(row.number("pool_gib") * gib);
      const auto held = session.estimate(request).pool.value().capacity_tokens;
      errors.add(name + ": tokens in the logged pool", id, static_cast<double>(held), row.number("tokens"),
                 explained ? bound : unbounded, what);
    } else if (row.number("tokens") > 0) {
      errors.add(name + ": tokens, from the card's size", id, static_cast<double>(pool.capacity_tokens),
                 row.number("tokens"), explained ? bound : unbounded, what);
    }
    compare("weights as loaded", pool.weights, "weights_gib", bound);
    compare("activation peak", pool.activation, "activation_gib", profiled_bound);
    if (row.count("whole") > 0) compare("pool, from the card's size", pool.pool, "pool_gib", bound);
  });
}

void add_peak_rows(const std::string& path, const std::string& only_model, ErrorTable& errors) {
  constexpr double gb = 1e9, peak_bound = 0.06;
  for_each_model(path, only_model, errors, [&](const Session& session, const Row& row, const std::string& id) {
    const Request request = question_of(row);
    const MemoryFigures memory = session.estimate(request).memory;
    const DeviceMemory& device = memory.device[0];
    // What the runtime's own allocator counts; cards list the table that stays on the host, too.
    const std::uint64_t peak = device.total() - device.runtime + memory.host.weights;
    errors.add(row.text("label") + ": peak", id, static_cast<double>(peak) / gb, row.number("peak_gb"),
               row.text("cause").empty() ? peak_bound : unbounded, id + " " + row.text("quant"));
  });
}

}  // namespace canrun::errors

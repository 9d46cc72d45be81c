#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include <fmt/core.h>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "errors.hpp"
#include "graph/compute_buffers.hpp"
#include "memory/inventory_builder.hpp"
#include "model/model.hpp"
#include "placement/layer_placement.hpp"
#include "quant/tensor_types.hpp"
#include "support/csv.hpp"

namespace canrun::errors {
namespace {

using test::read_table;
using test::Row;
using test::Table;

constexpr std::uint64_t rtx_4090 = 25'393'692'672;
constexpr double compute_bound = 0.02, rounded_bound = 0.001;

PreparedModel prepared(const std::string& id, const std::string& mtp) {
  FileOptions options;
  if (mtp.starts_with("mtp") && mtp.size() > 3) options.mtp_layers = static_cast<std::uint32_t>(mtp[3] - '0');
  options.mtp_lean = mtp.find("lean") != std::string::npos;
  Model model = read_model(Catalog::builtin().model(id).record.config_json, options);
  return prepare_model(std::make_shared<const Architecture>(std::move(model.architecture)),
                       std::make_shared<const std::vector<Tensor>>(std::move(model.tensors)));
}

Settings settings_of(const Row& row) {
  Settings s;
  s.context = row.count("n_ctx");
  s.batch = row.count("n_batch");
  s.ubatch = row.count("n_ubatch");
  s.flash_attn = row.text("fa") == "1";
  s.kv_type_k = find_tensor_type(row.text("ctk")).value_or(s.kv_type_k);
  s.kv_type_v = find_tensor_type(row.text("ctv")).value_or(s.kv_type_v);
  s.parallel = row.count("n_seq");
  s.swa_full = row.text("swa_full") == "1";
  s.kv_unified = row.text("unified") == "1";
  const std::string other = row.text("other");
  s.kv_offload = other.find("no_kv_offload") == std::string::npos;
  s.embeddings = other.find("embeddings") != std::string::npos;
  s.mtp = other.find("load_mtp=1") != std::string::npos;
  s.reserve = row.number("n_out") == 0 ? Reserve::bench : Reserve::server;
  return s;
}

Placement placement_of(const Row& row, std::uint32_t blocks) {
  const std::string backend = row.text("backend");
  const std::vector<std::uint64_t> free(backend == "cpu" ? 0U : backend == "fakecuda" ? 1U : 2U, rtx_4090);
  PlacementFlags flags;
  if (!row.text("ngl").empty()) flags.gpu_layers = static_cast<std::int64_t>(row.number("ngl"));
  if (row.number("ncmoe") > 0) flags.cpu_moe_layers = static_cast<std::int64_t>(row.number("ncmoe"));
  return make_placement(blocks, free, flags);
}

std::string spelled(const Row& row) {
  std::string text;
  for (const char* column : {"model", "mtp", "quant", "backend", "ngl", "ncmoe", "n_ctx", "n_ubatch", "fa", "ctk",
                             "n_seq", "unified", "n_out", "other"})
    if (const std::string cell = row.text(column); !cell.empty()) text += fmt::format("{}={} ", column, cell);
  return text;
}

/// Weights of a file: one column per file type, `+imatrix` at the end of its name where a matrix makes a difference.
void weights_by_file_type(const Row& row, const PreparedModel& model, ErrorTable& errors) {
  for (const std::string& column : row.table.columns) {
    const bool imatrix = column.ends_with("+imatrix");
    const std::string name = imatrix ? column.substr(0, column.size() - 8) : column;
    const std::optional<FileType> type = gguf_file_type(name);
    const double printed = row.number(column);
    if (!type || printed == 0 || column == "model" || column == "mtp") continue;
    std::vector<TensorType> types(model.tensors->size());
    assign_types(*model.tensors, model.classes, *type, imatrix, types);
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < types.size(); ++i) bytes += types[i].bytes((*model.tensors)[i].elements());
    errors.add("weights, by file type", row.text("model"), static_cast<double>(bytes), printed, 0,
               row.text("model") + " " + column);
  }
}

/// Weights of a file: one row per file type, as the library's quantiser prints them.
void weights_of_row(const Row& row, const PreparedModel& model, ErrorTable& errors) {
  const std::optional<FileType> type = gguf_file_type(row.text("quant"));
  if (!type) return;
  std::vector<TensorType> types(model.tensors->size());
  assign_types(*model.tensors, model.classes, *type, row.text("imatrix") == "1", types);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < types.size(); ++i) bytes += types[i].bytes((*model.tensors)[i].elements());
  errors.add("weights, by file type", row.text("model"), static_cast<double>(bytes), row.number("total_bytes"), 0,
             row.text("model") + " " + row.text("quant"));
}

void by_placement(const Row& row, const PreparedModel& model, const FileType& type, ErrorTable& errors) {
  const Settings settings = settings_of(row);
  const GraphBackend backend = row.text("backend") == "cpu" ? GraphBackend::cpu : GraphBackend::cuda;
  const Inventory inventory = make_inventory(model, type, false, settings, backend);
  const Placement placement = placement_of(row, inventory.block_count());
  const bool full = row.table.has("compute_gpu_bytes"), computes = full || row.table.has("gpu");
  ComputeBuffers compute;
  if (computes) {
    std::vector<Tensor> typed = *inventory.tensors;
    for (std::size_t i = 0; i < typed.size(); ++i) typed[i].type = inventory.types[i];
    compute = compute_buffers(graph_layout(*inventory.architecture, typed), settings, placement, GraphBackend::cuda);
  }
  const MemoryFigures m = place(inventory, placement, compute);
  const DeviceMemory on = m.on_devices();
  const std::string& id = row.text("model");
  const std::string what = spelled(row);
  const auto compare = [&](const char* term, std::uint64_t predicted, const std::string& column, double bound) {
    if (!row.table.has(column) || row.text(column).empty()) return;
    const double printed = row.number(column);
    if (predicted == 0 && printed == 0) return;
    errors.add(term, id, static_cast<double>(predicted), printed, bound, what);
  };
  const auto context = on.kv_cache + on.state, host_context = m.host.kv_cache + m.host.state;
  if (full || !computes) {
    compare("weights, devices", on.weights, "weights_gpu_bytes", 0);
    compare("weights, host", m.host.weights, "weights_cpu_bytes", 0);
    compare("caches and states, devices", context, "ctx_gpu_bytes", 0);
    compare("caches and states, host", host_context, "ctx_cpu_bytes", 0);
  }
  if (full) {
    compare("KV cache alone", on.kv_cache + m.host.kv_cache, "kv_bytes", rounded_bound);
    compare("recurrent state alone", on.state + m.host.state, "rs_bytes", rounded_bound);
  }
  if (!computes) return;
  compare("compute buffers, devices", on.compute, full ? "compute_gpu_bytes" : "gpu", compute_bound);
  compare("compute buffers, host", m.host.compute, full ? "compute_host_bytes" : "host", compute_bound);
  const char* const weights = full ? "weights_gpu_bytes" : "weights_gpu";
  const char* const caches = full ? "ctx_gpu_bytes" : "context_gpu";
  if (placement.devices == 0 || !row.table.has(weights)) return;
  const double reserved = row.number(full ? "compute_gpu_bytes" : "gpu");
  const double total = row.number(weights) + row.number(caches) + reserved;
  errors.add("device totals", id, static_cast<double>(on.total()), total,
             std::max(0.005, total > 0 ? compute_bound * reserved / total : 0), what);
}

}  // namespace

void add_llama_rows(const std::string& path, const std::string& only_model, ErrorTable& errors) {
  const Table table = read_table(path);
  std::string last;
  PreparedModel model;
  bool known = false;
  for (const auto& cells : table.rows) {
    const Row row{table, cells};
    const std::string id = row.text("model");
    if (!only_model.empty() && id != only_model) continue;
    const std::string other = row.text("other");
    if (other.find("failed") != std::string::npos || other == "refused") continue;
    try {
      if (id + row.text("mtp") != last) {
        last = id + row.text("mtp");
        known = false;
        model = prepared(id, row.text("mtp"));
        known = true;
      }
      if (!known) continue;
      if (!table.has("backend")) {
        if (table.has("total_bytes"))
          weights_of_row(row, model, errors);
        else
          weights_by_file_type(row, model, errors);
        continue;
      }
      if (const auto type = gguf_file_type(row.text("quant"))) by_placement(row, model, *type, errors);
    } catch (const Error& error) {
      errors.fail(id, error.what());
    }
  }
}

}  // namespace canrun::errors

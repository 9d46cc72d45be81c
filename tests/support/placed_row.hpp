#pragma once
// A row of the tables that llama.cpp's library printed for a placement: its settings, and where everything lies.

#include <cstdint>
#include <string>
#include <vector>

#include "placement/layer_placement.hpp"
#include "quant/tensor_types.hpp"
#include "support/csv.hpp"

namespace canrun::test {

inline constexpr std::uint64_t rtx_4090 = 25'393'692'672;  // free bytes of the cards that the tables were printed for

struct PlacedRow {
  const Table& table;
  const std::vector<std::string>& cells;

  [[nodiscard]] const std::string& text(const char* column) const { return cells[table.column(column)]; }
  [[nodiscard]] std::uint64_t number(const char* column) const { return std::stoull(text(column)); }
  [[nodiscard]] std::uint32_t u32(const char* column) const { return static_cast<std::uint32_t>(number(column)); }
  [[nodiscard]] bool flag(const char* column) const { return text(column) == "1"; }
};

inline Settings settings_of(const PlacedRow& row) {
  Settings s;
  s.context = row.u32("n_ctx");
  s.batch = row.u32("n_batch");
  s.ubatch = row.u32("n_ubatch");
  s.flash_attn = row.flag("fa");
  s.kv_type_k = *find_tensor_type(row.text("ctk"));
  s.kv_type_v = *find_tensor_type(row.text("ctv"));
  s.parallel = row.u32("n_seq");
  s.swa_full = row.flag("swa_full");
  s.kv_unified = row.flag("unified");
  s.kv_offload = row.text("other") != "no_kv_offload";
  return s;
}

inline Placement placement_of(const PlacedRow& row, std::uint32_t blocks) {
  const std::string& backend = row.text("backend");
  const std::vector<std::uint64_t> free(backend == "cpu" ? 0U : backend == "fakecuda" ? 1U : 2U, rtx_4090);
  PlacementFlags flags;
  if (!row.text("ngl").empty()) flags.gpu_layers = std::stoll(row.text("ngl"));
  if (row.number("ncmoe") > 0) flags.cpu_moe_layers = std::stoll(row.text("ncmoe"));
  return make_placement(blocks, free, flags);
}

}  // namespace canrun::test

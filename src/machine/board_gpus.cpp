#include <algorithm>

#include <fmt/format.h>

#include "catalog/printable.hpp"
#include "machine/gpus.hpp"
#include "machine/pci_table.hpp"

namespace canrun {

std::vector<DetectedDevice> board_gpus(const GpuSearch& search) {
  // ARM boards name themselves in the device tree, ARM machines with UEFI firmware in its tables.
  const std::string tree = "/proc/device-tree/model", firmware = "/sys/class/dmi/id/product_name";
  const std::string source = search.files.text(tree).empty() ? firmware : tree;
  const std::string model = printable(search.files.text(source), 80);
  if (model.empty()) return {};
  const std::vector<std::string> ids = devices_by_board(search.catalog, model);
  if (source == tree || !ids.empty())
    search.looked_for.push_back(
        fmt::format("board: `{}`{}", model, ids.empty() ? " has no accelerator that is known" : ""));
  if (ids.empty()) return {};
  DetectedDevice out;
  out.reported_name = model;
  out.driver = source == tree ? "nvgpu" : "";
  out.source = source;
  identify(search, ids, search.memory.total_bytes, out);
  if (search.memory.total_bytes > 0)
    out.device.usable_bytes = std::min(out.device.usable_bytes, search.memory.total_bytes);
  out.reported_bytes = search.memory.total_bytes;
  out.free_bytes = search.memory.available_bytes;
  out.free_known = search.memory.available_bytes > 0;
  return {out};
}

}  // namespace canrun

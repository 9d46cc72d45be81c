#pragma once
/// Which catalog devices a PCI id or a board name can be.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/catalog.hpp"

namespace canrun {

/// Ids of catalog devices, the usual one first. `revision` narrows AMD's down; absent = not readable. Empty: not in the
/// table (data/pci_devices.json).
std::vector<std::string> devices_by_pci(const Catalog& catalog, std::uint16_t vendor, std::uint16_t device,
                                        std::optional<std::uint8_t> revision);

/// The same for boards without PCI graphics, by the name that the board gives itself.
std::vector<std::string> devices_by_board(const Catalog& catalog, std::string_view model);

/// Of several variants the one whose memory is nearest to what is reported (0 = unknown: the first). Unified devices
/// take the size that the reported total, which is a little less than what is sold, rounds up to. `found` is false when
/// no id is in the catalog.
struct ChosenDevice {
  Device device;
  bool found = false;
  std::vector<std::string> equals;  ///< names of the others that have this memory size too
};
ChosenDevice choose_device(const Catalog& catalog, const std::vector<std::string>& ids, std::uint64_t reported_bytes);

}  // namespace canrun

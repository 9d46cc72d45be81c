#pragma once
/// Names as people type them, one resolver a kind. All throw Error(unknown_name) with the nearest names, and
/// Error(bad_value) for a number that cannot be.

#include <string_view>

#include "canrun/catalog.hpp"
#include "catalog/fields.hpp"
#include "catalog/layers.hpp"

namespace canrun::catalog {

/// Catalog names, ollama tags, hub repositories of conversions, file names; with the suffixes that converters add.
Resolved<ModelRecord> resolve_model(const Layers& layers, std::string_view typed);

/// File types and checkpoint formats; also combinations that no entry lists: any bit rate of EXL2/EXL3, any group size,
/// `_R4` repacks, `UD-` of any file type, `IQ3_S-3.00bpw`, an importance matrix, a remark in parentheses.
Resolved<QuantRecord> resolve_quant(const Layers& layers, std::string_view typed);

/// A count (`2x`), a memory size (`24GB`, `@128`), and the name. A laptop part never stands for a desktop part.
ResolvedDevice resolve_device(const Layers& layers, std::string_view typed);

/// `ddr5-5600x2`, `DDR5-5600 dual channel`, `8-channel ddr4 3200`, a platform (`am5-ryzen-7000`).
Resolved<RamRecord> resolve_ram(const Layers& layers, std::string_view typed);

Resolved<CpuRecord> resolve_cpu(const Layers& layers, std::string_view typed);

/// `4x16`, `pcie 4.0 x16`, `gen4 x8`, `5`.
LinkRecord resolve_link(const Layers& layers, std::string_view typed);

/// The device with the largest of its memory sizes.
Device device_of(const DeviceEntry& entry);

}  // namespace canrun::catalog

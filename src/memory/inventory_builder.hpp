#pragma once
/// Builds the inventory of bytes of a model under a file type and settings, and places it on devices.

#include <vector>

#include "canrun/figures.hpp"
#include "canrun/inventory.hpp"
#include "canrun/placement.hpp"
#include "graph/compute_buffers.hpp"
#include "memory/prepared_model.hpp"
#include "quant/file_types.hpp"

namespace canrun {

/// The inventory of `model` stored as `file_type`, run under `settings` with the buffers of `backend`. `model_id` is
/// left empty. `blocks` holds every block of the file, MTP blocks included (empty when they are not loaded), so that
/// block numbers are those of `Placement`. Compute buffers are left 0: src/graph sizes them per placement. Dynamic
/// mixes scale the plain recipe by their typical factor. Throws Error(unsupported_combination) where the file type
/// cannot store the model or the runtime refuses the settings.
Inventory make_inventory(const PreparedModel& model, const FileType& file_type, bool imatrix, const Settings& settings,
                         GraphBackend backend);

/// The same for a file whose tensors have their types already (one per tensor, in order).
Inventory make_inventory(const PreparedModel& model, std::vector<TensorType> types, const Settings& settings,
                         GraphBackend backend);

/// Sizes the caches anew for other settings (context, slots, cache types, flash attention); weights stay. The settings'
/// `mtp` must not change.
void change_settings(Inventory& inventory, const Settings& settings, GraphBackend backend);

/// Bytes per device under a placement. No allocation. `compute` are the buffers for that placement
/// (`compute_buffers` of src/graph); `runtime` overheads are left 0.
///
/// Layer split: a block's weights, caches and states lie on its device, routed experts of the first `cpu_moe_layers`
/// blocks and all input tables on the host, every cache on the host without `kv_offload`. Row split divides the weights
/// of the blocks by `share`, tensor split the caches too.
MemoryFigures place(const Inventory& inventory, const Placement& placement, const ComputeBuffers& compute);

}  // namespace canrun

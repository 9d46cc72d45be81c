#pragma once
/// A detected machine as command-line options.

#include <string>

#include "machine/detect.hpp"

namespace canrun {

/// A catalog device as `--gpu` takes it: its id, with the size behind `@` where it is sold with several.
std::string device_spelling(const Device& device);

/// Whether a card reports so much less than it is sold with that it is a part of one (MIG, vGPU).
bool is_partition(const DetectedDevice& device);

/// Whether it has less (a partition) or more memory (a modified card) than any that is sold under its name.
bool has_other_size(const DetectedDevice& device);

/// What other programs hold now on the fullest device, bytes; 0 = nothing, or not known.
std::uint64_t memory_in_use(const Detection& detection);

/// `--gpu 2x rtx-3090 --ram 62.7GiB --ram-type ddr5-5600-2ch --cpu …`: what reproduces the machine elsewhere. It says
/// what `--gpu auto` takes: a device that no catalog holds and of which too little is known is left out. Nothing left:
/// `--gpu cpu`.
std::string command_arguments(const Detection& detection);

/// What a process may allocate on the only device, where the system says so; 0 = its usual share.
std::uint64_t allowed_memory(const Detection& detection);

/// `4x4` where a slot is narrower than its card, as `--pcie` takes it; empty where none is, or a link is not readable.
/// Idle links train down in speed, so the speed is what device and slot can do.
std::string narrow_link(const Detection& detection);

}  // namespace canrun

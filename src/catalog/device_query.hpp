#pragma once
/// What a typed device name says beside the name: how many, how much memory each.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace canrun::catalog {

struct DeviceQuery {
  int count = 1;
  std::vector<std::string> words;    ///< of the name, memory size left out (see name_forms.hpp)
  std::vector<std::string> all;      ///< the same with the memory size where it stood
  std::optional<double> memory_gib;  ///< `24GB`, `@128`, `0.5TB`
};

/// `2x rtx-4090`, `4 × A100 80GB`, `RTX 3090 x2`, `m4-max-40c@128`. Throws Error(bad_value) for a count outside 1 to
/// 1024 or without a device, or a memory size that is not a positive number.
DeviceQuery parse_device_query(std::string_view typed);

/// Drops what stands around Apple chips: the computer's name, and the core count of the CPU.
void drop_computer(std::vector<std::string>& words);

}  // namespace canrun::catalog

#pragma once
/// Which layers of an architecture have a sliding window when its file does not list them.

#include <cstdint>
#include <string_view>

namespace canrun {

/// One row per architecture that llama.cpp v0.5.0 runs with windows (src/models/*.cpp, load_swa_pattern).
struct WindowRule {
  std::string_view arch;
  std::uint32_t period;        ///< of `period` layers all but one have the window; 0 = all do, 1 = none unless listed
  bool dense_first = false;    ///< the layer without a window is the first of the period, else the last
  std::uint32_t fallback = 0;  ///< window where the file gives none
  std::uint32_t fixed = 0;     ///< window whatever the file gives (0 given = no windows)
  std::uint32_t only_layers = 0;  ///< only models with so many layers; 0 = all
};

/// The rule of `arch`, or nullptr: llama.cpp then gives every layer the whole context.
const WindowRule* window_rule(std::string_view arch);

}  // namespace canrun

#pragma once
// Hand-made answers to render; the figures are plausible but only their form is tested.

#include "canrun/estimate.hpp"

namespace canrun::report_sample {

/// Kimi Linear 48B A3B, Q4_K_M on an RTX 3090: does not fit.
Estimate kimi_on_3090();
/// A small model on two cards: fits.
Estimate small_on_two_cards();

}  // namespace canrun::report_sample

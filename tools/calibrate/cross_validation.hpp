#pragma once
/// How well the fit predicts what it has not seen.

#include <string_view>
#include <vector>

#include "fit.hpp"
#include "speed/constants.hpp"

namespace calibrate {

/// What is held out together: a model on one device, a model everywhere, a device, a family of devices.
enum class Scheme : std::uint8_t { cell, model, device, family };
inline constexpr Scheme schemes[] = {Scheme::cell, Scheme::model, Scheme::device, Scheme::family};
std::string_view name_of(Scheme scheme);

/// A measurement that was held out.
struct Held {
  const Row* row = nullptr;
  Scheme scheme{};
  double log_error = 0;        ///< log(predicted speed / measured speed)
  double prefill_share = 0;    ///< of the predicted time
  canrun::BasisLevel level{};  ///< the nearest level that was left to learn from
  int fold = 0;
};

/// The group of a measurement under a scheme.
std::string group_of(const Row& row, Scheme scheme);

/// Counts of fitted measurements per level: `device:ID|KERNELS`, `family:…`, `vendor:…`.
std::map<std::string, std::uint32_t> counts_of(std::span<const Row* const> rows);

/// Holds every measurement out once per scheme. Folds are the same in every run.
std::vector<Held> cross_validate(std::span<const Row* const> rows, Scheme scheme, int folds);

}  // namespace calibrate

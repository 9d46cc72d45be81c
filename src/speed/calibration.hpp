#pragma once
/// Fitted constants and the rules that turn them into the costs of one device under one runtime.

#include <memory>
#include <string_view>

#include "canrun/estimate.hpp"
#include "canrun/machine.hpp"
#include "speed/constants.hpp"
#include "speed/correction.hpp"

namespace canrun {

/// `data/calibration.json`, parsed once. Copies share.
class Calibration {
public:
  /// `table`: the catalog's document `calibration`, packed as numbers (catalog/number_table.hpp). Throws
  /// Error(malformed) with the place when it is no calibration.
  explicit Calibration(std::string_view table);

  /// Constants of a device under a runtime and backend: the fitted values of the device where it was measured, else of
  /// its family, its vendor, or all devices; figures of the chip (bandwidth, rates) always come from `device`.
  [[nodiscard]] SpeedConstants resolve(const Device& device, std::string_view runtime, std::string_view backend) const;
  /// The host's processor under a runtime. Missing figures of the host (0) take those of a common desktop.
  [[nodiscard]] HostConstants resolve(const Host& host, std::string_view runtime) const;
  /// The backend that a device uses under a runtime when the question names none.
  [[nodiscard]] std::string_view default_backend(const Device& device, std::string_view runtime) const;

  /// The same constants with the user's own measurements applied to what they are about; null = none.
  [[nodiscard]] Calibration corrected(std::shared_ptr<const Corrections> corrections) const;

  struct Impl;

private:
  std::shared_ptr<const Impl> impl_;
  std::shared_ptr<const Corrections> corrections_;
};

/// The constants' provenance in the words of the answer.
Basis basis_of(const SpeedConstants& constants);
Basis basis_of(const HostConstants& constants);

}  // namespace canrun

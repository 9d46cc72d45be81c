#pragma once
/// The robust hierarchical fit: all parameters at once, on the logarithms of the times.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "nodes.hpp"

namespace calibrate {

/// A measurement ready to be fitted: the terms of its time, and the time itself.
struct Row {
  Question question;
  std::vector<Term> terms;
  double log_seconds = 0;
};

using Offsets = std::map<canrun::Parameter, double>;

/// The fitted values: `nodes` has offsets of every group that was seen.
struct Model {
  std::map<canrun::Parameter, double> centre;
  std::map<std::string, Offsets> nodes;
};

/// Fits `rows`, starting at the priors alone, so that a fit knows nothing of rows left out. Deterministic.
Model fit(std::span<const Row* const> rows);

/// The time that a model gives for a row.
struct Prediction {
  double log_seconds = 0;
  double prefill_share = 0;  ///< of the time that is spent on the prompt
};
/// Nuisances do not count: they are of measurements, not of what is asked.
Prediction predict(const Model& model, const Row& row);

}  // namespace calibrate

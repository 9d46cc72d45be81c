#pragma once
/// What a session holds, for the verbs that ask below `estimate`.

#include "advice/scoring.hpp"
#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "speed/calibration.hpp"

namespace canrun {

struct Session::Parts {
  Catalog catalog;
  Calibration calibration;
  ScoringRules scoring;
  std::vector<QuantRecord> quants;
};

}  // namespace canrun

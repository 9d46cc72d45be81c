#pragma once
/// A model that is known only by its size, filled up from what released models of that size are like.

#include <string>
#include <vector>

#include "canrun/estimate.hpp"
#include "planner/subject.hpp"

namespace canrun {

/// A decoder with grouped-query attention that has `rough.params` parameters, of which `rough.active` are read for one
/// token where that is fewer. `Subject::assumed` lists every figure that was not given, `Subject::doubt` how much wider
/// than usual its speeds are to be taken. Throws Error(bad_value) where the figures contradict each other.
Subject rough_subject(const RoughModel& rough);

}  // namespace canrun

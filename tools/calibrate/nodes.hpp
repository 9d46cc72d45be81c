#pragma once
/// The variables of the fit: for every parameter a centre, and for every group of measurements (node) an offset that a
/// prior draws to zero. What a node has little evidence for stays with the wider groups.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "question.hpp"
#include "terms.hpp"

namespace calibrate {

/// Prior of a parameter's centre: mean and standard deviation of the logarithm. Orders of magnitude of the physics
/// (a kernel launch costs microseconds, memory delivers most of its rated bandwidth); the measurements decide.
struct Prior {
  double mean = 0, deviation = 1;
};
Prior centre_prior(canrun::Parameter parameter);

/// Standard deviation of a node's offset in a parameter; 0 where this kind of node has none.
double node_deviation(std::string_view key, canrun::Parameter parameter);

/// Groups that a processor of the question belongs to, those of the estimate first, then what blurs its measurement
/// (power caps, whole-request rates), which the estimate leaves out.
std::vector<std::string> keys_of(const Question& question, bool on_host);
bool is_nuisance(std::string_view key);

}  // namespace calibrate

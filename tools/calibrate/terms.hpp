#pragma once
/// The laws of src/speed are sums of products of fitted quantities. A question's time is taken apart into these
/// products by asking the law with one cost at a time, so that fit and estimate can never use different formulas.

#include <cstdint>
#include <vector>

#include "question.hpp"
#include "speed/parameters.hpp"

namespace calibrate {

/// A fitted quantity within a product: a parameter, deviating by type class where `type_class` is not `no_class`.
struct Factor {
  static constexpr std::uint8_t no_class = 0xFF;
  canrun::Parameter parameter{};
  std::uint8_t type_class = no_class;
};

/// `seconds` at parameters of 1 (log 0), times its factors.
struct Term {
  double seconds = 0;
  bool on_host = false;  ///< whose parameters
  bool prefill = false;  ///< a part of the prompt's prefill
  std::vector<Factor> factors;
};

/// The time that the question asks about (one decode step, the prompt's prefill, the first token), as terms.
std::vector<Term> terms_of(const Question& question);

}  // namespace calibrate

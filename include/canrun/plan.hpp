#pragma once
/// The question turned round: what is the largest, smallest or cheapest that still meets a target.

#include <string>
#include <vector>

#include "canrun/estimate.hpp"
#include "canrun/requirement.hpp"

namespace canrun {

/// What is solved for.
enum class Unknown : std::uint8_t { context, users, quant, memory, bandwidth, price };

struct Plan {
  Unknown unknown = Unknown::context;
  bool found = false;
  std::string value;  ///< of `quant`: its id; of `price`: the device's id; else empty
  double number = 0;  ///< tokens, users, bytes, bytes/s or USD; bits per weight of a quant
  Estimate estimate;  ///< of the solution; of the best that was tried where there is none
  std::string limit;  ///< what stops the next step, as a sentence; empty where nothing does
};

/// Solves for `unknown` under `targets` (all of them; without targets: `verdict>=fits`, headroom kept).
/// context, users: the largest; quant: the least quality loss; memory, bandwidth: the least that a device like the
/// request's needs; price: the cheapest catalog device with a known price.
/// Throws what `estimate` throws.
Plan plan(const Session& session, const Request& request, Unknown unknown, const std::vector<Requirement>& targets);

/// The file type of least loss that fits (else that is tight, else that is offloaded), from the listed quantisations;
/// the smallest where none runs.
std::string best_quant(const Session& session, const Request& request);

/// Ids for `-q all`: the listed quantisations that the request's runtime reads.
std::vector<std::string> listed_quants(const Session& session, const Request& request);

}  // namespace canrun

#pragma once
/// The two tables of a full report that ask the same question again with one thing changed: the workload, the
/// quantisation.

#include <vector>

#include "advice/session.hpp"
#include "planner/assess.hpp"
#include "planner/question.hpp"

namespace canrun {

/// `base` is the setup of the question itself. The five workloads, each with its own prompt, output, depth and context,
/// on the question's machine.
std::vector<WorkloadRow> workload_rows(const Session::Parts& parts, const Question& question, const Request& request,
                                       const Setup& base, const Target& target, const Wish& wish);

/// The listed quantisations that the question's runtime reads, smallest first. A file from disk has no such table.
std::vector<QuantRow> quant_rows(const Session::Parts& parts, const Question& question, const Setup& base,
                                 const Target& target, const Wish& wish, Mode mode);

}  // namespace canrun

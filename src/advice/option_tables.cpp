#include "advice/option_tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "advice/grading.hpp"
#include "canrun/error.hpp"
#include "planner/context_limits.hpp"

namespace canrun {
namespace {

double gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1ULL << 30);
}

std::string why_so(const Outcome& outcome) {
  if (outcome.verdict == Verdict::no && outcome.shortfall > 0)
    return fmt::format("{:.1f} GiB too much", gib(outcome.shortfall));
  if (outcome.verdict == Verdict::no) return "a part does not fit its device";
  if (outcome.verdict == Verdict::offload)
    return fmt::format("{:.0f} % in system memory", 100 * outcome.offload_fraction);
  if (outcome.verdict == Verdict::tight) return "no headroom left";
  return "";
}

}  // namespace

std::vector<WorkloadRow> workload_rows(const Session::Parts& parts, const Question& question, const Request& request,
                                       const Setup& base, const Target& target, const Wish& wish) {
  std::vector<WorkloadRow> rows;
  const std::uint32_t limit = context_limit(question);
  for (const WorkloadRecord& record : parts.catalog.workloads()) {
    Request plain;
    plain.users = request.users;
    const Workload workload = workload_of(record, plain);
    Settings settings = question.settings;
    settings.context = workload.context;
    const Setup setup = make_setup(question, settings, base.backend, base.compute);
    const Outcome outcome = assess(setup, target, workload, wish);

    WorkloadRow row;
    row.id = record.id;
    row.name = record.name;
    row.prompt = workload.prompt;
    row.output = workload.output;
    row.context = workload.context;
    row.depth = workload.depth;
    row.verdict = question.supported ? outcome.verdict : Verdict::no;
    if (question.supported && outcome.verdict != Verdict::no)
      row.grade =
          grade_of(outcome, safe_context(setup, target, outcome.placement, limit), record, parts.scoring, request.mode);
    if (outcome.figures.speed.has_decode) row.decode = outcome.figures.speed.decode;
    row.prefill = outcome.figures.speed.prefill;
    row.ttft = outcome.figures.speed.ttft;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<QuantRow> quant_rows(const Session::Parts& parts, const Question& question, const Setup& base,
                                 const Target& target, const Wish& wish, Mode mode) {
  std::vector<QuantRow> rows;
  if (question.subject.from_file) return rows;
  const std::uint32_t limit = context_limit(question);
  for (const QuantRecord& record : parts.quants) {
    const bool asked = record.id == question.quant.id;
    if (!asked && (!record.listed || !reads(record, question.runtime))) continue;
    Question other = question;
    other.quant = record;
    try {
      other.file_type = file_type(record, question.subject.record.released);
      const Setup setup = make_setup(other, other.settings, base.backend, base.compute);
      const Outcome outcome = assess(setup, target, other.workload, wish);
      QuantRow row;
      row.id = record.id;
      row.bits_per_weight = setup.inventory.bits_per_weight;
      row.weights_bytes = outcome.figures.memory.weights;
      row.required_bytes = outcome.required;
      row.quality = std::string(quality_word(other));
      row.exact = record.exact;
      row.verdict = question.supported ? outcome.verdict : Verdict::no;
      if (question.supported && outcome.verdict != Verdict::no)
        row.grade = grade_of(outcome, safe_context(setup, target, outcome.placement, limit), question.workload_record,
                             parts.scoring, mode);
      if (outcome.figures.speed.has_decode) row.decode = outcome.figures.speed.decode;
      row.why = why_so(outcome);
      rows.push_back(std::move(row));
    } catch (const Error&) {
      continue;  // the quantiser refuses this model under this type: no such file exists
    }
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const QuantRow& a, const QuantRow& b) { return a.weights_bytes < b.weights_bytes; });
  return rows;
}

}  // namespace canrun

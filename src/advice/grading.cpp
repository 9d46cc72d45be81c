#include "advice/grading.hpp"

#include <algorithm>
#include <iterator>

#include "model/model.hpp"

namespace canrun {

Grade grade_of(const Outcome& outcome, std::uint32_t safe_context, const WorkloadRecord& need,
               const ScoringRules& rules, Mode mode) {
  ScoreInput input;
  input.verdict = outcome.verdict;
  input.utilization = outcome.utilization();
  input.offload_fraction = outcome.offload_fraction;
  if (outcome.figures.speed.has_decode) input.decode = outcome.figures.speed.decode.value;
  input.ttft = outcome.figures.speed.ttft.value;
  input.safe_context = safe_context;
  input.pace_needed = need.pace_needed;
  input.ttft_patience = need.ttft_patience;
  input.context_needed = need.context;
  return grade(rules, mode, input);
}

std::string_view quality_word(const Question& question) {
  const QuantRecord& quant = question.quant;
  const double loss = quant.quality_loss;
  if (quant.kind == "native" || quant.id == question.subject.record.native_quant || quant.bits >= 16 || loss <= 0.002)
    return "near-lossless";
  if (loss <= 0.015) return "excellent";
  if (loss <= 0.05) return "good";
  if (loss <= 0.12) return "usable";
  if (loss <= 0.5) return "low";
  return "poor";
}

int quality_rank(std::string_view word) {
  static constexpr std::string_view words[] = {"poor", "low", "usable", "good", "excellent", "near-lossless"};
  return static_cast<int>(std::find(std::begin(words), std::end(words), word) - std::begin(words));
}

bool keeps_quality(std::string_view word) {
  return quality_rank(word) >= quality_rank("good");
}

int verdict_rank(Verdict verdict) {
  switch (verdict) {
    case Verdict::fits:
      return 3;
    case Verdict::tight:
      return 2;
    case Verdict::offload:
      return 1;
    case Verdict::no:
      break;
  }
  return 0;
}

std::uint64_t model_params_total(const Subject& subject) {
  if (subject.from_file || subject.record.config_json.empty()) {
    std::uint64_t elements = subject.record.params_vision;
    for (const Tensor& tensor : *subject.prepared->tensors) elements += tensor.elements();
    return elements;
  }
  FileOptions options;
  options.mtp_layers = all_mtp;
  options.mtp_lean = true;
  const Model whole = read_model(subject.record.config_json, options);
  const ParameterCounts counts = count_parameters(whole.architecture, whole.tensors);
  const std::uint64_t vision = counts.vision ? counts.vision : subject.record.params_vision;
  return counts.total + counts.mtp + vision;
}

}  // namespace canrun

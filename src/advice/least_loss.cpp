#include "advice/least_loss.hpp"

#include <algorithm>

#include "advice/grading.hpp"
#include "canrun/error.hpp"

namespace canrun {
namespace {

/// A lower bound of what must lie on the devices when the host takes nothing: compute buffers are left out.
std::uint64_t least_on_devices(const Inventory& inventory, const Target& target, bool with_headroom) {
  std::uint64_t sum = with_headroom ? target.headroom_total() : 0;
  for (const Block& block : inventory.blocks) sum += block.weights + block.experts;
  if (inventory.settings.kv_offload)
    for (const Block& block : inventory.blocks) sum += block.kv_cache + block.state;
  for (const std::uint64_t overhead : target.overhead) sum += overhead;
  return sum;
}

}  // namespace

std::vector<QuantRecord> quant_candidates(const Session::Parts& parts, const Question& question) {
  std::vector<QuantRecord> out = parts.quants;
  const std::string& native = question.subject.record.native_quant;
  double native_bits = 0;
  if (!native.empty())
    for (const QuantRecord& quant : out)
      if (quant.id == native) native_bits = quant.bits;
  std::erase_if(out, [&](const QuantRecord& quant) {
    if (!reads(quant, question.runtime)) return true;
    if (quant.id == native) return false;
    return !quant.listed || (native_bits > 0 && quant.bits >= native_bits);
  });
  std::stable_sort(out.begin(), out.end(), [&](const QuantRecord& a, const QuantRecord& b) {
    if ((a.id == native) != (b.id == native)) return a.id == native;
    return a.quality_loss != b.quality_loss ? a.quality_loss < b.quality_loss : a.bits > b.bits;
  });
  return out;
}

std::optional<QuantChoice> least_loss(const Session::Parts& parts, const Question& question) {
  const Target target = make_target(question, parts.calibration);
  const Wish wish = wish_of(question);
  const GraphBackend backend = graph_backend(question.backend);
  const bool screened = !target.host_only() && !target.host.stated && !wish.by_hand();
  std::shared_ptr<ComputeCache> compute;
  std::optional<QuantChoice> best;
  std::optional<Question> smallest;
  std::uint64_t smallest_bytes = UINT64_MAX;
  Question other = question;
  for (const QuantRecord& quant : quant_candidates(parts, question)) {
    other.quant = quant;
    try {
      other.file_type = file_type(quant, question.subject.record.released);
      Setup setup = begin_setup(other, other.settings, backend, compute);
      compute = setup.compute;
      if (setup.inventory.file_bytes < smallest_bytes) {
        smallest_bytes = setup.inventory.file_bytes;
        smallest = other;
      }
      const bool hopeless = screened && least_on_devices(setup.inventory, target, best.has_value()) > target.usable();
      if (hopeless) continue;
      finish_setup(setup, other);
      const Outcome outcome = assess(setup, target, question.workload, wish);
      if (outcome.verdict != Verdict::no &&
          (!best || verdict_rank(outcome.verdict) > verdict_rank(best->outcome.verdict)))
        best = QuantChoice{other, std::move(setup), outcome};
      if (best && best->outcome.verdict == Verdict::fits) return best;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unsupported_combination) throw;
    }
  }
  if (best || !smallest) return best;
  Setup setup = make_setup(*smallest, smallest->settings, backend, compute);
  const Outcome outcome = assess(setup, target, question.workload, wish);
  return QuantChoice{std::move(*smallest), std::move(setup), outcome};
}

}  // namespace canrun

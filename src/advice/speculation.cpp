#include "advice/speculation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "canrun/error.hpp"
#include "speed/estimate_speed.hpp"
#include "speed/stage.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t most_draft = 256;

/// Seconds of a step that checks `tokens` tokens of one sequence.
double checking_seconds(const Setup& setup, const Target& target, const Placement& placement, double depth,
                        double tokens) {
  const auto step = [&](double at, double streams) {
    return decode_step_seconds(setup.profile, target.constants, target.host_constants, target.link, placement, at,
                               streams);
  };
  // The tokens share one cache: beyond what a step without one takes, it is read once.
  return step(0, tokens) + step(depth, 1) - step(0, 1);
}

/// Seconds of one guess by the MTP blocks, which lie behind the trunk, and the head.
double mtp_seconds(const Setup& setup, const Target& target, double depth) {
  const SpeedProfile& profile = setup.profile;
  const std::uint32_t trunk = setup.inventory.architecture->trunk_layers;
  const StageCosts& costs = target.host_only() ? target.host_constants.costs : target.constants.front().costs;
  const Demand demand = profile.between(std::min(trunk, profile.blocks()), profile.blocks());
  return decode_stage(demand, costs, profile, 1, depth).total() + decode_experts(demand, costs, profile, 1).total() +
         costs.step;
}

/// Seconds of one guess by a draft model that lies where the model's devices are.
double draft_seconds(const Session::Parts& parts, const Question& question, const Request& request,
                     const Target& target, double depth, std::string& name) {
  Request asked = request;
  asked.model = request.draft;
  asked.rough = {};
  asked.quant = request.draft_quant.empty() ? request.quant : request.draft_quant;
  asked.gpu_layers.reset();
  asked.cpu_moe_layers.reset();
  asked.mtp = false;
  const Question draft = resolve_question(parts.catalog, asked, parts.calibration);
  const Setup setup = make_setup(draft, draft.settings, graph_backend(question.backend));
  Placement placement;
  placement.devices = target.host_only() ? 0 : 1;
  const std::uint32_t blocks = setup.inventory.block_count();
  placement.gpu_layers = placement.devices == 0 ? 0 : blocks + 1;
  placement.first_block[1] = blocks + 1;
  placement.share[0] = 1;
  name = draft.subject.record.id;
  return decode_step_seconds(setup.profile, target.constants, target.host_constants, target.link, placement, depth, 1);
}

}  // namespace

std::optional<Speculation> speculation_of(const Session::Parts& parts, const Question& question, const Request& request,
                                          const Setup& setup, const Target& target, const Outcome& outcome) {
  const SpeedFigures& speed = outcome.figures.speed;
  if (!request.draft_accept || !speed.has_decode || speed.decode.value <= 0) return std::nullopt;
  if (!(*request.draft_accept >= 0 && *request.draft_accept <= 1))
    throw Error(ErrorCode::bad_value,
                fmt::format("the chance that a drafted token is accepted (draft_accept) must be 0 to 1, found {}",
                            *request.draft_accept));
  const std::uint64_t draft = request.draft_tokens.value_or(usual_draft_tokens);
  if (draft < 1 || draft > most_draft)
    throw Error(ErrorCode::bad_value,
                fmt::format("tokens drafted a step must be 1 to {}, found {}", most_draft, draft));
  const double depth = question.workload.decoding_at();
  Speculation out;
  out.acceptance = *request.draft_accept;
  out.draft = static_cast<std::uint32_t>(draft);
  out.tokens_per_step = expected_tokens_per_step(out.acceptance, out.draft);

  double guess = 0;
  const Architecture& architecture = *setup.inventory.architecture;
  if (!request.draft.empty()) {
    guess = draft_seconds(parts, question, request, target, depth, out.drafter);
  } else if (setup.inventory.settings.mtp && architecture.mtp_layers > 0) {
    guess = mtp_seconds(setup, target, depth);
    out.drafter = "mtp";
  } else {
    out.drafter = "free";
  }
  const double plain = checking_seconds(setup, target, outcome.placement, depth, 1);
  const double checking = checking_seconds(setup, target, outcome.placement, depth, static_cast<double>(draft) + 1);
  out.speedup = out.tokens_per_step * plain / (checking + static_cast<double>(draft) * guess);
  out.decode = {speed.decode.value * out.speedup, speed.decode.low * out.speedup, speed.decode.high * out.speedup};
  return out;
}

}  // namespace canrun

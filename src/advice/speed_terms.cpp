#include "advice/speed_terms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "speed/estimate_speed.hpp"
#include "speed/moved_parts.hpp"

namespace canrun {
namespace {

constexpr const char* fitted = "data/calibration.json";

/// Everything that a time depends on, to be changed at will.
struct Case {
  const Setup& setup;
  const Workload& workload;
  const Placement& placement;
  std::vector<SpeedConstants> devices;
  HostConstants host;
  Link link;

  [[nodiscard]] double users() const { return std::max<std::uint32_t>(1, workload.users); }
  [[nodiscard]] double decode() const {
    return decode_step_seconds(setup.profile, devices, host, link, placement, workload.decoding_at(), users());
  }
  [[nodiscard]] double prefill() const {
    return prefill_seconds(setup.profile, devices, host, link, placement, workload.prompt, workload.depth);
  }
};

/// What `seconds` loses when `change` has been made.
double without(const Case& whole, double (Case::*seconds)() const, const std::function<void(Case&)>& change) {
  Case less = whole;
  change(less);
  return (whole.*seconds)() - (less.*seconds)();
}

void on_devices(Case& c, const std::function<void(StageCosts&)>& change) {
  for (SpeedConstants& device : c.devices) change(device.costs);
}

void forget_reading(StageCosts& costs) {
  costs.read.fill(0);
  costs.expert_read.fill(0);
}
void forget_cache(StageCosts& costs) {
  costs.kv_read = costs.query = costs.state_read = 0;
}
void forget_arithmetic(StageCosts& costs) {
  costs.multiply.fill(0);
  costs.expert_multiply.fill(0);
  costs.scan = costs.delta_scan = costs.activation = costs.expert_activation = 0;
}
void forget_attention(StageCosts& costs) {
  costs.attention = 0;
}
void forget_layers(StageCosts& costs) {
  costs.attention_layer = costs.recurrent_layer = costs.delta_layer = costs.convolution_layer = costs.moe_layer = 0;
  costs.norm = costs.step = 0;
  costs.batch_layer = costs.batch_moe_layer = costs.batch_step = 0;
}

/// Bytes of matrices that one token reads on the devices and on the host.
struct WeightBytes {
  double devices = 0, host = 0;
};

WeightBytes bytes_per_token(const SpeedProfile& profile, const Placement& placement) {
  const std::uint32_t blocks = profile.blocks();
  const double used = profile.experts_total > 0 ? profile.experts_used / profile.experts_total : 0;
  WeightBytes bytes;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const Demand demand = profile.between(i, i + 1);
    double dense = 0, experts = 0;
    for (const double b : demand.dense) dense += b;
    for (const double b : demand.experts) experts += b * used;
    const bool on_host = placement.device_of(i, blocks - 1) == Placement::host;
    (on_host ? bytes.host : bytes.devices) += dense;
    (on_host || placement.experts_on_host(i) ? bytes.host : bytes.devices) += experts;
  }
  const MovedParts moved = moved_to(profile, placement, Placement::host);
  double away = 0;
  for (const double b : moved.demand.dense) away += b;
  for (const double b : moved.demand.experts) away += b * used;
  bytes.host += away;
  bytes.devices -= away;
  return bytes;
}

std::string reading(double bytes, double seconds) {
  return seconds > 0 ? fmt::format("{:.3g} GB of matrices read for one token at {:.3g} GB/s in all", bytes / 1e9,
                                   bytes / seconds / 1e9)
                     : std::string();
}

class Lines {
public:
  void term(const char* id, const char* label, double seconds, std::string formula) {
    if (seconds > 1e-9) lines_.push_back({id, label, seconds, "s", std::move(formula), fitted});
  }
  void add(SpeedLine line) { lines_.push_back(std::move(line)); }
  [[nodiscard]] std::vector<SpeedLine> take() && { return std::move(lines_); }

private:
  std::vector<SpeedLine> lines_;
};

void decode_lines(const Case& c, const SpeedFigures& speed, Lines& lines) {
  const WeightBytes bytes = bytes_per_token(c.setup.profile, c.placement);
  const double on_device = without(c, &Case::decode, [](Case& x) { on_devices(x, forget_reading); });
  const double on_host = without(c, &Case::decode, [](Case& x) { forget_reading(x.host.costs); });
  const double cache = without(c, &Case::decode, [](Case& x) {
    on_devices(x, forget_cache);
    forget_cache(x.host.costs);
  });
  const double layers = without(c, &Case::decode, [](Case& x) {
    on_devices(x, forget_layers);
    forget_layers(x.host.costs);
  });
  lines.term("decode_weights", "decode: weights on devices", on_device, reading(bytes.devices, on_device));
  lines.term("decode_host_weights", "decode: weights on host", on_host, reading(bytes.host, on_host));
  lines.term("decode_cache", "decode: cache and state", cache,
             fmt::format("keys, values and recurrent state read at depth {:.0f}", c.workload.decoding_at()));
  lines.term("decode_layers", "decode: per layer and step", layers,
             fmt::format("launches, norms and routing of {} blocks", c.setup.inventory.block_count()));
  lines.term("decode_rest", "decode: hand-overs, batching", c.decode() - on_device - on_host - cache - layers,
             "between host and devices, between devices, and arithmetic of several users");
  lines.add({"decode", "decode", speed.decode.value, "tok/s",
             fmt::format("1 / {:.4g} ms per token, the sum of these", 1e3 / speed.decode.value), ""});
}

void prefill_lines(const Case& c, const SpeedFigures& speed, Lines& lines) {
  const auto both = [](void (*forget)(StageCosts&)) {
    return [forget](Case& x) {
      on_devices(x, forget);
      forget(x.host.costs);
    };
  };
  const double arithmetic = without(c, &Case::prefill, both(forget_arithmetic));
  const double attention = without(c, &Case::prefill, both(forget_attention));
  const double weights = without(c, &Case::prefill, both(forget_reading));
  const double layers = without(c, &Case::prefill, both(forget_layers));
  const std::uint32_t tokens = c.workload.prompt;
  lines.term("prefill_matrices", "prefill: matrices", arithmetic,
             fmt::format("{} tokens × {:.3g} µs of arithmetic", tokens, 1e6 * arithmetic / tokens));
  lines.term("prefill_attention", "prefill: attention", attention,
             fmt::format("each of {} tokens attends to those before it, from depth {}", tokens, c.workload.depth));
  lines.term("prefill_weights", "prefill: reading weights", weights,
             fmt::format("once per micro-batch of {} tokens", c.setup.profile.ubatch));
  lines.term("prefill_layers", "prefill: per layer and batch", layers,
             fmt::format("fixed costs of {:.0f} micro-batches",
                         std::ceil(tokens / static_cast<double>(c.setup.profile.ubatch))));
  lines.term("prefill_rest", "prefill: link and hand-overs", c.prefill() - arithmetic - attention - weights - layers,
             "weights sent to the device, exchanges between devices, less what overlaps");
  lines.add({"prefill", "prefill", speed.prefill.value, "tok/s",
             fmt::format("{} tokens / {:.4g} s, the sum of these", tokens, tokens / speed.prefill.value), ""});
}

}  // namespace

std::vector<SpeedLine> speed_terms(const Setup& setup, const Target& target, const Workload& workload,
                                   const Outcome& outcome) {
  const Case c{setup, workload, outcome.placement, target.constants, target.host_constants, target.link};
  const SpeedFigures& speed = outcome.figures.speed;
  Lines lines;
  if (speed.has_decode && speed.decode.value > 0) decode_lines(c, speed, lines);
  const double prefill = workload.prompt > 0 ? workload.prompt / speed.prefill.value : 0;
  if (workload.prompt > 0 && speed.prefill.value > 0) prefill_lines(c, speed, lines);
  const double step = speed.has_decode && speed.decode.value > 0 ? 1 / speed.decode.value : 0;
  lines.add({"ttft", "first token, warm", speed.ttft.value, "s",
             fmt::format("prefill {:.3g} s + first step {:.3g} s + {:.3g} s per request", prefill, step,
                         speed.ttft.value - prefill - step),
             ""});
  lines.add({"load", "loading", speed.load_seconds, "s",
             fmt::format("{:.3g} GB at {:.3g} GB/s", setup.profile.file_bytes / 1e9,
                         setup.profile.file_bytes / speed.load_seconds / 1e9),
             fitted});
  return std::move(lines).take();
}

}  // namespace canrun

#include "speed/estimate_speed.hpp"

#include <algorithm>
#include <cmath>

#include "speed/moved_parts.hpp"
#include "speed/stage.hpp"

namespace canrun {

namespace {

/// Seconds by what they are spent on.
struct Parts {
  double device_weights = 0, host_weights = 0, cache = 0, compute = 0, link = 0, fixed = 0;

  [[nodiscard]] double total() const { return device_weights + host_weights + cache + compute + link + fixed; }

  void add(const StageTime& time, bool on_host) {
    (on_host ? host_weights : device_weights) += time.weights;
    cache += time.cache;
    compute += time.compute;
    fixed += time.fixed;
  }
  void scale(double factor) {
    for (double* part : {&device_weights, &host_weights, &cache, &compute, &link, &fixed}) *part *= factor;
  }
};

Bottleneck largest_part(const Parts& parts) {
  const std::pair<double, Bottleneck> candidates[] = {
      {parts.device_weights + parts.cache, Bottleneck::device_bandwidth},
      {parts.host_weights, Bottleneck::host_bandwidth},
      {parts.link, Bottleneck::link},
      {parts.compute, Bottleneck::compute},
      {parts.fixed, Bottleneck::latency}};
  return std::ranges::max_element(candidates, {}, &std::pair<double, Bottleneck>::first)->second;
}

bool shared_blocks(SplitMode split) {
  return split == SplitMode::tensor || split == SplitMode::row;
}

/// Where the runs of blocks begin and end.
struct Runs {
  std::uint32_t blocks = 0;    ///< with the output layer
  std::uint32_t host_end = 0;  ///< blocks before this lie on the host
  std::uint32_t moe_end = 0;   ///< experts of blocks before this lie on the host

  Runs(const SpeedProfile& profile, const Placement& placement) : blocks(profile.blocks()) {
    host_end = placement.devices == 0 ? blocks : blocks - std::min(blocks, placement.gpu_layers);
    moe_end = std::max(host_end, std::min(blocks, placement.cpu_moe_layers));
  }
};

/// Bytes of the stream between blocks for one token, in 16 bit as kernels exchange it.
double stream_bytes(const SpeedProfile& profile) {
  return 2 * profile.hidden;
}

struct Question {
  const SpeedProfile& profile;
  std::span<const SpeedConstants> devices;
  const HostConstants& host;
  const Link& link;
  const Placement& placement;
  Runs runs;
};

/// Moved matrices alone: what a block costs beside them stays with its device.
Demand matrices_of(const MovedParts& moved) {
  Demand demand = moved.demand;
  demand.moe_layers = 0;
  return demand;
}

/// Blocks `first` … `last`-1 as their device works on them: without the parts that overrides put elsewhere.
Demand left_in(const Question& q, std::uint32_t first, std::uint32_t last) {
  Demand demand = q.profile.between(first, last);
  if (q.placement.override_count == 0) return demand;
  return demand -= matrices_of(moved_from(q.profile, q.placement, first, last));
}

/// Calls `visit(demand, device)` for each device's run of blocks among [first, last).
template <class Visit>
void for_each_run(const Question& q, std::uint32_t first, std::uint32_t last, Visit visit) {
  if (q.placement.devices <= 1 || shared_blocks(q.placement.split)) {
    visit(left_in(q, first, last), 0U);
    return;
  }
  for (std::uint32_t d = 0; d < q.placement.devices; ++d) {
    const std::uint32_t begin = std::max(first, d == 0 ? 0 : q.placement.first_block[d]);
    const std::uint32_t end = d + 1 == q.placement.devices ? last : std::min(last, q.placement.first_block[d + 1]);
    if (begin < end) visit(left_in(q, begin, end), d);
  }
}

/// Calls `visit(parts, device)` for each device that holds parts of another one's blocks.
template <class Visit>
void for_each_guest(const Question& q, Visit visit) {
  if (q.placement.override_count == 0) return;
  for (std::uint32_t d = 0; d < q.placement.devices; ++d) {
    const MovedParts parts = moved_to(q.profile, q.placement, static_cast<int>(d));
    if (parts.blocks > 0) visit(parts, d);
  }
}

/// The share of the work that the slowest device does, and what the others' exchange costs per step of `tokens` tokens.
struct Sharing {
  double slowest = 1;
  double exchange = 0;
};

Sharing sharing(const Question& q, const Demand& demand, double tokens, double steps) {
  if (q.placement.devices <= 1 || !shared_blocks(q.placement.split)) return {};
  Sharing sharing;
  sharing.slowest = 0;
  for (std::uint32_t d = 0; d < q.placement.devices; ++d)
    sharing.slowest = std::max(sharing.slowest, static_cast<double>(q.placement.share[d]));
  const SpeedConstants& device = q.devices.front();
  const double reductions =
      2 * (demand.attention_layers + demand.recurrent_layers + demand.delta_layers + demand.convolution_layers) +
      demand.head;
  const double peer = device.peer_bandwidth > 0 ? device.peer_bandwidth : q.link.bandwidth;
  const double n = q.placement.devices;
  const double bytes = 2 * (n - 1) / n * stream_bytes(q.profile) * tokens;
  sharing.exchange = reductions * (steps * device.all_reduce_latency + (peer > 0 ? device.exchange * bytes / peer : 0));
  return sharing;
}

Parts decode_parts(const Question& q, double depth, double streams) {
  Parts parts;
  const SpeedProfile& profile = q.profile;
  const std::span<const SpeedConstants> devices = q.devices;
  const HostConstants& host = q.host;
  const Placement& placement = q.placement;
  const Runs& runs = q.runs;
  if (runs.host_end > 0) {
    const Demand demand = profile.between(0, runs.host_end);
    parts.add(decode_stage(demand, host.costs, profile, streams, depth), true);
    parts.add(decode_experts(demand, host.costs, profile, streams), true);
    parts.fixed += host.costs.step;
  }
  if (placement.devices == 0) return parts;
  if (runs.moe_end > runs.host_end) {
    const Demand demand = profile.between(runs.host_end, runs.moe_end);
    parts.add(decode_experts(demand, host.costs, profile, streams), true);
    parts.fixed += demand.moe_layers * host.block_handover;
  }
  if (placement.override_count > 0) {
    const MovedParts moved = moved_to(profile, placement, Placement::host);
    parts.add(decode_stage(matrices_of(moved), host.costs, profile, streams, depth), true);
    parts.add(decode_experts(moved.demand, host.costs, profile, streams), true);
    parts.fixed += moved.blocks * host.block_handover;
  }
  Parts on_devices;
  for_each_guest(q, [&](const MovedParts& moved, std::uint32_t d) {
    on_devices.add(decode_stage(matrices_of(moved), devices[d].costs, profile, streams, depth), false);
    on_devices.add(decode_experts(moved.demand, devices[d].costs, profile, streams), false);
    on_devices.fixed += 2 * moved.blocks * devices[d].stage_handover;
  });
  const auto run = [&](const Demand& demand, std::uint32_t d) {
    on_devices.add(decode_stage(demand, devices[d].costs, profile, streams, depth), false);
    if (d > 0) on_devices.fixed += devices[d].stage_handover;
  };
  for_each_run(q, runs.host_end, runs.blocks, run);
  for_each_run(q, runs.moe_end, runs.blocks, [&](const Demand& demand, std::uint32_t d) {
    on_devices.add(decode_experts(demand, devices[d].costs, profile, streams), false);
  });
  const Demand all = profile.between(runs.host_end, runs.blocks);
  const Sharing shared = sharing(q, all, streams, 1);
  const double fixed = on_devices.fixed;
  on_devices.scale(shared.slowest);
  on_devices.fixed = fixed + devices.front().costs.step;
  on_devices.link += shared.exchange;
  for (auto part : {&Parts::device_weights, &Parts::cache, &Parts::compute, &Parts::link, &Parts::fixed})
    parts.*part += on_devices.*part;
  return parts;
}

/// Prefill of weights that lie on the host, streamed to the first device or computed here: `dense` without its experts,
/// and the experts of `experts`. `handovers`: times that a device hands over to the host and back where it computes.
double host_prefill(const Question& q, const Demand& dense, const Demand& experts, double handovers, double tokens,
                    double depth) {
  const SpeedProfile& profile = q.profile;
  const HostConstants& host = q.host;
  const double batch = std::min(tokens, static_cast<double>(profile.ubatch));
  const double share = host.experts_by_share && experts.moe_layers > 0 && profile.experts_total > 0
                           ? profile.experts_used / profile.experts_total
                           : 1;
  if (q.placement.devices == 0 || batch * share < host.stream_threshold || q.link.bandwidth <= 0)
    return prefill_stage(dense, host.costs, profile, tokens, depth).total() +
           prefill_experts(experts, host.costs, profile, tokens).total() + handovers * host.block_handover;
  const StageCosts& device = q.devices.front().costs;
  const double bytes = streamed_dense_bytes(dense, profile, tokens) + streamed_expert_bytes(experts, profile, tokens);
  StageTime computed = prefill_stage(dense, device, profile, tokens, depth);
  computed.weights = 0;
  const double rate =
      q.devices.front().unified_memory ? q.link.bandwidth : std::min(q.link.bandwidth, host.staging_bandwidth);
  return bytes / (rate * host.link_efficiency) + computed.total() +
         prefill_experts(experts, device, profile, tokens, false).total();
}

double prefill_of(const Question& q, double tokens, double depth) {
  if (tokens <= 0) return 0;
  const SpeedProfile& profile = q.profile;
  const std::span<const SpeedConstants> devices = q.devices;
  const HostConstants& host = q.host;
  const Placement& placement = q.placement;
  const Runs& runs = q.runs;
  // The output layer is computed for the last token alone.
  const std::uint32_t trunk = runs.blocks - 1;
  const Demand head = profile.between(trunk, runs.blocks);
  const bool head_on_host = runs.host_end == runs.blocks;
  const StageCosts& head_costs = head_on_host ? host.costs : devices.back().costs;
  double seconds = prefill_stage(head, head_costs, profile, 1, 0).total();
  const double batches = std::ceil(tokens / profile.ubatch);
  Question body = q;
  body.runs.host_end = std::min(runs.host_end, trunk);
  body.runs.moe_end = std::min(runs.moe_end, trunk);
  if (body.runs.host_end > 0) {
    const Demand demand = profile.between(0, body.runs.host_end);
    seconds += host_prefill(q, demand, demand, 0, tokens, depth);
    if (placement.devices == 0) seconds += batches * host.costs.batch_step;
  }
  if (placement.devices == 0) return seconds;
  if (body.runs.moe_end > body.runs.host_end) {
    const Demand demand = profile.between(body.runs.host_end, body.runs.moe_end);
    seconds += host_prefill(q, {}, demand, demand.moe_layers, tokens, depth);
  }
  if (placement.override_count > 0) {
    const MovedParts moved = moved_to(profile, placement, Placement::host);
    seconds += host_prefill(q, matrices_of(moved), moved.demand, moved.blocks, tokens, 0);
  }
  double sum = 0, slowest = 0;
  const auto stage = [&](double t) {
    sum += t;
    slowest = std::max(slowest, t);
  };
  for_each_run(q, body.runs.host_end, trunk, [&](const Demand& demand, std::uint32_t d) {
    stage(prefill_stage(demand, devices[d].costs, profile, tokens, depth).total());
  });
  for_each_run(q, body.runs.moe_end, trunk, [&](const Demand& demand, std::uint32_t d) {
    sum += prefill_experts(demand, devices[d].costs, profile, tokens).total();
  });
  for_each_guest(q, [&](const MovedParts& moved, std::uint32_t d) {
    sum += prefill_stage(matrices_of(moved), devices[d].costs, profile, tokens, depth).total() +
           prefill_experts(moved.demand, devices[d].costs, profile, tokens).total();
  });
  const Demand all = profile.between(body.runs.host_end, trunk);
  const Sharing shared = sharing(q, all, tokens, batches);
  // Micro-batches follow each other through the devices of a layer split: all but the first overlap.
  if (placement.devices > 1 && !shared_blocks(placement.split) && batches > 1 && sum > 0) {
    const double balance = std::max(slowest / sum, 1.0 / placement.devices);
    sum = sum / batches + sum * balance * (batches - 1) / batches;
  }
  return seconds + sum * shared.slowest + shared.exchange + batches * devices.front().costs.batch_step;
}

/// The spread with an independent doubt about the model added to it.
Spread widened(const Spread& spread, double doubt) {
  if (doubt <= 0) return spread;
  return {std::exp(-std::hypot(std::log(spread.low), doubt)), std::exp(std::hypot(std::log(spread.high), doubt))};
}

Interval around(double value, const Spread& spread) {
  return {value, value * spread.low, value * spread.high};
}

double load_seconds_of(const Question& q) {
  const double disk = q.profile.file_bytes / q.host.disk_bandwidth;
  if (q.placement.devices == 0 || q.link.bandwidth <= 0 || q.devices.front().unified_memory) return disk;
  return std::max(disk, q.profile.file_bytes / q.link.bandwidth);
}

}  // namespace

double decode_step_seconds(const SpeedProfile& profile, std::span<const SpeedConstants> devices,
                           const HostConstants& host, const Link& link, const Placement& placement, double depth,
                           double streams) {
  const Question q{profile, devices, host, link, placement, Runs(profile, placement)};
  return decode_parts(q, depth, streams).total();
}

double prefill_seconds(const SpeedProfile& profile, std::span<const SpeedConstants> devices, const HostConstants& host,
                       const Link& link, const Placement& placement, double tokens, double depth) {
  const Question q{profile, devices, host, link, placement, Runs(profile, placement)};
  return prefill_of(q, tokens, depth);
}

SpeedFigures estimate_speed(const SpeedProfile& profile, std::span<const SpeedConstants> devices,
                            const HostConstants& host, const Link& link, const Workload& workload,
                            const Placement& placement) {
  const Question q{profile, devices, host, link, placement, Runs(profile, placement)};
  const bool on_host = placement.devices == 0 || devices.empty();
  const Spread decode_spread = widened(on_host ? host.decode : devices.front().decode, profile.doubt);
  const Spread prefill_spread = widened(on_host ? host.prefill : devices.front().prefill, profile.doubt);
  const Spread ttft_spread = widened(on_host ? host.ttft : devices.front().ttft, profile.doubt);
  const double latency = on_host ? host.request_latency : devices.front().request_latency;
  const double users = std::max<std::uint32_t>(1, workload.users);

  SpeedFigures figures;
  const double prefill = prefill_of(q, workload.prompt, workload.depth);
  if (workload.prompt > 0) figures.prefill = around(workload.prompt / prefill, prefill_spread);
  figures.has_decode = profile.decodes;
  double first_step = 0;
  if (profile.decodes) {
    const double at = workload.decoding_at();
    const Parts step = decode_parts(q, at, users);
    figures.bottleneck = largest_part(step);
    figures.decode = around(1 / step.total(), decode_spread);
    figures.throughput = users / step.total();
    first_step = at == workload.arrived() ? step.total() : decode_parts(q, workload.arrived(), users).total();
  } else {
    figures.bottleneck = Bottleneck::compute;
    figures.throughput = figures.prefill.value;
  }
  const double ttft = prefill + first_step + latency;
  const Spread spread = spread_of_wait(ttft_spread, prefill_spread, prefill / ttft);
  figures.ttft = {ttft, ttft / spread.high, ttft / spread.low};
  figures.load_seconds = load_seconds_of(q);
  figures.ttft_cold = figures.load_seconds + ttft;
  const double halfway = workload.arrived() + workload.output / 2.0;
  figures.latency_seconds =
      ttft + (profile.decodes && workload.output > 0 ? decode_parts(q, halfway, users).total() * workload.output : 0);
  return figures;
}

Spread spread_of_wait(const Spread& waits, const Spread& prefill, double share) {
  return {1 / (share / prefill.low + (1 - share) / waits.low), 1 / (share / prefill.high + (1 - share) / waits.high)};
}

double expected_tokens_per_step(double acceptance, unsigned draft) {
  const double a = std::clamp(acceptance, 0.0, 1.0);
  if (a >= 1) return draft + 1.0;
  return (1 - std::pow(a, draft + 1.0)) / (1 - a);
}

}  // namespace canrun

#include "terms.hpp"

#include <cmath>
#include <limits>

#include "nodes.hpp"
#include "speed/chip.hpp"
#include "speed/estimate_speed.hpp"

namespace calibrate {

using namespace canrun;

namespace {

enum class Phase { decode, prefill };

/// All costs zero, factors one.
struct Processors {
  std::vector<SpeedConstants> devices;
  HostConstants host;
  Link link;

  explicit Processors(const Question& q) : devices(std::max<std::size_t>(1, q.placement.devices)) {
    for (SpeedConstants& device : devices) device.exchange = 0;
    set_streaming(host, q.host, q.measurement->runtime);
    host.block_handover = 0;
    host.link_efficiency = std::numeric_limits<double>::infinity();
    link = q.link;
  }
};

double seconds_of(const Question& q, const Processors& p, Phase phase, double depth) {
  if (phase == Phase::decode)
    return decode_step_seconds(q.profile, p.devices, p.host, p.link, q.placement, depth, q.streams);
  return prefill_seconds(q.profile, p.devices, p.host, p.link, q.placement, q.tokens, depth);
}

/// Costs of a step beside its matrices, which a runtime arranges for each architecture.
bool depends_on_graph(Parameter parameter) {
  switch (parameter) {
    case Parameter::attention_layer:
    case Parameter::recurrent_layer:
    case Parameter::delta_layer:
    case Parameter::convolution_layer:
    case Parameter::norm:
    case Parameter::moe_layer:
      return true;
    default:
      return false;
  }
}

class Collector {
public:
  Collector(const Question& question, Phase phase, double depth) : q_(question), phase_(phase), depth_(depth) {}

  std::vector<Term> collect() {
    if (!q_.on_host) stage(false, chip_of(q_.device));
    if (q_.on_host || q_.uses_host) stage(true, chip_of(q_.host));
    links();
    return std::move(terms_);
  }

private:
  [[nodiscard]] std::size_t devices() const { return q_.placement.devices; }

  void add(const Processors& lit, bool on_host, std::vector<Factor> factors) {
    const double seconds = seconds_of(q_, lit, phase_, depth_);
    if (seconds > 0) terms_.push_back({seconds, on_host, false, std::move(factors)});
  }

  /// One cost lit on the host or on every device.
  template <class Set>
  void light(bool on_host, Set set, std::vector<Factor> factors) {
    Processors lit(q_);
    if (on_host)
      set(lit.host.costs);
    else
      for (SpeedConstants& device : lit.devices) set(device.costs);
    add(lit, on_host, std::move(factors));
  }

  /// What each touched expert costs beside its own tokens: the time with a tile less the time without.
  void tile(bool on_host, std::size_t c, double multiply, std::vector<Factor> factors) {
    const auto seconds = [&](double tokens) {
      Processors lit(q_);
      const auto set = [&](StageCosts& s) {
        s.expert_multiply[c] = multiply;
        s.tile = tokens;
      };
      if (on_host)
        set(lit.host.costs);
      else
        for (SpeedConstants& device : lit.devices) set(device.costs);
      return seconds_of(q_, lit, phase_, depth_);
    };
    factors.push_back({Parameter::tile, Factor::no_class});
    const double difference = seconds(1) - seconds(0);
    if (difference > 0) terms_.push_back({difference, on_host, false, std::move(factors)});
  }

  void classes(bool on_host, const Chip& chip) {
    for (std::size_t c = 0; c < type_classes; ++c) {
      const double weights = weights_per_byte(static_cast<TypeClass>(c));
      const auto id = static_cast<std::uint8_t>(c);
      std::vector<Factor> dense, experts{{Parameter::expert, Factor::no_class}}, batch;
      if (phase_ == Phase::prefill) {
        dense = {{Parameter::batch_read, Factor::no_class}};
        experts.push_back({Parameter::batch_expert_read, Factor::no_class});
      } else {
        batch = {{Parameter::small_batch, Factor::no_class}};
      }
      const auto with = [&](std::vector<Factor> factors, Parameter parameter) {
        factors.push_back({parameter, id});
        return factors;
      };
      light(
          on_host, [&](StageCosts& s) { s.read[c] = 1 / chip.bandwidth; }, with(dense, Parameter::stream));
      light(
          on_host, [&](StageCosts& s) { s.read[c] = weights / chip.plain_rate; }, with(dense, Parameter::unpack));
      light(
          on_host, [&](StageCosts& s) { s.expert_read[c] = 1 / chip.bandwidth; }, with(experts, Parameter::stream));
      light(
          on_host, [&](StageCosts& s) { s.expert_read[c] = weights / chip.plain_rate; },
          with(experts, Parameter::unpack));
      const double multiply = 2 * weights / chip.matrix_rate[c];
      light(
          on_host, [&](StageCosts& s) { s.multiply[c] = multiply; }, with(batch, Parameter::multiply));
      batch.push_back({Parameter::expert_multiply, Factor::no_class});
      light(
          on_host, [&](StageCosts& s) { s.expert_multiply[c] = multiply; }, with(batch, Parameter::multiply));
      if (phase_ == Phase::prefill) tile(on_host, c, multiply, with(batch, Parameter::multiply));
    }
  }

  void stage(bool on_host, const Chip& chip) {
    classes(on_host, chip);
    const auto plain = [&](double StageCosts::*cost, double unit, Parameter parameter) {
      std::vector<Factor> factors{{parameter, Factor::no_class}};
      if (depends_on_graph(parameter)) factors.push_back({Parameter::graph_step, Factor::no_class});
      light(
          on_host, [&](StageCosts& s) { s.*cost = unit; }, std::move(factors));
    };
    std::vector<Factor> cache{{Parameter::cache, Factor::no_class}};
    if (q_.profile.quantised_kv) cache.push_back({Parameter::quantised_cache, Factor::no_class});
    if (!q_.profile.flash_attention) cache.push_back({Parameter::plain_attention, Factor::no_class});
    light(
        on_host, [&](StageCosts& s) { s.kv_read = 1 / chip.bandwidth; }, cache);
    std::vector<Factor> attention{{Parameter::attention, Factor::no_class}};
    if (!q_.profile.flash_attention) attention.push_back({Parameter::plain_prefill, Factor::no_class});
    light(
        on_host, [&](StageCosts& s) { s.attention = 1 / chip.attention_rate; }, attention);
    plain(&StageCosts::state_read, 1 / chip.bandwidth, Parameter::state);
    plain(&StageCosts::attention_layer, 1, Parameter::attention_layer);
    plain(&StageCosts::recurrent_layer, 1, Parameter::recurrent_layer);
    plain(&StageCosts::delta_layer, 1, Parameter::delta_layer);
    plain(&StageCosts::convolution_layer, 1, Parameter::convolution_layer);
    plain(&StageCosts::norm, 1, Parameter::norm);
    plain(&StageCosts::moe_layer, 1, Parameter::moe_layer);
    plain(&StageCosts::step, 1, Parameter::step);
    plain(&StageCosts::scan, 1 / chip.plain_rate, Parameter::scan);
    plain(&StageCosts::delta_scan, 1 / chip.plain_rate, Parameter::delta_scan);
    plain(&StageCosts::query, 1 / chip.plain_rate, Parameter::query);
    plain(&StageCosts::activation, 1 / chip.bandwidth, Parameter::activation);
    plain(&StageCosts::expert_activation, 1 / chip.bandwidth, Parameter::expert_activation);
    plain(&StageCosts::batch_layer, 1, Parameter::batch_layer);
    plain(&StageCosts::batch_moe_layer, 1, Parameter::batch_moe_layer);
    plain(&StageCosts::batch_step, 1, Parameter::batch_step);
  }

  void links() {
    Processors lit(q_);
    if (q_.uses_host) {
      lit.host.block_handover = 1;
      add(lit, true, {{Parameter::handover, Factor::no_class}});
      lit = Processors(q_);
      lit.host.link_efficiency = 1;
      add(lit, true, {{Parameter::link, Factor::no_class}});
    }
    if (devices() < 2) return;
    lit = Processors(q_);
    for (SpeedConstants& device : lit.devices) device.stage_handover = 1;
    add(lit, false, {{Parameter::stage, Factor::no_class}});
    lit = Processors(q_);
    for (SpeedConstants& device : lit.devices) device.all_reduce_latency = 1;
    add(lit, false, {{Parameter::reduction, Factor::no_class}});
    lit = Processors(q_);
    for (SpeedConstants& device : lit.devices) {
      device.exchange = 1;
      device.peer_bandwidth = peer_bandwidth(q_.device);
    }
    if (q_.placement.split == SplitMode::tensor) add(lit, false, {{Parameter::exchange, Factor::no_class}});
  }

  const Question& q_;
  Phase phase_;
  double depth_;
  std::vector<Term> terms_;
};

}  // namespace

namespace {

/// What cannot matter for a question only burdens the fit.
constexpr double negligible_share = 1e-3;

double at_priors(const Term& term) {
  double logarithm = std::log(term.seconds);
  for (const Factor& factor : term.factors) logarithm += centre_prior(factor.parameter).mean;
  return std::exp(logarithm);
}

std::vector<Term> without_negligible(std::vector<Term> terms) {
  double total = 0;
  for (const Term& term : terms) total += at_priors(term);
  std::erase_if(terms, [&](const Term& term) { return at_priors(term) < negligible_share * total; });
  return terms;
}

std::vector<Term> all_terms(const Question& question) {
  if (question.measurement->metric == Metric::decode)
    return Collector(question, Phase::decode, question.depth).collect();
  std::vector<Term> terms = Collector(question, Phase::prefill, question.depth).collect();
  for (Term& term : terms) term.prefill = true;
  if (question.measurement->metric == Metric::prefill) {
    // The rate counts the prompt's tokens; the time is that of all of them.
    return terms;
  }
  for (Term& term : Collector(question, Phase::decode, question.depth + question.tokens).collect())
    terms.push_back(std::move(term));
  terms.push_back({1, question.on_host, false, {{Parameter::latency, Factor::no_class}}});
  return terms;
}

}  // namespace

std::vector<Term> terms_of(const Question& question) {
  std::vector<Term> terms = without_negligible(all_terms(question));
  for (Term& term : terms) term.factors.push_back({Parameter::sample, Factor::no_class});
  return terms;
}

}  // namespace calibrate

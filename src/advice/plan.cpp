#include "canrun/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "advice/least_loss.hpp"
#include "canrun/error.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t mib = 1024 * 1024, gib = 1024 * mib;
constexpr std::uint64_t context_step = 256, most_users = 1024, memory_step = 256 * mib, most_memory = 2048 * gib;
constexpr std::uint64_t bandwidth_step = 1'000'000'000, most_bandwidth = 20'000 * bandwidth_step;

/// The first unmet target; nothing when all are met.
std::optional<std::string> failing(const std::vector<Requirement>& targets, const Estimate& e) {
  if (!e.runtime.supported) return fmt::format("{} cannot run this model: {}", e.runtime.id, e.runtime.reason);
  for (const Requirement& target : targets)
    if (auto why = unmet(target, e)) return why;
  return std::nullopt;
}

using Ask = std::function<Estimate(std::uint64_t)>;

/// The largest step in [1, last] that meets the targets, when every smaller one does too.
Plan largest(Plan plan, std::uint64_t last, const std::vector<Requirement>& targets, const Ask& ask) {
  std::uint64_t low = 0, high = last + 1;
  while (high - low > 1) {
    const std::uint64_t middle = low == 0 ? 1 : high == last + 1 && low * 2 < high ? low * 2 : low + (high - low) / 2;
    Estimate e = ask(middle);
    if (auto why = failing(targets, e)) {
      high = middle;
      plan.limit = std::move(*why);
      if (low == 0) plan.estimate = std::move(e);
    } else {
      low = middle;
      plan.estimate = std::move(e);
    }
  }
  plan.found = low > 0;
  plan.number = static_cast<double>(low);
  if (plan.found && high == last + 1) plan.limit.clear();
  return plan;
}

/// The smallest step in [1, last] that meets the targets, when every larger one does too.
Plan smallest(Plan plan, std::uint64_t last, const std::vector<Requirement>& targets, const Ask& ask) {
  std::uint64_t low = 0, high = last + 1;
  while (high - low > 1) {
    const std::uint64_t middle =
        high == last + 1 ? std::min(last, std::max<std::uint64_t>(1, low * 2)) : low + (high - low) / 2;
    Estimate e = ask(middle);
    if (auto why = failing(targets, e)) {
      low = middle;
      plan.limit = std::move(*why);
      if (high == last + 1) plan.estimate = std::move(e);
    } else {
      high = middle;
      plan.estimate = std::move(e);
    }
  }
  plan.found = high <= last;
  plan.number = static_cast<double>(high);
  return plan;
}

/// One of several ways to meet the targets, named by its quantisation or device.
struct Candidate {
  std::string id;
  double number = 0;  ///< what the plan reports, where the estimate does not hold it
  Request request;
};

/// The first candidate that meets the targets; those that the runtime refuses are passed over. `limit` stays what the
/// last one before it missed.
Plan first_of(const Session& session, const std::vector<Candidate>& candidates, Plan plan,
              const std::vector<Requirement>& targets) {
  for (const Candidate& candidate : candidates) {
    try {
      plan.estimate = session.estimate(candidate.request);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unsupported_combination) throw;
      continue;
    }
    if (auto why = failing(targets, plan.estimate)) {
      plan.limit = fmt::format("{}: {}", candidate.id, *why);
      continue;
    }
    plan.found = true;
    plan.value = candidate.id;
    plan.number = candidate.number;
    return plan;
  }
  return plan;
}

std::vector<QuantRecord> candidates(const Session& session, Request request) {
  request.quant.clear();
  const Session::Parts& parts = session.parts();
  return quant_candidates(parts, resolve_question(parts.catalog, request, parts.calibration));
}

Plan plan_quant(const Session& session, const Request& request, Plan plan, const std::vector<Requirement>& targets) {
  std::vector<Candidate> all;
  for (const QuantRecord& quant : candidates(session, request)) {
    all.push_back({quant.id, 0, request});
    all.back().request.quant = quant.id;
  }
  plan = first_of(session, all, std::move(plan), targets);
  if (plan.found) plan.number = plan.estimate.quant.bits_per_weight;
  return plan;
}

Plan plan_price(const Session& session, const Request& request, Plan plan, const std::vector<Requirement>& targets) {
  std::vector<Device> devices = session.parts().catalog.devices();
  std::erase_if(devices, [](const Device& d) { return d.price_usd <= 0; });
  std::stable_sort(devices.begin(), devices.end(),
                   [](const Device& a, const Device& b) { return a.price_usd < b.price_usd; });
  std::vector<Candidate> all;
  for (const Device& device : devices) {
    all.push_back({device.id, device.price_usd, request});
    all.back().request.gpu = {device.id};
  }
  plan = first_of(session, all, std::move(plan), targets);
  if (plan.found) plan.limit.clear();
  return plan;
}

}  // namespace

Plan plan(const Session& session, const Request& request, Unknown unknown, const std::vector<Requirement>& wanted) {
  const std::vector<Requirement> targets = wanted.empty() ? parse_requirements("verdict>=fits") : wanted;
  Plan out;
  out.unknown = unknown;
  const auto asking = [&](const std::function<void(Request&, std::uint64_t)>& change) {
    return [&, change](std::uint64_t step) {
      Request one = request;
      one.detail = Detail::figures;
      change(one, step);
      return session.estimate(one);
    };
  };
  switch (unknown) {
    case Unknown::context: {
      const Ask ask = asking([](Request& r, std::uint64_t step) { r.context = step * context_step; });
      const std::uint64_t last = std::max<std::uint64_t>(1, ask(1).model.context_max / context_step);
      out = largest(std::move(out), last, targets, ask);
      out.number *= context_step;
      return out;
    }
    case Unknown::users: {
      const std::uint64_t each = asking([](Request&, std::uint64_t) {})(1).workload.context;
      return largest(std::move(out), most_users, targets, asking([each](Request& r, std::uint64_t step) {
                       r.users = step;
                       r.parallel = step;
                       r.context = each * step;
                     }));
    }
    case Unknown::memory:
      out = smallest(std::move(out), most_memory / memory_step, targets,
                     asking([](Request& r, std::uint64_t step) { r.vram_bytes = step * memory_step; }));
      out.number *= static_cast<double>(memory_step);
      return out;
    case Unknown::bandwidth:
      out = smallest(
          std::move(out), most_bandwidth / bandwidth_step, targets,
          asking([](Request& r, std::uint64_t step) { r.bandwidth = static_cast<double>(step * bandwidth_step); }));
      out.number *= static_cast<double>(bandwidth_step);
      return out;
    case Unknown::quant:
      return plan_quant(session, request, std::move(out), targets);
    case Unknown::price:
      break;
  }
  return plan_price(session, request, std::move(out), targets);
}

std::vector<std::string> listed_quants(const Session& session, const Request& request) {
  std::vector<std::string> out;
  for (const QuantRecord& quant : candidates(session, request)) out.push_back(quant.id);
  return out;
}

std::string best_quant(const Session& session, const Request& request) {
  Request open = request;
  open.quant.clear();
  const Session::Parts& parts = session.parts();
  const Question question = resolve_question(parts.catalog, open, parts.calibration);
  const std::optional<QuantChoice> choice = least_loss(parts, question);
  return choice ? choice->question.quant.id : question.quant.id;
}

}  // namespace canrun

#include "canrun/listings.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "advice/grading.hpp"
#include "advice/least_loss.hpp"
#include "advice/scoring.hpp"
#include "advice/session.hpp"
#include "canrun/error.hpp"
#include "canrun/plan.hpp"
#include "planner/context_limits.hpp"

namespace canrun {
namespace {

/// Runs `work(i)` for 0 … count-1 on all cores.
void for_each_index(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  const std::size_t threads = std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), count);
  std::vector<std::thread> others;
  for (std::size_t t = 1; t < threads; ++t) others.emplace_back(run);
  run();
  for (std::thread& thread : others) thread.join();
}

/// Runs `work(first, stride)` once on every core, so that each may keep what it has made.
void for_each_share(std::size_t count, const std::function<void(std::size_t, std::size_t)>& work) {
  const std::size_t threads =
      std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, std::max<std::size_t>(1, count));
  std::vector<std::thread> others;
  for (std::size_t t = 1; t < threads; ++t) others.emplace_back([&, t] { work(t, threads); });
  work(0, threads);
  for (std::thread& thread : others) thread.join();
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::optional<Interval> decode_of(const Estimate& e) {
  return e.speed.has_decode ? std::optional<Interval>(e.speed.decode) : std::nullopt;
}

/// The figures that a row shows, from the same parts as `estimate`.
template <class Row>
void fill(Row& row, const Session::Parts& parts, const Question& question, const Setup& setup, const Target& target,
          const Outcome& outcome, Mode mode) {
  row.verdict = outcome.verdict;
  if (outcome.figures.speed.has_decode) row.decode = outcome.figures.speed.decode;
  row.ttft = outcome.figures.speed.ttft;
  if (outcome.verdict == Verdict::no) return;
  row.safe_context = safe_context(setup, target, outcome.placement, context_limit(question));
  row.grade = grade_of(outcome, row.safe_context, question.workload_record, parts.scoring, mode);
}

void choose_quant(const Session::Parts& parts, const Request& request, RankRow& row) {
  const Question question = resolve_question(parts.catalog, request, parts.calibration);
  if (!question.supported) {
    row.note = question.unsupported_reason;
    return;
  }
  const std::optional<QuantChoice> choice = least_loss(parts, question);
  if (!choice) {
    row.note = "no listed quantisation can be loaded by " + question.runtime.name;
    return;
  }
  row.quant = choice->question.quant.id;
  row.quality = std::string(quality_word(choice->question));
  row.bits_per_weight = choice->setup.inventory.bits_per_weight;
  row.params_active = choice->setup.inventory.params_active;
  row.required_bytes = choice->outcome.required;
  fill(row, parts, question, choice->setup, make_target(question, parts.calibration), choice->outcome, request.mode);
}

void take_estimate(const Session& session, const Request& request, RankRow& row) {
  const Estimate e = session.estimate(request);
  row.params_active = e.model.params_active;
  row.quant = e.quant.id;
  row.quality = e.quant.quality;
  row.bits_per_weight = e.quant.bits_per_weight;
  row.required_bytes = e.fit.required_bytes;
  row.verdict = e.fit.verdict;
  row.grade = e.fit.grade;
  row.decode = decode_of(e);
  row.ttft = e.speed.ttft;
  row.safe_context = e.fit.safe_context;
  if (!e.runtime.supported) row.note = e.runtime.reason;
}

RankRow rank_row(const Session& session, Request request, const ModelRecord& model) {
  RankRow row;
  row.id = model.id;
  row.name = model.name;
  row.organisation = model.organisation;
  row.released = model.released;
  row.capabilities = model.capabilities;
  row.params_total = model.params_total;
  request.model = model.id;
  request.detail = Detail::figures;
  try {
    if (request.quant.empty())
      choose_quant(session.parts(), request, row);
    else
      take_estimate(session, request, row);
  } catch (const Error& error) {
    row.note = error.what();
  }
  return row;
}

/// Setups of one model, made once for all devices that share settings and backend. For one thread.
class Workbench {
public:
  const Setup& setup_for(const Question& question) {
    for (const Made& made : made_)
      if (made.backend == question.backend && made.quant == question.quant.id && made.runtime == question.runtime.id &&
          made.settings == question.settings)
        return *made.setup;
    made_.push_back(
        {question.backend, question.quant.id, question.runtime.id, question.settings,
         std::make_unique<Setup>(make_setup(question, question.settings, graph_backend(question.backend)))});
    return *made_.back().setup;
  }

private:
  struct Made {
    std::string backend, quant, runtime;
    Settings settings;
    std::unique_ptr<Setup> setup;
  };
  std::vector<Made> made_;
};

HardwareRow hardware_row(const Session::Parts& parts, const Subject& subject, Workbench& bench, Request request,
                         const Device& device) {
  HardwareRow row;
  row.id = device.id;
  row.name = device.name;
  row.vendor = device.vendor;
  row.memory_bytes = device.memory_bytes;
  row.bandwidth = device.bandwidth;
  row.price = device.price_usd;
  row.price_date = device.launch_date;
  request.gpu = {device.id};
  try {
    const Question question = resolve_question(parts.catalog, request, parts.calibration, subject);
    if (!question.machine.devices.empty()) {
      row.memory_bytes = question.machine.devices.front().memory_bytes;
      row.bandwidth = question.machine.devices.front().bandwidth;
    }
    if (!question.supported) {
      row.note = question.unsupported_reason;
      return row;
    }
    const Setup& setup = bench.setup_for(question);
    const Target target = make_target(question, parts.calibration);
    const Outcome outcome = assess(setup, target, question.workload, wish_of(question));
    fill(row, parts, question, setup, target, outcome, request.mode);
  } catch (const Error& error) {
    row.note = error.what();
  }
  return row;
}

double pace(const std::optional<Interval>& decode) {
  return decode ? decode->value : 0;
}

int letter_rank(const RankRow& row) {
  return row.grade.letter.empty() ? -1 : rank_of_letter(row.grade.letter.front());
}

}  // namespace

std::vector<RankRow> rank_models(const Session& session, const Request& request, const ListOptions& options) {
  std::vector<ModelRecord> models = session.parts().catalog.models();
  std::erase_if(models, [&](const ModelRecord& m) {
    return (!options.capability.empty() && !contains(m.capabilities, options.capability)) ||
           m.params_total < options.params_least || m.params_total > options.params_most;
  });
  std::vector<RankRow> rows(models.size());
  for_each_index(models.size(), [&](std::size_t i) { rows[i] = rank_row(session, request, models[i]); });
  if (options.runs_only) std::erase_if(rows, [](const RankRow& r) { return r.verdict == Verdict::no; });
  std::stable_sort(rows.begin(), rows.end(), [](const RankRow& a, const RankRow& b) {
    if (a.note.empty() != b.note.empty()) return a.note.empty();
    if (a.grade.letter != b.grade.letter) return letter_rank(a) > letter_rank(b);
    if (verdict_rank(a.verdict) != verdict_rank(b.verdict)) return verdict_rank(a.verdict) > verdict_rank(b.verdict);
    if (keeps_quality(a.quality) != keeps_quality(b.quality)) return keeps_quality(a.quality);
    if (a.params_total != b.params_total) return a.params_total > b.params_total;
    if (a.grade.score != b.grade.score) return a.grade.score > b.grade.score;
    return pace(a.decode) > pace(b.decode);
  });
  return rows;
}

std::vector<HardwareRow> rank_hardware(const Session& session, const Request& request, const ListOptions& options) {
  std::vector<Device> devices = session.parts().catalog.devices();
  std::erase_if(devices, [&](const Device& d) {
    return (!options.vendor.empty() && d.vendor != options.vendor) ||
           (!options.form.empty() && d.form != options.form) ||
           (options.price_most > 0 && (d.price_usd <= 0 || d.price_usd > options.price_most));
  });
  const Session::Parts& parts = session.parts();
  // The model and quantisation alone first, so that what is wrong with them is an error and not a note on every row.
  Request alone = request;
  alone.gpu = {"cpu"};
  const Subject subject = resolve_question(parts.catalog, alone, parts.calibration).subject;
  std::vector<HardwareRow> rows(devices.size());
  for_each_share(devices.size(), [&](std::size_t first, std::size_t stride) {
    Workbench bench;
    for (std::size_t i = first; i < devices.size(); i += stride)
      rows[i] = hardware_row(parts, subject, bench, request, devices[i]);
  });
  if (options.runs_only) std::erase_if(rows, [](const HardwareRow& r) { return r.verdict == Verdict::no; });
  std::stable_sort(rows.begin(), rows.end(), [](const HardwareRow& a, const HardwareRow& b) {
    if (a.note.empty() != b.note.empty()) return a.note.empty();
    if (a.grade.score != b.grade.score) return a.grade.score > b.grade.score;
    if (verdict_rank(a.verdict) != verdict_rank(b.verdict)) return verdict_rank(a.verdict) > verdict_rank(b.verdict);
    if ((a.price > 0) != (b.price > 0)) return a.price > 0;
    if (a.price != b.price) return a.price < b.price;
    return pace(a.decode) > pace(b.decode);
  });
  return rows;
}

std::vector<Estimate> compare(const Session& session, const Request& request, const std::vector<std::string>& models,
                              const std::vector<std::string>& quants,
                              const std::vector<std::vector<std::string>>& machines) {
  std::vector<Request> requests;
  for (const std::string& model : models.empty() ? std::vector<std::string>{request.model} : models) {
    for (const std::vector<std::string>& machine :
         machines.empty() ? std::vector<std::vector<std::string>>{request.gpu} : machines) {
      Request one = request;
      one.detail = Detail::figures;
      one.model = model;
      one.gpu = machine;
      std::vector<std::string> wanted;
      for (const std::string& quant : quants.empty() ? std::vector<std::string>{request.quant} : quants) {
        if (quant == "all")
          for (std::string& id : listed_quants(session, one)) wanted.push_back(std::move(id));
        else
          wanted.push_back(quant == "best" ? best_quant(session, one) : quant);
      }
      for (const std::string& quant : wanted) {
        one.quant = quant;
        requests.push_back(one);
      }
    }
  }
  std::vector<Estimate> out(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) out[i] = session.estimate(requests[i]);
  return out;
}

}  // namespace canrun

#include "canrun/listings.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "advice/scoring.hpp"
#include "advice/session.hpp"
#include "canrun/error.hpp"
#include "canrun/plan.hpp"

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

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::optional<Interval> decode_of(const Estimate& e) {
  return e.speed.has_decode ? std::optional<Interval>(e.speed.decode) : std::nullopt;
}

int verdict_rank(Verdict verdict) {
  return verdict == Verdict::fits ? 3 : verdict == Verdict::tight ? 2 : verdict == Verdict::offload ? 1 : 0;
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
    if (request.quant.empty()) request.quant = best_quant(session, request);
    const Estimate e = session.estimate(request);
    row.params_total = e.model.params_total;
    row.params_active = e.model.params_active;
    row.quant = e.quant.id;
    row.bits_per_weight = e.quant.bits_per_weight;
    row.required_bytes = e.fit.required_bytes;
    row.verdict = e.runtime.supported ? e.fit.verdict : Verdict::no;
    row.grade = e.runtime.supported ? e.fit.grade : Grade{};
    row.decode = decode_of(e);
    row.ttft = e.speed.ttft;
    row.safe_context = e.fit.safe_context;
    if (!e.runtime.supported) row.note = e.runtime.reason;
  } catch (const Error& error) {
    row.note = error.what();
  }
  return row;
}

HardwareRow hardware_row(const Session& session, Request request, const Device& device) {
  HardwareRow row;
  row.id = device.id;
  row.name = device.name;
  row.vendor = device.vendor;
  row.memory_bytes = device.memory_bytes;
  row.bandwidth = device.bandwidth;
  row.price = device.price_usd;
  row.price_date = device.launch_date;
  request.gpu = {device.id};
  request.detail = Detail::figures;
  try {
    const Estimate e = session.estimate(request);
    if (!e.machine.devices.empty()) {
      row.memory_bytes = e.machine.devices.front().memory_bytes;
      row.bandwidth = e.machine.devices.front().bandwidth;
    }
    row.verdict = e.runtime.supported ? e.fit.verdict : Verdict::no;
    row.grade = e.runtime.supported ? e.fit.grade : Grade{};
    row.decode = decode_of(e);
    row.ttft = e.speed.ttft;
    row.safe_context = e.fit.safe_context;
    if (!e.runtime.supported) row.note = e.runtime.reason;
  } catch (const Error& error) {
    row.note = error.what();
  }
  return row;
}

int letter_rank(const RankRow& row) {
  return row.grade.letter.empty() ? -1 : rank_of_letter(row.grade.letter.front());
}

double pace(const std::optional<Interval>& decode) {
  return decode ? decode->value : 0;
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
  std::vector<HardwareRow> rows(devices.size());
  if (!devices.empty()) {
    // The first answer alone, so that a wrong model or quantisation is an error and not a note on every row.
    Request first = request;
    first.gpu = {"cpu"};
    first.detail = Detail::figures;
    static_cast<void>(session.estimate(first));
  }
  for_each_index(devices.size(), [&](std::size_t i) { rows[i] = hardware_row(session, request, devices[i]); });
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

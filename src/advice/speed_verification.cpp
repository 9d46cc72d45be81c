#include "advice/speed_verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "advice/log_request.hpp"
#include "advice/recognise.hpp"
#include "advice/session.hpp"
#include "canrun/error.hpp"
#include "speed/node_keys.hpp"

namespace canrun {
namespace {

constexpr double fewest_prompt = 128, fewest_output = 16;  // tokens: shorter runs time the program, not the machine
constexpr double usual_prompt = 512;                       // where a test has none: decode alone is asked

void note_once(std::vector<std::string>& notes, std::string note) {
  if (std::ranges::find(notes, note) == notes.end()) notes.push_back(std::move(note));
}

/// `llama 8B Q4_K - Medium`: architecture and file type; the size in between is rounded, the parameters say more.
struct ModelType {
  std::string architecture, quant;
};

ModelType parts_of(const std::string& model_type) {
  const std::size_t first = model_type.find(' ');
  if (first == std::string::npos) return {};
  const std::size_t second = model_type.find(' ', first + 1);
  return {model_type.substr(0, first), second == std::string::npos ? std::string() : model_type.substr(second + 1)};
}

std::string model_of(const Catalog& catalog, const BenchmarkRow& row, std::vector<std::string>& notes) {
  std::vector<std::string> said;
  const ModelClues clues{row.model, parts_of(row.model_type).architecture, row.params, row.params_resolution};
  if (auto found = recognised_model(catalog, clues, said)) {
    for (std::string& note : said) note_once(notes, std::move(note));
    return *found;
  }
  const std::string& name = row.model.empty() ? row.model_type : row.model;
  throw Error(
      ErrorCode::unknown_name,
      name.empty()
          ? std::string("the benchmark names no model: name it, canrun verify FILE MODEL")
          : fmt::format("the benchmark's model \"{}\" is in no catalog: name it, canrun verify FILE MODEL", name));
}

/// The model of the last row, as most outputs are about one.
struct LastModel {
  std::string name, type, id;
};

void set_model(const Catalog& catalog, const BenchmarkRow& row, LastModel& last, Request& r,
               std::vector<std::string>& notes) {
  if (r.model.empty() && !r.rough.given()) {
    if (last.id.empty() || last.name != row.model || last.type != row.model_type)
      last = {row.model, row.model_type, model_of(catalog, row, notes)};
    r.model = last.id;
  }
  if (!r.quant.empty()) return;
  std::string printed = row.quant.empty() ? parts_of(row.model_type).quant : row.quant;
  auto found = recognised_quant(catalog, row.model, printed);
  // `17Bx16E (Scout) Q4_K - Medium`: a size may have several words.
  for (std::size_t space = printed.find(' '); !found && space != std::string::npos;
       space = printed.find(' ', space + 1))
    found = recognised_quant(catalog, {}, std::string_view(printed).substr(space + 1));
  if (found)
    r.quant = *found;
  else
    note_once(notes, printed.empty()
                         ? "the quantisation is not said: the default is taken, give another with -q"
                         : fmt::format("the quantisation \"{}\" is in no catalog: give it with -q", printed));
}

void set_machine(const Catalog& catalog, const BenchmarkRow& row, Request& r, std::vector<std::string>& notes) {
  if (r.backend.empty()) r.backend = row.backend;
  if (r.gpu.empty() && !r.vram_bytes && r.cpu.empty()) {
    if (row.backend == "cpu") {
      r.gpu = {"cpu"};
    } else {
      for (const std::string& device : row.devices) {
        const auto found = recognised_device(catalog, device);
        if (!found)
          throw Error(
              ErrorCode::unknown_name,
              fmt::format("the device \"{}\" is in no catalog: give it with --gpu, or describe it with --vram and "
                          "--bandwidth",
                          device));
        r.gpu.push_back(*found);
      }
      if (r.gpu.empty())
        throw Error(ErrorCode::unknown_name,
                    "the measurements do not name their device: give it with --gpu (--gpu auto: this machine)");
      const std::uint64_t wanted = std::min<std::uint64_t>(row.tensor_parallel.value_or(1), 64);
      while (r.gpu.size() < wanted) r.gpu.push_back(r.gpu.front());
    }
  }
  if (r.cpu.empty() && !row.cpu.empty()) {
    try {
      r.cpu = catalog.cpu(row.cpu).record.id;
    } catch (const Error&) {
      if (r.gpu.empty() || r.gpu.front() == "cpu" || row.cpu_moe_layers)
        note_once(notes, fmt::format("the processor \"{}\" is in no catalog: give --cpu or --ram-type", row.cpu));
    }
  }
}

void set_settings(const BenchmarkRow& row, Request& r) {
  if (r.runtime.empty()) r.runtime = row.runtime;
  if (row.batch) r.batch = *row.batch;
  if (row.ubatch) r.ubatch = *row.ubatch;
  if (!r.flash_attn && row.flash_attn) r.flash_attn = row.flash_attn;
  if (r.kv_type.empty()) r.kv_type = row.kv_type_k;
  if (r.kv_type_v.empty()) r.kv_type_v = row.kv_type_v;
  if (row.no_kv_offload) r.kv_offload = false;
  if (r.split.empty() && r.gpu.size() > 1) r.split = row.split;
  if (r.tensor_split.empty() && row.tensor_split.size() == r.gpu.size()) r.tensor_split = row.tensor_split;
  if (!r.gpu_layers && row.gpu_layers && row.backend != "cpu") r.gpu_layers = row.gpu_layers;
  if (!r.cpu_moe_layers && row.cpu_moe_layers) r.cpu_moe_layers = row.cpu_moe_layers;
  // What was measured ran: the placement is taken as it was, whatever the memory would say.
  if (!r.gpu_layers && !r.cpu_moe_layers && r.offload == Offload::unset) r.offload = Offload::none;
}

std::uint64_t whole(double tokens) {
  return static_cast<std::uint64_t>(std::llround(std::clamp(tokens, 0.0, 1e9)));
}

/// The request for a prompt of `prompt` tokens at `depth`, or for decoding with `depth` tokens in the cache.
Request at(Request r, const BenchmarkRow& row, double prompt, double depth) {
  r.prompt = std::max<std::uint64_t>(1, whole(prompt));
  r.output = whole(row.output);
  r.depth = whole(depth);
  r.users = std::max<std::uint64_t>(1, whole(row.streams));
  const double held = std::max(row.depth + row.prompt + row.output, depth + prompt);
  if (!r.context) r.context = std::max<std::uint64_t>(1, whole(held * row.streams));
  return r;
}

/// Output over the time of prompt and output, and its bounds from those of the two rates.
Interval over_both(double tokens, double prompt, const Interval& prefill, double output, const Interval& decode) {
  const auto rate = [&](double p, double d) { return tokens / (prompt / p + output / d); };
  return {rate(prefill.value, decode.value), rate(prefill.low, decode.low), rate(prefill.high, decode.high)};
}

VerifiedRate answered(const Session& session, const BenchmarkRow& row, const Request& r) {
  VerifiedRate rate;
  rate.row = row;
  if (row.metric == RateMetric::decode) {
    rate.request = at(r, row, usual_prompt, row.depth);
    rate.estimate = session.estimate(rate.request);
    rate.predicted = rate.estimate.speed.decode;
    return rate;
  }
  rate.request = at(r, row, row.prompt, row.depth);
  rate.estimate = session.estimate(rate.request);
  const SpeedFigures& speed = rate.estimate.speed;
  if (row.metric == RateMetric::prefill) rate.predicted = speed.prefill;
  if (row.metric == RateMetric::ttft) rate.predicted = speed.ttft;
  if (row.metric == RateMetric::both || row.metric == RateMetric::throughput) {
    const Interval decode = session.estimate(at(r, row, usual_prompt, row.depth + row.prompt)).speed.decode;
    // Prompts of several streams are read one after another, their outputs written together.
    rate.predicted =
        row.metric == RateMetric::both
            ? over_both(row.prompt + row.output, row.prompt, speed.prefill, row.output, decode)
            : over_both(row.streams * row.output, row.streams * row.prompt, speed.prefill, row.output, decode);
  }
  return rate;
}

/// Processors are predicted with all their cores at work.
bool few_threads(const VerifiedRate& rate) {
  const Host& host = rate.estimate.machine.host;
  const bool on_host = rate.estimate.machine.devices.empty() || rate.estimate.fit.offload_fraction > 0;
  const int cores = host.performance_cores > 0 ? host.performance_cores : host.cores;
  constexpr double most_of = 0.7;
  return on_host && rate.row.threads && static_cast<double>(*rate.row.threads) < most_of * cores;
}

bool can_be_asked(const BenchmarkRow& row) {
  return std::isfinite(row.value) && row.value > 0 && row.prompt + row.output + row.depth < 1e9;
}

}  // namespace

double SpeedVerification::median_error() const {
  if (rates.empty()) return 0;
  std::vector<double> errors;
  for (const VerifiedRate& rate : rates) errors.push_back(std::abs(rate.error()));
  std::ranges::sort(errors);
  const std::size_t half = errors.size() / 2;
  return errors.size() % 2 == 1 ? errors[half] : (errors[half - 1] + errors[half]) / 2;
}

std::size_t SpeedVerification::inside() const {
  return static_cast<std::size_t>(std::ranges::count_if(rates, [](const VerifiedRate& r) { return r.inside(); }));
}

SpeedVerification verify_rates(const Session& session, std::span<const BenchmarkRow> rows, const Request& base) {
  SpeedVerification out;
  std::optional<Error> refused;
  LastModel last;
  const Catalog& catalog = session.parts().catalog;
  for (const BenchmarkRow& row : rows) {
    if (!can_be_asked(row)) continue;
    try {
      Request r = base;
      r.detail = Detail::figures;
      set_model(catalog, row, last, r, out.notes);
      set_machine(catalog, row, r, out.notes);
      set_settings(row, r);
      VerifiedRate rate = answered(session, row, r);
      if (rate.predicted.value > 0) out.rates.push_back(std::move(rate));
      if (!out.rates.empty() && few_threads(out.rates.back()))
        note_once(out.notes, fmt::format("{} threads: canrun predicts for all cores of the processor", *row.threads));
      if (row.speculative)
        note_once(out.notes,
                  "tokens were drafted: the decode rates are those of speculative decoding, predicted without");
    } catch (const Error& error) {
      note_once(out.notes, error.what());
      if (!refused) refused = error;
    }
  }
  if (out.rates.empty() && refused) throw Error(*refused);
  return out;
}

SpeedVerification verify_rates(const Session& session, const RuntimeLog& log, const Request& base) {
  SpeedVerification out;
  if (log.timings.empty()) return out;
  std::vector<std::string> notes;
  const Request setup = request_of(session, log, base, notes);
  if (log.devices.empty() && base.gpu.empty() && !base.vram_bytes && setup.gpu != std::vector<std::string>{"cpu"})
    throw Error(ErrorCode::unknown_name,
                "the log holds timings but does not name its device: give it with --gpu (--gpu auto: this machine)");
  out = verify_rates(session, std::span<const BenchmarkRow>(log.timings), setup);
  for (std::string& note : notes) note_once(out.notes, std::move(note));
  return out;
}

std::vector<OwnMeasurement> own_measurements(const SpeedVerification& verification, const std::string& date) {
  std::vector<OwnMeasurement> own;
  for (const VerifiedRate& rate : verification.rates) {
    const BenchmarkRow& row = rate.row;
    const Estimate& e = rate.estimate;
    const bool rateable = (row.metric == RateMetric::decode && row.output >= fewest_output) ||
                          (row.metric == RateMetric::prefill && row.prompt >= fewest_prompt);
    if (!rateable || row.speculative || row.streams > 1 || few_threads(rate) || e.machine.devices.size() > 1) continue;
    const bool on_host = e.machine.devices.empty();
    if (on_host ? e.machine.host.cpu.empty() : e.machine.devices.front().id == "custom" || e.fit.offload_fraction > 0)
      continue;
    OwnMeasurement m;
    m.device = on_host ? "cpu:" + e.machine.host.cpu : e.machine.devices.front().id;
    m.runtime = kernels_of(e.runtime.id);
    m.metric = row.metric == RateMetric::prefill ? "prefill" : "decode";
    m.what =
        fmt::format("{} {} {} prompt {:.0f} output {:.0f} depth {:.0f} ubatch {} flash_attn {} kv {}/{}", e.model.id,
                    e.quant.id, e.runtime.backend, row.prompt, row.output, row.depth, e.settings.ubatch,
                    e.settings.flash_attn, rate.request.kv_type.empty() ? "f16" : rate.request.kv_type,
                    rate.request.kv_type_v.empty() ? rate.request.kv_type : rate.request.kv_type_v);
    m.measured = row.value;
    m.predicted = rate.predicted.value;
    m.date = date;
    own.push_back(std::move(m));
  }
  return own;
}

}  // namespace canrun

#include "planner/survey.hpp"

#include <algorithm>

#include "planner/context_limits.hpp"

namespace canrun {

bool runs_on(const RuntimeRecord& runtime, const Device& device) {
  if (runtime.backends.empty()) return true;
  const auto has = [&](std::string_view backend) {
    return std::find(runtime.backends.begin(), runtime.backends.end(), backend) != runtime.backends.end();
  };
  if (device.vendor == "nvidia") return has("cuda") || has("vulkan");
  if (device.vendor == "amd") return has("rocm") || has("vulkan");
  if (device.vendor == "apple") return has("metal");
  if (device.vendor == "intel") return has("sycl") || has("vulkan");
  if (device.vendor == "qualcomm") return has("opencl") || has("vulkan");
  return false;
}

std::string_view SetupShelf::backend_of(const Device& device) const {
  return calibration_.default_backend(device, question_.runtime.id);
}

const Setup& SetupShelf::for_device(const Device& device) {
  const std::string_view backend = backend_of(device);
  const auto found = setups_.find(backend);
  if (found != setups_.end()) return found->second;
  return setups_.emplace(std::string(backend), make_setup(question_, question_.settings, graph_backend(backend)))
      .first->second;
}

std::vector<SurveyRow> survey(const Question& question, const Calibration& calibration,
                              const std::vector<Device>& devices, bool with_context) {
  SetupShelf shelf(question, calibration);
  std::vector<SurveyRow> rows;
  rows.reserve(devices.size());
  Wish everything_on_device;
  everything_on_device.offload = Offload::none;
  Machine machine;
  machine.host = question.machine.host;
  machine.host.stated = false;
  machine.link = question.machine.link;
  Target target = make_target(machine, calibration, question.runtime.id, {}, question.headroom);
  for (const Device& device : devices) {
    if (!runs_on(question.runtime, device)) continue;
    const Setup& setup = shelf.for_device(device);
    const std::string_view backend = shelf.backend_of(device);
    place_on(target, device, calibration, question.runtime.id, backend, question.headroom);
    SurveyRow row;
    row.device = device;
    row.backend = backend;
    row.outcome = assess(setup, target, question.workload, everything_on_device);
    if (with_context && row.outcome.verdict != Verdict::no)
      row.safe_context = safe_context(setup, target, row.outcome.placement, context_limit(question));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace canrun

#include "planner/setup.hpp"

#include <numeric>

#include "memory/overheads.hpp"
#include "planner/shared_memory.hpp"

namespace canrun {
namespace {

std::vector<TensorType> stored_types(const std::vector<Tensor>& tensors) {
  std::vector<TensorType> types;
  types.reserve(tensors.size());
  for (const Tensor& tensor : tensors) types.push_back(tensor.type);
  return types;
}

GraphLayout layout_of(const Inventory& inventory) {
  return graph_layout(*inventory.architecture, *inventory.tensors, inventory.types);
}

std::uint64_t headroom_of(std::uint64_t memory, double headroom) {
  return static_cast<std::uint64_t>(headroom <= 1 ? headroom * static_cast<double>(memory) : headroom);
}

void add_device(Target& target, const Device& device, const Calibration& calibration, std::string_view runtime,
                std::string_view backend, double headroom) {
  target.devices.push_back(device);
  target.constants.push_back(calibration.resolve(device, runtime, backend));
  target.overhead.push_back(runtime_overhead(device, backend));
  target.headroom.push_back(headroom_of(device.memory_bytes, headroom));
}

}  // namespace

GraphBackend graph_backend(std::string_view backend) {
  if (backend == "cpu") return GraphBackend::cpu;
  if (backend == "rocm") return GraphBackend::rocm;
  if (backend == "vulkan") return GraphBackend::vulkan;
  if (backend == "metal") return GraphBackend::metal;
  if (backend == "sycl") return GraphBackend::sycl;
  if (backend == "opencl") return GraphBackend::opencl;
  return GraphBackend::cuda;
}

Setup begin_setup(const Question& question, const Settings& settings, GraphBackend backend,
                  std::shared_ptr<ComputeCache> compute) {
  Setup setup;
  setup.compute = compute ? std::move(compute) : std::make_shared<ComputeCache>();
  setup.backend = backend;
  const Subject& subject = question.subject;
  if (subject.from_file)
    setup.inventory = make_inventory(*subject.prepared, stored_types(*subject.prepared->tensors), settings, backend);
  else
    setup.inventory = make_inventory(*subject.prepared, question.file_type, question.imatrix, settings, backend);
  setup.inventory.model_id = subject.record.id;
  setup.memory_model = memory_model(question.runtime.memory_model);
  return setup;
}

void finish_setup(Setup& setup, const Question& question) {
  if (setup.memory_model == MemoryModel::llama_cpp) setup.layout = layout_of(setup.inventory);
  setup.profile = speed_profile(setup.inventory);
  setup.profile.doubt = question.subject.doubt;
}

Setup make_setup(const Question& question, const Settings& settings, GraphBackend backend,
                 std::shared_ptr<ComputeCache> compute) {
  Setup setup = begin_setup(question, settings, backend, std::move(compute));
  finish_setup(setup, question);
  return setup;
}

std::uint64_t Target::usable() const {
  std::uint64_t sum = 0;
  for (const Device& device : devices) sum += device.usable_bytes;
  return sum;
}

std::uint64_t Target::headroom_total() const {
  return std::accumulate(headroom.begin(), headroom.end(), std::uint64_t{0});
}

Target make_target(const Machine& machine, const Calibration& calibration, std::string_view runtime,
                   std::string_view backend, double headroom) {
  Target target;
  target.host = machine.host;
  target.link = machine.link;
  for (const Device& device : machine.devices) add_device(target, device, calibration, runtime, backend, headroom);
  target.host_constants = calibration.resolve(machine.host, runtime);
  target.host_headroom = headroom_of(machine.host.ram_bytes, headroom);
  return target;
}

Target make_target(const Question& question, const Calibration& calibration) {
  return make_target(question.machine, calibration, question.runtime.id, question.backend, question.headroom);
}

void place_on(Target& target, const Device& device, const Calibration& calibration, std::string_view runtime,
              std::string_view backend, double headroom) {
  AddedLoad added;
  for (const AddedLoad& load : target.added) added += load;
  if (!target.added.empty()) target.added = {added};
  target.devices.clear();
  target.constants.clear();
  target.overhead.clear();
  target.headroom.clear();
  add_device(target, device, calibration, runtime, backend, headroom);
  share_memory(target.host, target.devices);
}

}  // namespace canrun

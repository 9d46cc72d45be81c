#pragma once
/// A model under one file type, one set of settings and one backend: ready to be placed on any machine.

#include <memory>
#include <span>
#include <vector>

#include "canrun/estimate.hpp"
#include "canrun/inventory.hpp"
#include "graph/compute_buffers.hpp"
#include "memory/inventory_builder.hpp"
#include "memory/other_runtimes.hpp"
#include "planner/compute_cache.hpp"
#include "planner/question.hpp"
#include "speed/calibration.hpp"
#include "speed/profile.hpp"

namespace canrun {

struct Setup {
  Inventory inventory;
  SpeedProfile profile;
  GraphLayout layout;
  GraphBackend backend = GraphBackend::cuda;
  MemoryModel memory_model = MemoryModel::llama_cpp;
  std::shared_ptr<ComputeCache> compute;  ///< shared by setups that differ in context or file type alone
};

/// The backend as the graph room names it; unknown words are `cuda`.
GraphBackend graph_backend(std::string_view backend);

/// Bytes of something that is loaded beside the model: fixed, and per token of the model's context.
struct AddedLoad {
  std::uint64_t fixed = 0;
  double per_token = 0;

  [[nodiscard]] std::uint64_t at(std::uint32_t context) const {
    return fixed + static_cast<std::uint64_t>(per_token * context);
  }
  AddedLoad& operator+=(const AddedLoad& other) {
    fixed += other.fixed;
    per_token += other.per_token;
    return *this;
  }
};

/// A machine ready to be asked: constants looked up, overheads known.
struct Target {
  std::vector<Device> devices;
  std::vector<SpeedConstants> constants;  ///< one per device
  std::vector<std::uint64_t> overhead;    ///< runtime bytes per device: context and driver
  std::vector<std::uint64_t> headroom;    ///< bytes per device
  std::vector<AddedLoad> added;           ///< per device; empty where nothing is loaded beside the model
  AddedLoad added_host;
  Host host;
  HostConstants host_constants;
  std::uint64_t host_headroom = 0;
  Link link;

  [[nodiscard]] std::uint64_t usable() const;
  [[nodiscard]] std::uint64_t headroom_total() const;
  [[nodiscard]] bool host_only() const { return devices.empty(); }
};

/// `settings` may differ from the question's (another context, another workload). `compute`: the cache of a setup of
/// the same model, backend and settings but for context and file type; none starts a new one.
Setup make_setup(const Question& question, const Settings& settings, GraphBackend backend,
                 std::shared_ptr<ComputeCache> compute = nullptr);

/// `make_setup` in two steps. After the first, weights and caches are known, which may be all that is needed; the
/// second prepares what compute buffers and speed are reckoned from.
Setup begin_setup(const Question& question, const Settings& settings, GraphBackend backend,
                  std::shared_ptr<ComputeCache> compute = nullptr);
void finish_setup(Setup& setup, const Question& question);

Target make_target(const Machine& machine, const Calibration& calibration, std::string_view runtime,
                   std::string_view backend, double headroom);

/// The question's machine, runtime, backend and headroom.
Target make_target(const Question& question, const Calibration& calibration);

/// The same host with `device` alone in place of the devices.
void place_on(Target& target, const Device& device, const Calibration& calibration, std::string_view runtime,
              std::string_view backend, double headroom);

}  // namespace canrun

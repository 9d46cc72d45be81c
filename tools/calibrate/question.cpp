#include "question.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include "canrun/error.hpp"
#include "memory/inventory_builder.hpp"
#include "memory/prepared_model.hpp"
#include "model/model.hpp"
#include "quant/stored_quant.hpp"
#include "quant/tensor_types.hpp"
#include "speed/node_keys.hpp"

namespace calibrate {

using namespace canrun;

namespace {

constexpr std::string_view host_prefix = "cpu:";

std::optional<std::uint32_t> count_in(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Host host_of(const CpuRecord& cpu) {
  Host host;
  host.stated = true;
  host.bandwidth = cpu.bandwidth;
  host.read_bandwidth = cpu.visible_bandwidth;
  host.cpu = cpu.id;
  const int sockets = std::max(1, cpu.sockets);
  host.cores = (cpu.performance_cores + cpu.efficiency_cores) * sockets;
  host.performance_cores = cpu.performance_cores * sockets;
  host.ghz = cpu.all_core_ghz > 0 ? cpu.all_core_ghz : cpu.base_ghz;
  host.isa = cpu.isa;
  host.vendor = cpu.vendor;
  return host;
}

/// The processor within a measurer's description of the host, if the catalog knows it.
std::optional<Host> host_in(const Catalog& catalog, std::string_view description) {
  const std::string_view name = description.substr(0, description.find_first_of(",;("));
  if (name.empty()) return std::nullopt;
  try {
    return host_of(catalog.cpu(name).record);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The file type of a name whose exact mix no catalog lists: `Q4_K_R4` is stored as Q4_K, `IQ3_S-3.15bpw` is near
/// IQ3_S.
std::string_view plain_quant(std::string_view quant) {
  for (const std::string_view mark : {"_R4", "_R8", "-"})
    if (const auto at = quant.rfind(mark); at != std::string_view::npos && at > 0) return quant.substr(0, at);
  return quant;
}

QuantRecord quant_of(const Catalog& catalog, std::string_view name) {
  try {
    return catalog.quant(name).record;
  } catch (const Error&) {
    const std::string_view plain = plain_quant(name);
    try {
      return catalog.quant(plain).record;
    } catch (const Error&) {
      return catalog.quant(fmt::format("{}_S", plain)).record;
    }
  }
}

GraphBackend graph_backend(std::string_view name) {
  static constexpr std::pair<std::string_view, GraphBackend> table[] = {
      {"cuda", GraphBackend::cuda},   {"rocm", GraphBackend::rocm}, {"vulkan", GraphBackend::vulkan},
      {"metal", GraphBackend::metal}, {"sycl", GraphBackend::sycl}, {"opencl", GraphBackend::opencl}};
  for (const auto& [text, backend] : table)
    if (text == name) return backend;
  return GraphBackend::cpu;
}

TensorType kv_type(std::string_view name) {
  if (name.starts_with("fp8") || name.starts_with("int8")) return find_tensor_type("q8_0").value();
  if (name == "mlx-4bit") return find_tensor_type("q4_0").value();
  return find_tensor_type(name.empty() ? "f16" : name).value_or(find_tensor_type("f16").value());
}

/// Equal shares of blocks or of every block, as the runtimes split equal cards.
void spread(Placement& placement, std::uint32_t blocks, std::uint32_t devices, std::string_view split) {
  placement.devices = devices;
  placement.split = devices == 1 ? SplitMode::none : split == "tensor" ? SplitMode::tensor : SplitMode::layer;
  const std::uint32_t first = blocks - std::min(blocks, placement.gpu_layers);
  for (std::uint32_t d = 0; d < devices; ++d) {
    placement.first_block[d] = first + (blocks - first) * d / devices;
    placement.share[d] = 1.0F / static_cast<float>(devices);
  }
  placement.first_block[devices] = blocks;
}

}  // namespace

const Questions::Prepared& Questions::prepare(const Question& question, const Measurement& m) {
  Settings settings;
  settings.context = 4096;
  if (m.ubatch > 0) settings.ubatch = m.ubatch;
  settings.batch = std::max(settings.batch, settings.ubatch);
  settings.flash_attn = m.flash_attention != 0;
  settings.kv_type_k = settings.kv_type_v = kv_type(m.kv_type);
  const std::string key = fmt::format("{}|{}|{}|{}|{}|{}", m.model, m.quant, question.backend, settings.ubatch,
                                      m.kv_type, settings.flash_attn);
  if (const auto found = prepared_.find(key); found != prepared_.end()) return found->second;
  const ModelRecord record = catalog_.model(m.model).record;
  Model model = read_model(record.config_json);
  const PreparedModel ready = prepare_model(std::make_shared<const Architecture>(std::move(model.architecture)),
                                            std::make_shared<const std::vector<Tensor>>(std::move(model.tensors)));
  const FileType type = file_type(
      quant_of(catalog_, stored_quant(m.quant, catalog_.runtime(m.runtime).record.memory_model)), record.released);
  Inventory inventory;
  try {
    inventory = make_inventory(ready, type, true, settings, graph_backend(question.backend));
  } catch (const Error&) {
    // What a strict runtime refuses today another one ran: the cache is then counted as 16 bits.
    settings.kv_type_k = settings.kv_type_v = find_tensor_type("f16").value();
    settings.flash_attn = true;
    inventory = make_inventory(ready, type, true, settings, graph_backend(question.backend));
  }
  Prepared prepared;
  prepared.profile = speed_profile(inventory);
  prepared.blocks = static_cast<std::uint32_t>(inventory.blocks.size());
  prepared.file_bytes = static_cast<double>(inventory.file_bytes);
  prepared.active_weights = static_cast<double>(inventory.params_active);
  return prepared_.emplace(key, std::move(prepared)).first->second;
}

std::optional<Question> Questions::ask(const Measurement& m, std::string& why_not) {
  Question question;
  question.measurement = &m;
  question.on_host = m.device.starts_with(host_prefix);
  if (question.on_host) {
    question.host = host_of(catalog_.cpu(m.device.substr(host_prefix.size())).record);
    question.backend = "cpu";
  } else {
    question.device = catalog_.device(m.device).device;
    question.backend = m.backend.empty() ? usual_backend(question.device) : m.backend;
    if (const auto host = host_in(catalog_, m.host)) question.host = *host;
    const int generation = question.device.pcie_generation > 0 ? question.device.pcie_generation : 4;
    const int lanes = question.device.pcie_lanes > 0 ? question.device.pcie_lanes : 16;
    const LinkRecord link = catalog_.link(fmt::format("pcie{}x{}", generation, lanes));
    question.link.bandwidth = link.achieved_bandwidth > 0 ? link.achieved_bandwidth : 0.83 * link.bandwidth;
  }
  if (m.ram_bandwidth > 0) question.host.bandwidth = m.ram_bandwidth;

  const Prepared* prepared = nullptr;
  try {
    prepared = &prepare(question, m);
  } catch (const Error& error) {
    why_not = error.what();
    return std::nullopt;
  }
  question.profile = prepared->profile;
  question.file_bytes = prepared->file_bytes;
  question.active_weights = prepared->active_weights;
  const std::uint32_t blocks = prepared->blocks;
  Placement& placement = question.placement;
  if (!question.on_host) {
    placement.gpu_layers = blocks;
    const auto layers_on_device = count_in(m.gpu_layers);
    if (layers_on_device) placement.gpu_layers = std::min(*layers_on_device, blocks);
    if (m.offload == "layers" && !layers_on_device) {
      why_not = "layers on the device not stated";
      return std::nullopt;
    }
    if (m.offload == "experts") {
      const auto layers = m.cpu_moe_layers == "all" ? blocks : count_in(m.cpu_moe_layers);
      if (!layers) {
        why_not = "experts on the host not stated as layers";
        return std::nullopt;
      }
      placement.cpu_moe_layers = *layers;
    }
    question.uses_host = !m.offload.empty() || placement.gpu_layers < blocks;
    spread(placement, blocks, static_cast<std::uint32_t>(m.devices), m.split);
  }
  if (m.metric == Metric::ttft && m.prompt < 1) {
    why_not = "prompt length not stated";
    return std::nullopt;
  }
  question.tokens = m.prompt >= 1 ? m.prompt : 512;
  question.depth = std::max(0.0, m.depth);
  if (m.metric == Metric::decode) {
    if (m.depth < 0 && m.prompt > 0) question.depth = m.prompt;
    if (m.output > 0) question.depth += m.output / 2;
  }
  question.streams = m.users;
  const Demand all = question.profile.between(0, blocks);
  const double used =
      question.profile.experts_total > 0 ? question.profile.experts_used / question.profile.experts_total : 0;
  for (std::size_t c = 0; c < type_classes; ++c) question.active_bytes += all.dense[c] + used * all.experts[c];
  question.moe = all.moe_layers > 0;
  question.recurrent = all.recurrent_layers + all.delta_layers > 0;
  return question;
}

}  // namespace calibrate

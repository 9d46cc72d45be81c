#include <fmt/format.h>

#include "canrun/error.hpp"
#include "catalog/impl.hpp"
#include "catalog/name_forms.hpp"

namespace canrun {
namespace catalog {
namespace {

template <class Record>
Resolved<Record> look_up(const Layers& layers, Kind kind, std::string_view what, std::string_view name) {
  const auto found = layers.find(kind, key_of(kind, name));
  if (!found) unknown_name(layers, kind, what, name);
  Resolved<Record> resolved{decode<Record>(*found), {}};
  for (const std::string& other : found->others) {
    resolved.notes.push_back(fmt::format("\"{}\" may also mean {}: taking {}", name, other, found->id()));
  }
  return resolved;
}

}  // namespace

Device device_of(const DeviceEntry& entry) {
  Device device = entry.device;
  if (entry.memory.empty()) return device;
  device.memory_bytes = entry.memory.back();
  device.usable_bytes = entry.usable.back();
  if (entry.memory.size() > 1) {
    for (std::size_t i = 0; i < entry.memory.size(); ++i) {
      device.memory_options.push_back({entry.memory[i], entry.usable[i]});
    }
  }
  return device;
}

}  // namespace catalog

using catalog::Kind;

Resolved<ModelRecord> Catalog::model(std::string_view name) const {
  return catalog::look_up<ModelRecord>(impl_->layers, Kind::models, "model", name);
}

Resolved<QuantRecord> Catalog::quant(std::string_view name) const {
  return catalog::look_up<QuantRecord>(impl_->layers, Kind::quants, "quantisation", name);
}

ResolvedDevice Catalog::device(std::string_view name) const {
  auto resolved = catalog::look_up<catalog::DeviceEntry>(impl_->layers, Kind::devices, "GPU", name);
  return {catalog::device_of(resolved.record), 1, std::move(resolved.notes)};
}

Resolved<RuntimeRecord> Catalog::runtime(std::string_view name) const {
  return catalog::look_up<RuntimeRecord>(impl_->layers, Kind::runtimes, "runtime", name);
}

Resolved<WorkloadRecord> Catalog::workload(std::string_view name) const {
  return catalog::look_up<WorkloadRecord>(impl_->layers, Kind::workloads, "workload", name);
}

Resolved<RamRecord> Catalog::ram(std::string_view name) const {
  return catalog::look_up<RamRecord>(impl_->layers, Kind::ram, "memory type", name);
}

Resolved<CpuRecord> Catalog::cpu(std::string_view name) const {
  return catalog::look_up<CpuRecord>(impl_->layers, Kind::cpus, "processor", name);
}

LinkRecord Catalog::link(std::string_view name) const {
  return catalog::look_up<catalog::LinkEntry>(impl_->layers, Kind::links, "link", name).record.link;
}

}  // namespace canrun

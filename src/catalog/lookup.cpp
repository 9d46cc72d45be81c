#include "catalog/impl.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/resolve.hpp"

namespace canrun {
namespace catalog {

namespace {

template <class Record>
Resolved<Record> look_up(const Layers& layers, Kind kind, std::string_view what, std::string_view typed) {
  const auto found = layers.find(kind, key_of(kind, typed));
  if (!found) unknown_name(layers, kind, what, typed);
  return {decode<Record>(*found), notes_on(typed, *found)};
}

}  // namespace
}  // namespace catalog

using catalog::Kind;

Resolved<ModelRecord> Catalog::model(std::string_view name) const {
  return catalog::resolve_model(impl_->layers, name);
}

Resolved<QuantRecord> Catalog::quant(std::string_view name) const {
  return catalog::resolve_quant(impl_->layers, name);
}

ResolvedDevice Catalog::device(std::string_view name) const {
  return catalog::resolve_device(impl_->layers, name);
}

Resolved<RuntimeRecord> Catalog::runtime(std::string_view name) const {
  return catalog::look_up<RuntimeRecord>(impl_->layers, Kind::runtimes, "runtime", name);
}

Resolved<WorkloadRecord> Catalog::workload(std::string_view name) const {
  return catalog::look_up<WorkloadRecord>(impl_->layers, Kind::workloads, "workload", name);
}

Resolved<RamRecord> Catalog::ram(std::string_view name) const {
  return catalog::resolve_ram(impl_->layers, name);
}

Resolved<CpuRecord> Catalog::cpu(std::string_view name) const {
  return catalog::resolve_cpu(impl_->layers, name);
}

LinkRecord Catalog::link(std::string_view name) const {
  return catalog::resolve_link(impl_->layers, name);
}

}  // namespace canrun

#include "canrun/catalog.hpp"

#include <fmt/format.h>
#include <filesystem>

#include "canrun/error.hpp"
#include "catalog/builtin.hpp"
#include "catalog/data_folder.hpp"
#include "catalog/fields.hpp"
#include "catalog/file_name.hpp"
#include "catalog/impl.hpp"
#include "catalog/json_entry.hpp"
#include "catalog/nearest.hpp"
#include "catalog/pack.hpp"
#include "catalog/resolve.hpp"

namespace canrun {

using catalog::Kind;

Catalog::Catalog(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

const Catalog& Catalog::builtin() {
  static const Catalog catalog = [] {
    auto impl = std::make_shared<Impl>();
    impl->layers.add(catalog::builtin_blob());
    return Catalog(std::move(impl));
  }();
  return catalog;
}

Catalog Catalog::with_overlay(const std::string& directory) const {
  auto packed = std::make_shared<const std::string>(
      catalog::pack(catalog::read_folder(path_of(directory)), catalog::schemas_of(impl_->layers),
                    catalog::read_measurements(path_of(directory) / "measurements"), &impl_->layers));
  auto impl = std::make_shared<Impl>(*impl_);
  impl->layers.add(*packed, packed, directory);
  return Catalog(std::move(impl));
}

namespace {

Kind checked_kind(std::string_view kind) {
  if (const auto known = catalog::kind_named(kind)) return *known;
  throw Error(ErrorCode::unknown_name, fmt::format("there is no catalog of \"{}\"; there are {}",
                                                   catalog::printable(kind), catalog::kind_list()));
}

}  // namespace

std::string Catalog::entry_json(std::string_view kind, std::string_view id) const {
  const Kind known = checked_kind(kind);
  const auto found = impl_->layers.find_id(known, id);
  if (!found) catalog::unknown_name(impl_->layers, known, "entry", id);
  return catalog::unpack_entry(*found);
}

std::vector<std::string> Catalog::ids(std::string_view kind) const {
  std::vector<std::string> out;
  for (const catalog::Found& found : impl_->layers.all(checked_kind(kind))) out.emplace_back(found.id());
  return out;
}

namespace {

template <class Record>
std::vector<Record> decode_all(const catalog::Layers& layers, Kind kind) {
  std::vector<Record> records;
  for (const catalog::Found& found : layers.all(kind)) records.push_back(catalog::decode<Record>(found));
  return records;
}

}  // namespace

std::vector<ModelRecord> Catalog::models() const {
  return decode_all<ModelRecord>(impl_->layers, Kind::models);
}

std::vector<QuantRecord> Catalog::quants() const {
  return decode_all<QuantRecord>(impl_->layers, Kind::quants);
}

std::vector<Device> Catalog::devices() const {
  std::vector<Device> devices;
  for (const catalog::Found& found : impl_->layers.all(Kind::devices)) {
    devices.push_back(catalog::device_of(catalog::decode<catalog::DeviceEntry>(found)));
  }
  return devices;
}

std::vector<RuntimeRecord> Catalog::runtimes() const {
  return decode_all<RuntimeRecord>(impl_->layers, Kind::runtimes);
}

std::vector<WorkloadRecord> Catalog::workloads() const {
  return decode_all<WorkloadRecord>(impl_->layers, Kind::workloads);
}

std::vector<CpuRecord> Catalog::cpus() const {
  return decode_all<CpuRecord>(impl_->layers, Kind::cpus);
}

std::string_view Catalog::document(std::string_view name) const {
  if (const auto text = impl_->layers.document(name)) return *text;
  throw Error(ErrorCode::unknown_name, fmt::format("the catalogs hold no document \"{}\"", name));
}

std::vector<std::string_view> Catalog::documents(std::string_view name) const {
  return impl_->layers.documents(name);
}

}  // namespace canrun

#pragma once
/// What a Catalog holds.

#include "canrun/catalog.hpp"
#include "catalog/fields.hpp"
#include "catalog/layers.hpp"

namespace canrun {

struct Catalog::Impl {
  catalog::Layers layers;
};

namespace catalog {

/// The device with the largest of its memory sizes.
Device device_of(const DeviceEntry& entry);

}  // namespace catalog
}  // namespace canrun

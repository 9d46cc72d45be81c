#pragma once
/// What a Catalog holds.

#include "canrun/catalog.hpp"
#include "catalog/layers.hpp"

namespace canrun {

struct Catalog::Impl {
  catalog::Layers layers;
};

}  // namespace canrun

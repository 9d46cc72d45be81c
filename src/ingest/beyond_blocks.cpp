#include "ingest/beyond_blocks.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace canrun {

void set_beyond_blocks_aside(ModelFile& file) {
  const auto blocks = static_cast<std::int32_t>(file.architecture.layers.size());
  std::size_t count = 0;
  std::string first;
  for (Tensor& tensor : file.tensors) {
    if (tensor.layer < blocks) continue;
    if (count++ == 0) first = tensor.name;
    tensor.layer = -1;
    tensor.role = Role::other;
  }
  if (count > 0)
    file.warnings.push_back(
        fmt::format("{} tensors (`{}` …) belong to blocks behind the last of {}: they count as bytes but are not "
                    "used.",
                    count, first, blocks));
}

}  // namespace canrun

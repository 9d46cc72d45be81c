#include "placement/layer_placement.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "canrun/error.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;
constexpr std::uint32_t blocks = 32;

std::vector<int> devices_of(const Placement& placement) {
  std::vector<int> result;
  for (std::uint32_t b = 0; b <= blocks; ++b) result.push_back(placement.device_of(b, blocks));
  return result;
}

long count(const std::vector<int>& devices, int device) {
  return std::count(devices.begin(), devices.end(), device);
}

}  // namespace

TEST_CASE("without flags every block lies on the one device") {
  const std::vector<std::uint64_t> free{24 * gib};
  const auto placement = make_placement(blocks, free, {});
  CHECK(placement.gpu_layers == blocks + 1);
  CHECK(count(devices_of(placement), 0) == blocks + 1);
}

TEST_CASE("gpu layers put the output layer and the last blocks on the device") {
  const std::vector<std::uint64_t> free{24 * gib};
  PlacementFlags flags;
  flags.gpu_layers = 10;
  const auto placement = make_placement(blocks, free, flags);
  CHECK(placement.device_of(blocks, blocks) == 0);
  CHECK(placement.device_of(23, blocks) == 0);
  CHECK(placement.device_of(22, blocks) == Placement::host);
  CHECK(count(devices_of(placement), 0) == 10);
}

TEST_CASE("no gpu layers leave everything on the host; more than there are mean all") {
  const std::vector<std::uint64_t> free{24 * gib};
  PlacementFlags flags;
  flags.gpu_layers = 0;
  CHECK(count(devices_of(make_placement(blocks, free, flags)), Placement::host) == blocks + 1);
  for (const std::int64_t all : {std::int64_t{33}, std::int64_t{999}, std::int64_t{-1}}) {
    flags.gpu_layers = all;
    CHECK(make_placement(blocks, free, flags).gpu_layers == blocks + 1);
  }
}

TEST_CASE("blocks follow the devices' free memory") {
  const std::vector<std::uint64_t> free{24 * gib, 8 * gib};
  const auto devices = devices_of(make_placement(blocks, free, {}));
  CHECK(count(devices, 0) == 25);
  CHECK(count(devices, 1) == 8);
  CHECK(std::is_sorted(devices.begin(), devices.end()));
}

TEST_CASE("a tensor split replaces the default proportions and may leave a device out") {
  const std::vector<std::uint64_t> free{24 * gib, 24 * gib, 24 * gib};
  PlacementFlags flags;
  flags.tensor_split = {1, 0, 1};
  const auto devices = devices_of(make_placement(blocks, free, flags));
  CHECK(count(devices, 0) == 17);
  CHECK(count(devices, 1) == 0);
  CHECK(count(devices, 2) == 16);
}

TEST_CASE("split none uses the first device alone") {
  const std::vector<std::uint64_t> free{24 * gib, 24 * gib};
  PlacementFlags flags;
  flags.split = SplitMode::none;
  const auto placement = make_placement(blocks, free, flags);
  CHECK(placement.devices == 1);
  CHECK(count(devices_of(placement), 0) == blocks + 1);
}

TEST_CASE("experts of the first blocks go to the host, of all blocks on request") {
  const std::vector<std::uint64_t> free{24 * gib};
  PlacementFlags flags;
  flags.cpu_moe_layers = 5;
  auto placement = make_placement(blocks, free, flags);
  CHECK(experts_device(placement, 4, blocks) == Placement::host);
  CHECK(experts_device(placement, 5, blocks) == 0);
  flags.cpu_moe_layers = std::numeric_limits<std::int64_t>::max();
  placement = make_placement(blocks, free, flags);
  CHECK(experts_device(placement, blocks - 1, blocks) == Placement::host);
}

TEST_CASE("impossible flags are refused") {
  const std::vector<std::uint64_t> free{24 * gib, 24 * gib};
  PlacementFlags flags;
  flags.tensor_split = {1, 2, 3};
  CHECK_THROWS_AS(make_placement(blocks, free, flags), Error);
  flags.tensor_split = {1, -1};
  CHECK_THROWS_AS(make_placement(blocks, free, flags), Error);
  flags.tensor_split = {1, std::numeric_limits<double>::infinity()};
  CHECK_THROWS_AS(make_placement(blocks, free, flags), Error);
  CHECK_THROWS_AS(make_placement(blocks, std::vector<std::uint64_t>(max_devices + 1, gib), {}), Error);
  flags = {};
  flags.cpu_moe_layers = -2;
  CHECK_THROWS_AS(make_placement(blocks, free, flags), Error);
}

#include "graph/allocator.hpp"

#include "support/catch.hpp"

using canrun::graph::Address;
using canrun::graph::BlockAllocator;

TEST_CASE("An allocator rounds every block up to its alignment") {
  BlockAllocator allocator(128);
  const Address first = allocator.allocate(1);
  const Address second = allocator.allocate(130);
  CHECK(first.offset == 0);
  CHECK(second.offset == 128);
  CHECK(allocator.high_water() == 384);
}

TEST_CASE("A freed block is taken again before the buffer grows") {
  BlockAllocator allocator(32);
  const Address a = allocator.allocate(320);
  allocator.allocate(64);
  allocator.free(a, 320);
  CHECK(allocator.allocate(320).offset == 0);
  CHECK(allocator.high_water() == 384);
}

TEST_CASE("The smallest hole that fits is chosen, of equal ones the later") {
  BlockAllocator allocator(32);
  const Address wide = allocator.allocate(256);
  allocator.allocate(32);
  const Address narrow = allocator.allocate(96);
  allocator.allocate(32);
  const Address twin = allocator.allocate(96);
  allocator.allocate(32);
  allocator.free(wide, 256);
  allocator.free(narrow, 96);
  allocator.free(twin, 96);
  CHECK(allocator.allocate(96).offset == twin.offset);
  CHECK(allocator.allocate(96).offset == narrow.offset);
  CHECK(allocator.allocate(96).offset == wide.offset);
}

TEST_CASE("Neighbouring holes become one") {
  BlockAllocator allocator(32);
  const Address a = allocator.allocate(64);
  const Address b = allocator.allocate(64);
  const Address c = allocator.allocate(64);
  allocator.allocate(32);
  allocator.free(a, 64);
  allocator.free(c, 64);
  allocator.free(b, 64);
  CHECK(allocator.allocate(192).offset == 0);
  CHECK(allocator.high_water() == 224);
}

TEST_CASE("A backend with a largest allocation gets several chunks") {
  BlockAllocator allocator(32, 1024);
  allocator.allocate(800);
  const Address second = allocator.allocate(800);
  CHECK(second.chunk == 1);
  CHECK(second.offset == 0);
  CHECK(allocator.allocate(192).chunk == 0);
  CHECK(allocator.high_water() == 1792);
  CHECK(allocator.allocate(4096).chunk == 2);
}

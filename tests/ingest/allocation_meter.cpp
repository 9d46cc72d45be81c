#include "ingest/allocation_meter.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> now{0}, peak{0};
constexpr std::size_t header = 16;  // keeps the alignment that operator new promises

/// Null where there is no memory.
void* try_take(std::size_t size) noexcept {
  auto* raw = static_cast<unsigned char*>(std::malloc(size + header));
  if (raw == nullptr) return nullptr;
  *reinterpret_cast<std::size_t*>(raw) = size;
  const std::uint64_t held = now.fetch_add(size) + size;
  std::uint64_t seen = peak.load();
  while (held > seen && !peak.compare_exchange_weak(seen, held)) {
  }
  return raw + header;
}

void* take(std::size_t size) {
  void* const pointer = try_take(size);
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

void give(void* pointer) {
  if (pointer == nullptr) return;
  auto* raw = static_cast<unsigned char*>(pointer) - header;
  now.fetch_sub(*reinterpret_cast<std::size_t*>(raw));
  std::free(raw);
}

}  // namespace

void* operator new(std::size_t size) {
  return take(size);
}
void* operator new[](std::size_t size) {
  return take(size);
}
// Algorithms of the standard library ask for buffers this way.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return try_take(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return try_take(size);
}
void operator delete(void* pointer) noexcept {
  give(pointer);
}
void operator delete[](void* pointer) noexcept {
  give(pointer);
}
void operator delete(void* pointer, std::size_t) noexcept {
  give(pointer);
}
void operator delete[](void* pointer, std::size_t) noexcept {
  give(pointer);
}

namespace canrun::test {

std::uint64_t allocated_now() {
  return now.load();
}
std::uint64_t allocated_peak() {
  return peak.load();
}
void reset_allocated_peak() {
  peak.store(now.load());
}

}  // namespace canrun::test

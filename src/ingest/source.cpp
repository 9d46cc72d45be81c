#include "ingest/source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "catalog/file_name.hpp"
#include "catalog/printable.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#define CANRUN_POSIX 1
#elif defined(_WIN32)
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <io.h>
#include <windows.h>
#endif

namespace canrun {
namespace {

[[noreturn]] void cannot_read(const std::string& path, int error) {
  throw Error(ErrorCode::malformed,
              fmt::format("cannot read {}: {}", printable(path), std::generic_category().message(error)));
}

constexpr std::uint64_t first_chunk = 1u << 20;

}  // namespace

#ifdef CANRUN_POSIX

FileBytes::FileBytes(const std::string& path) {
  // Opening a FIFO or a terminal device would block.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) cannot_read(path, errno);
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    throw Error(ErrorCode::malformed,
                fmt::format("cannot read {}: it is not a regular file (a pipe is read as `-`)", printable(path)));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  if (size_ > 0) {
    void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    const int error = errno;
    ::close(file);
    if (data == MAP_FAILED) cannot_read(path, error);
    bytes_ = {static_cast<const char*>(data), size_};
    mapped_ = true;
  } else {
    ::close(file);
  }
}

FileBytes::~FileBytes() {
  if (mapped_) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

namespace {
long long read_some(int file, char* into, std::size_t most) {
  for (;;) {
    const ssize_t got = ::read(file, into, most);
    if (got >= 0 || errno != EINTR) return got;
  }
}
}  // namespace

#else

namespace {

/// Closes a handle at the end of its scope.
class Handle {
public:
  explicit Handle(HANDLE handle) : handle_(handle) {}
  ~Handle() {
    if (valid()) CloseHandle(handle_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] bool valid() const { return handle_ != nullptr && handle_ != INVALID_HANDLE_VALUE; }
  [[nodiscard]] HANDLE get() const { return handle_; }

private:
  HANDLE handle_;
};

[[noreturn]] void cannot_open(const std::string& path) {
  throw Error(ErrorCode::malformed, fmt::format("cannot read {}: {}", printable(path),
                                                std::system_category().message(static_cast<int>(GetLastError()))));
}

}  // namespace

FileBytes::FileBytes(const std::string& path) {
  const Handle file(CreateFileW(path_of(path).c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr,
                                OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file.valid()) cannot_open(path);
  LARGE_INTEGER size{};
  if (GetFileType(file.get()) != FILE_TYPE_DISK || GetFileSizeEx(file.get(), &size) == 0)
    throw Error(ErrorCode::malformed,
                fmt::format("cannot read {}: it is not a regular file (a pipe is read as `-`)", printable(path)));
  size_ = static_cast<std::uint64_t>(size.QuadPart);
  if (size_ == 0) return;
  const Handle mapping(CreateFileMappingW(file.get(), nullptr, PAGE_READONLY, 0, 0, nullptr));
  const void* data = mapping.valid() ? MapViewOfFile(mapping.get(), FILE_MAP_READ, 0, 0, 0) : nullptr;
  if (data == nullptr) cannot_open(path);
  bytes_ = {static_cast<const char*>(data), static_cast<std::size_t>(size_)};
  mapped_ = true;
}

FileBytes::~FileBytes() {
  if (mapped_) UnmapViewOfFile(bytes_.data());
}

namespace {
long long read_some(int file, char* into, std::size_t most) {
  return ::_read(file, into, static_cast<unsigned>(most));
}
}  // namespace

#endif

FileBytes::FileBytes(FileBytes&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, false)) {}

void read_stream(int file, std::uint64_t limit, const Enough& enough) {
  // Not initialised on purpose: the system provides pages only as bytes arrive.
  const std::unique_ptr<char[]> buffer(new char[limit]);
  std::uint64_t length = 0, goal = std::min(first_chunk, limit);
  for (;;) {
    bool ended = false;
    while (length < goal) {
      const long long got = read_some(file, buffer.get() + length, goal - length);
      if (got < 0) cannot_read("standard input", errno);
      if (got == 0) {
        ended = true;
        break;
      }
      length += static_cast<std::uint64_t>(got);
    }
    ended = ended || length == limit;
    if (enough({buffer.get(), length}, ended) || ended) return;
    goal = std::min(limit, goal * 2);
  }
}

}  // namespace canrun

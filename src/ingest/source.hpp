#pragma once
/// Where header bytes come from: a file mapped into memory, or the first part of a stream.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace canrun {

/// A file's bytes, mapped read-only: pages are read when touched.
class FileBytes {
public:
  /// Throws Error(malformed) naming the file and the system's reason.
  explicit FileBytes(const std::string& path);
  ~FileBytes();
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&&) = delete;
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// Size of the whole file on disk.
  [[nodiscard]] std::uint64_t size() const { return size_; }

private:
  std::string_view bytes_;
  std::uint64_t size_ = 0;
  bool mapped_ = false;
};

/// Whether the bytes so far are enough; called with ever longer prefixes, the last time with `ended` set.
using Enough = std::function<bool(std::string_view prefix, bool ended)>;

/// Reads standard input until `enough` says so, it ends, or `limit` bytes are there. Memory is used as bytes come.
/// `file` names the descriptor; standard input is 0.
void read_stream(int file, std::uint64_t limit, const Enough& enough);

}  // namespace canrun

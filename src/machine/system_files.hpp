#pragma once
/// Files of the running system, or of a recorded one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/recording.hpp"

namespace canrun {

/// Reads below a root folder. Every answer may be missing: permissions, containers and kernels differ.
class SystemFiles {
public:
  /// What is read is added to `recording`, where there is one; it must live as long.
  explicit SystemFiles(std::string_view root, Recording* recording = nullptr) : root_(root), recording_(recording) {}

  [[nodiscard]] Recording* recording() const { return recording_; }

  /// Whether this is the running system itself, so that its libraries may be asked too.
  [[nodiscard]] bool live() const { return root_ == "/"; }
  [[nodiscard]] bool exists(std::string_view path) const;
  /// The first MiB of a file, without trailing white space and NULs; empty when it cannot be read.
  [[nodiscard]] std::string text(std::string_view path) const;
  /// As `text`, unchanged: for binary tables.
  [[nodiscard]] std::string bytes(std::string_view path) const;
  /// A decimal or `0x…` number at the start of a file.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view path) const;
  /// Names in a folder, sorted; at most 4,096.
  [[nodiscard]] std::vector<std::string> list(std::string_view folder) const;
  /// Last component of a symbolic link's target (`…/drivers/amdgpu` → `amdgpu`). Recorded machines hold a plain file
  /// with the target instead.
  [[nodiscard]] std::string link_name(std::string_view path) const;

  /// Where a chain of symbolic links ends, as a path below the root; empty when it cannot be followed.
  [[nodiscard]] std::string real_path(std::string_view path) const;

private:
  [[nodiscard]] std::string full(std::string_view path) const;
  [[nodiscard]] std::string contents(std::string_view path) const;
  std::string root_;
  Recording* recording_ = nullptr;
};

/// The value behind `key` and a colon, one a line, as /proc writes them: `MemTotal:  65536 kB`. Empty when absent.
std::string field(std::string_view text, std::string_view key);

/// Whether `text` contains `part`, in any letter case (ASCII).
bool contains_word(std::string_view text, std::string_view part);

}  // namespace canrun

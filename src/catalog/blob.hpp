#pragma once
/// The packed catalog: sections of records with a sorted name index, and documents kept as text.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace canrun::catalog {

/// The kinds of catalogs, in the order of their sections.
enum class Kind : std::uint8_t { models, quants, devices, runtimes, workloads, ram, cpus, links };
inline constexpr std::size_t kKinds = 8;
std::string_view to_string(Kind kind);
std::optional<Kind> kind_named(std::string_view name);
/// `models, quants, …`, for messages.
std::string kind_list();

/// One entry of a name index.
struct NameHit {
  std::uint32_t entry = 0;
  std::vector<std::string> others;  ///< ids of entries that the name may also mean
};

/// What goes into a section while it is packed.
struct SectionSource {
  struct Name {
    std::string key;
    std::uint32_t entry = 0;
    std::vector<std::string> others;
  };
  std::vector<std::string> records;  ///< each starts with its id
  std::vector<Name> names;           ///< unique keys, any order
};

struct DocumentSource {
  std::string name, text;
};

/// Writes the packed form.
std::string write_blob(const std::vector<SectionSource>& sections, const std::vector<DocumentSource>& documents);

/// A view of a packed catalog; nothing is read before it is asked for. The bytes must outlive it.
class Blob {
public:
  /// Throws std::runtime_error when the bytes are not a packed catalog of this version.
  explicit Blob(std::string_view bytes);
  [[nodiscard]] std::uint32_t size(Kind kind) const;
  [[nodiscard]] std::string_view record(Kind kind, std::uint32_t index) const;
  /// The first field of the record.
  [[nodiscard]] std::string_view id(Kind kind, std::uint32_t index) const;
  /// Binary search for a key of name_key.hpp.
  [[nodiscard]] std::optional<NameHit> find(Kind kind, std::string_view key) const;
  [[nodiscard]] std::uint32_t name_count(Kind kind) const;
  [[nodiscard]] std::string_view name(Kind kind, std::uint32_t index) const;
  [[nodiscard]] std::uint32_t name_entry(Kind kind, std::uint32_t index) const;
  [[nodiscard]] std::optional<std::string_view> document(std::string_view name) const;

private:
  [[nodiscard]] std::uint32_t word(std::size_t offset) const;
  [[nodiscard]] std::string_view slice(std::size_t table_offset) const;
  [[nodiscard]] std::size_t section(Kind kind) const;
  std::string_view bytes_;
};

}  // namespace canrun::catalog

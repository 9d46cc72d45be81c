#pragma once
/// Packed catalogs laid over each other: the later layer's entry replaces the one with the same id below it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/blob.hpp"
#include "catalog/wire.hpp"

namespace canrun::catalog {

/// An entry of some layer.
struct Found {
  const Blob* blob = nullptr;
  Kind kind = Kind::models;
  std::uint32_t entry = 0;
  std::vector<std::string> others;  ///< ids of what the name may also mean
  std::string origin;               ///< the folder that the entry comes from; empty = built in
  std::string hides;                ///< id of the entry below that had the name
  [[nodiscard]] std::string_view id() const { return blob->id(kind, entry); }
};

class Layers {
public:
  /// `bytes` must outlive the layer, or be owned by `owner`; `origin` is what notes call the layer.
  void add(std::string_view bytes, std::shared_ptr<const std::string> owner = nullptr, std::string origin = {});

  /// The entry that a look-up key names.
  [[nodiscard]] std::optional<Found> find(Kind kind, std::string_view key) const;
  /// The entry with exactly this id.
  [[nodiscard]] std::optional<Found> find_id(Kind kind, std::string_view id) const;
  /// Every entry, in catalog order; entries that only an upper layer has come last.
  [[nodiscard]] std::vector<Found> all(Kind kind) const;
  [[nodiscard]] std::optional<std::string_view> document(std::string_view name) const;
  /// The same of every layer that has one, lowest first.
  [[nodiscard]] std::vector<std::string_view> documents(std::string_view name) const;
  /// Ids of the entries whose names come nearest to what was typed, best first.
  [[nodiscard]] std::vector<std::string> nearest(Kind kind, std::string_view typed, std::size_t count) const;

private:
  struct Layer {
    std::shared_ptr<const std::string> owner;
    std::string origin;
    Blob blob;
  };
  std::vector<std::shared_ptr<const Layer>> layers_;  ///< lowest first
};

/// Decodes an entry.
template <class Record>
Record decode(const Found& found) {
  Record record;
  Reader reader(found.blob->record(found.kind, found.entry));
  FieldReader in(reader);
  fields(in, record);
  return record;
}

/// What a reader should know about a choice: what else the name may mean, and that a catalog of their own decided.
std::vector<std::string> notes_on(std::string_view typed, const Found& found);

/// Throws Error(unknown_name): `unknown WHAT "typed": did you mean a, b or c?`.
[[noreturn]] void unknown_name(const Layers& layers, Kind kind, std::string_view what, std::string_view typed);

}  // namespace canrun::catalog

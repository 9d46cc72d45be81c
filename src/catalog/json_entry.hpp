#pragma once
/// Catalog entries between JSON and the packed form.

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "catalog/blob.hpp"
#include "catalog/layers.hpp"

namespace canrun::catalog {

/// The packed record of one entry, which has passed its schema. Throws Error(malformed) naming `where` when two parts
/// of the entry contradict each other.
std::string pack_entry(Kind kind, const nlohmann::json& entry, const std::string& where);

/// The JSON text of a packed entry; keys that hold their default are left out.
std::string unpack_entry(const Found& found);

/// How surely a name belongs to its entry; a lower rank wins where two entries claim the same key.
enum class NameRank : std::uint8_t { id, repository, alias, name, derived };

struct EntryName {
  std::string key;
  NameRank rank = NameRank::name;
  std::vector<std::string> others;  ///< ids of what the name may also mean
};

/// Every key that finds the entry. A `rare` entry (a modified card) is found only with its memory size.
std::vector<EntryName> entry_names(Kind kind, const nlohmann::json& entry);

}  // namespace canrun::catalog

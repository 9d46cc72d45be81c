#pragma once
/// A catalog file under construction: entries in order, corrections applied, written one entry a line.

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace facts {

using Json = nlohmann::ordered_json;

/// Hand-kept additions of one catalog (`data/curated/KIND.json`): `{"corrections":{id:{"set":{…},"why":"…"}},
/// "additions":{id:{…}}}`. Corrections override facts (null removes one) and leave their reason in the entry; additions
/// add what the fact tables do not hold.
struct Curated {
  Json corrections = Json::object();
  Json additions = Json::object();
  Json extra = Json::array();  ///< whole entries that no fact table has
};

Curated read_curated(const std::filesystem::path& data, const std::string& kind);

/// Merges hand-kept facts into the entries. Throws std::runtime_error for an id that no entry has.
void apply(const Curated& curated, std::vector<Json>& entries);

/// Phrases to be replaced in the texts of entries (`data/curated/wording.json`).
using Wording = std::vector<std::pair<std::string, std::string>>;
Wording read_wording(const std::filesystem::path& data);

/// Replaces the phrases in every text of the entries, the models' configurations left alone.
void reword(const Wording& wording, std::vector<Json>& entries);

/// Writes `{"kind":…,"about":…,"entries":[…]}` with one entry a line.
void write_catalog(const std::filesystem::path& file, const std::string& kind, const std::string& about,
                   const std::vector<Json>& entries);

/// Sets `key` unless the value is empty.
void put(Json& entry, const char* key, const std::string& value);
void put(Json& entry, const char* key, const std::vector<std::string>& value);

/// A JSON number without needless decimals: 24 rather than 24.0.
Json number(double value);

std::vector<Json> build_models(const std::filesystem::path& facts);
std::vector<Json> build_devices(const std::filesystem::path& facts);
std::vector<Json> build_cpus(const std::filesystem::path& facts);
std::vector<Json> build_ram(const std::filesystem::path& facts);
std::vector<Json> build_links(const std::filesystem::path& facts);

}  // namespace facts

#include "entries.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <stdexcept>

namespace facts {
namespace {

Json read_json(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error(fmt::format("{}: cannot be opened", file.string()));
  return Json::parse(stream);
}

Json& find(std::vector<Json>& entries, const std::string& id) {
  for (Json& entry : entries) {
    if (entry.at("id") == id) return entry;
  }
  throw std::runtime_error(fmt::format("curated facts name \"{}\", which no fact table has", id));
}

}  // namespace

Curated read_curated(const std::filesystem::path& data, const std::string& kind) {
  const std::filesystem::path file = data / "curated" / (kind + ".json");
  Curated curated;
  if (!std::filesystem::exists(file)) return curated;
  const Json json = read_json(file);
  curated.corrections = json.value("corrections", Json::object());
  curated.additions = json.value("additions", Json::object());
  curated.extra = json.value("extra", Json::array());
  return curated;
}

void apply(const Curated& curated, std::vector<Json>& entries) {
  for (const auto& [id, correction] : curated.corrections.items()) {
    Json& entry = find(entries, id);
    for (const auto& [key, value] : correction.at("set").items()) {
      if (key.starts_with("/")) {
        entry[Json::json_pointer(key)] = value;  // a place inside, such as /config/sliding_window
      } else if (value.is_null()) {
        entry.erase(key);
      } else {
        entry[key] = value;
      }
    }
    entry["correction"] = correction.at("why");
  }
  for (const auto& [id, addition] : curated.additions.items()) {
    Json& entry = find(entries, id);
    for (const auto& [key, value] : addition.items()) {
      if (value.is_array() && entry.contains(key)) {
        entry[key].insert(entry[key].end(), value.begin(), value.end());
      } else {
        entry[key] = value;
      }
    }
  }
  for (const Json& entry : curated.extra) entries.push_back(entry);
}

Wording read_wording(const std::filesystem::path& data) {
  const std::filesystem::path file = data / "curated" / "wording.json";
  if (!std::filesystem::exists(file)) return {};
  return read_json(file).at("replace").get<Wording>();
}

void reword(const Wording& wording, std::vector<Json>& entries) {
  for (Json& entry : entries) {
    for (auto& [key, value] : entry.items()) {
      if (!value.is_string()) continue;
      std::string text = value.get<std::string>();
      for (const auto& [from, to] : wording) {
        for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
          text.replace(at, from.size(), to);
        }
      }
      value = text;
    }
  }
}

void write_catalog(const std::filesystem::path& file, const std::string& kind, const std::string& about,
                   const std::vector<Json>& entries) {
  std::ofstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(fmt::format("{}: cannot be written", file.string()));
  stream << "{\n\"$schema\": \"schemas/" << kind << ".schema.json\",\n\"kind\": \"" << kind
         << "\",\n\"about\": " << Json(about).dump() << ",\n\"entries\": [\n";
  for (std::size_t i = 0; i < entries.size(); ++i) {
    stream << entries[i].dump() << (i + 1 < entries.size() ? ",\n" : "\n");
  }
  stream << "]\n}\n";
}

void put(Json& entry, const char* key, const std::string& value) {
  if (!value.empty()) entry[key] = value;
}

void put(Json& entry, const char* key, const std::vector<std::string>& value) {
  if (!value.empty()) entry[key] = value;
}

Json number(double value) {
  if (value == std::floor(value) && std::abs(value) < 9e15) return static_cast<std::int64_t>(value);
  return value;
}

}  // namespace facts

#include "catalog/pack.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <filesystem>
#include <unordered_map>

#include "canrun/error.hpp"
#include "catalog/blob.hpp"
#include "catalog/json_entry.hpp"
#include "catalog/measurement_table.hpp"
#include "catalog/schema.hpp"

namespace canrun::catalog {
namespace {

using nlohmann::json;

/// One section while entries arrive: who claims which key, and how surely.
class Section {
public:
  explicit Section(Kind kind) : kind_(kind) {}

  void add(const json& entry, const std::string& where) {
    const auto index = static_cast<std::uint32_t>(source_.records.size());
    source_.records.push_back(pack_entry(kind_, entry, where));
    ids_.push_back(entry.at("id").get<std::string>());
    for (EntryName& name : entry_names(kind_, entry)) claim(std::move(name), index, where);
  }

  SectionSource finish() {
    for (auto& [key, claim] : claims_) source_.names.push_back({key, claim.entry, std::move(claim.others)});
    return std::move(source_);
  }

private:
  struct Claim {
    std::uint32_t entry = 0;
    NameRank rank = NameRank::derived;
    std::vector<std::string> others;
  };

  void claim(EntryName name, std::uint32_t index, const std::string& where) {
    const auto [it, fresh] = claims_.try_emplace(name.key, Claim{index, name.rank, name.others});
    Claim& held = it->second;
    if (fresh) return;
    if (held.entry == index) {
      if (name.rank < held.rank) held.rank = name.rank;
      if (!name.others.empty()) held.others = std::move(name.others);
      return;
    }
    if (name.rank < held.rank) {
      held = Claim{index, name.rank, std::move(name.others)};
    } else if (name.rank == held.rank) {
      if (name.rank <= NameRank::alias) {
        throw Error(ErrorCode::malformed, fmt::format("{}: found a name that \"{}\" has as well (both are looked up as "
                                                      "\"{}\"), expected a name of its own",
                                                      where, ids_[held.entry], name.key));
      }
      held.others.push_back(ids_[index]);
    }
  }

  Kind kind_;
  SectionSource source_;
  std::vector<std::string> ids_;
  std::unordered_map<std::string, Claim> claims_;
};

const std::string& schema_text(const Schemas& schemas, const std::string& stem, const std::string& file) {
  const auto it = schemas.find(stem);
  if (it == schemas.end()) {
    throw Error(ErrorCode::malformed, fmt::format("{}: there is no schema {}.schema.json to check it by", file, stem));
  }
  return it->second;
}

Kind kind_of(const json& document, const std::string& file) {
  const json& name = document.at("kind");
  if (name.is_string()) {
    if (const auto kind = kind_named(name.get<std::string>())) return *kind;
  }
  std::string kinds;
  for (std::size_t i = 0; i < kKinds; ++i) kinds += (i > 0 ? ", " : "") + std::string(to_string(static_cast<Kind>(i)));
  throw Error(ErrorCode::malformed, fmt::format("{}: $.kind: found {}, expected one of {}", file, name.dump(), kinds));
}

}  // namespace

std::string pack(const std::vector<SourceFile>& files, const Schemas& schemas,
                 const std::vector<SourceFile>& measurements) {
  std::vector<Section> sections;
  for (std::size_t i = 0; i < kKinds; ++i) sections.emplace_back(static_cast<Kind>(i));
  std::map<std::string, json> parsed_schemas;
  std::vector<DocumentSource> documents;
  for (const auto& [stem, text] : schemas) {
    parsed_schemas[stem] = parse_json(text, stem + ".schema.json");
    documents.push_back({"schema/" + stem, text});
  }
  for (const SourceFile& file : files) {
    const json document = parse_json(file.text, file.path);
    if (!document.is_object()) {
      throw Error(ErrorCode::malformed,
                  fmt::format("{}: $: found {}, expected an object", file.path, document.type_name()));
    }
    const std::string stem = std::filesystem::path(file.path).stem().string();
    if (!document.contains("kind") || !document.contains("entries")) {
      if (const auto it = parsed_schemas.find(stem); it != parsed_schemas.end()) {
        check_schema(document, it->second, file.path);
      }
      documents.push_back({stem, file.text});
      continue;
    }
    const Kind kind = kind_of(document, file.path);
    schema_text(schemas, std::string(to_string(kind)), file.path);
    check_schema(document, parsed_schemas.at(std::string(to_string(kind))), file.path);
    const json& entries = document.at("entries");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string where =
          fmt::format("{}: $.entries[{}](id {})", file.path, i, entries[i].at("id").dump(-1, ' ', true));
      sections[static_cast<std::size_t>(kind)].add(entries[i], where);
    }
  }
  if (!measurements.empty()) {
    const std::string& schema = schema_text(schemas, "measurements", measurements.front().path);
    documents.push_back({"measurements", measurement_table(measurements, schema)});
  }
  std::vector<SectionSource> sources;
  for (Section& section : sections) sources.push_back(section.finish());
  return write_blob(sources, documents);
}

}  // namespace canrun::catalog

#include "catalog/pack.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "canrun/error.hpp"
#include "catalog/blob.hpp"
#include "catalog/file_name.hpp"
#include "catalog/json_entry.hpp"
#include "catalog/measurement_table.hpp"
#include "catalog/nearest.hpp"
#include "catalog/number_table.hpp"
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

  [[nodiscard]] bool holds(std::string_view id) const { return std::ranges::find(ids_, id) != ids_.end(); }

  SectionSource finish() {
    for (auto& [key, claim] : claims_) source_.names.push_back({key, claim.entry, std::move(claim.others)});
    return std::move(source_);
  }

private:
  struct Claim {
    std::uint32_t entry = 0;
    NameRank rank = NameRank::derived;
    std::vector<std::string> others;
    bool listed = false;  ///< `others` was written down in the entry and is complete

    void also(const std::string& id) {
      if (std::find(others.begin(), others.end(), id) == others.end()) others.push_back(id);
    }
  };

  void claim(EntryName name, std::uint32_t index, const std::string& where) {
    const auto [it, fresh] = claims_.try_emplace(name.key, Claim{index, name.rank, name.others, !name.others.empty()});
    Claim& held = it->second;
    if (fresh) return;
    if (held.entry == index) {
      if (name.rank < held.rank) held.rank = name.rank;
      if (!name.others.empty()) {
        held.others = std::move(name.others);
        held.listed = true;
      }
      return;
    }
    // `RTX 2060` is the id of one card and a short name of another: whoever asks for it should learn of both.
    const bool remember = kind_ == Kind::devices && name.rank == NameRank::derived && held.rank <= NameRank::name;
    if (name.rank < held.rank) {
      const bool was_derived = kind_ == Kind::devices && held.rank == NameRank::derived && name.others.empty();
      std::vector<std::string> others = std::move(name.others);
      if (was_derived) {
        others = std::move(held.others);
        others.insert(others.begin(), ids_[held.entry]);
      }
      const bool listed = !was_derived && !others.empty();
      held = Claim{index, name.rank, std::move(others), listed};
    } else if (remember) {
      if (!held.listed) held.also(ids_[index]);
    } else if (name.rank == held.rank) {
      if (name.rank <= NameRank::alias) {
        throw Error(ErrorCode::malformed, fmt::format("{}: found a name that \"{}\" has as well (both are looked up as "
                                                      "\"{}\"), expected a name of its own",
                                                      where, ids_[held.entry], name.key));
      }
      held.also(ids_[index]);
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
  for (const char* key : {"kind", "entries"}) {
    if (!document.contains(key)) {
      throw Error(ErrorCode::malformed, fmt::format("{}: $: found no key \"{}\", expected it beside \"{}\"", file, key,
                                                    std::string_view(key) == "kind" ? "entries" : "kind"));
    }
  }
  const json& name = document.at("kind");
  if (name.is_string()) {
    if (const auto kind = kind_named(name.get<std::string>())) return *kind;
  }
  throw Error(ErrorCode::malformed,
              fmt::format("{}: $.kind: found {}, expected one of {}", file, name.dump(-1, ' ', true), kind_list()));
}

/// A document may only be laid over one that there is: any other name is a catalog with its heading forgotten.
void check_document_name(const std::string& stem, const std::string& file, const Layers* below) {
  if (below == nullptr || below->document(stem)) return;
  throw Error(ErrorCode::malformed,
              fmt::format("{}: $: found neither \"kind\" nor a document that the program knows, expected "
                          "{{\"kind\": …, \"entries\": […]}} with kind one of {}",
                          file, kind_list()));
}

/// A user's measurement of a device or model that nobody knows would never be found again. The lines have passed their
/// schema.
void check_measured_names(const std::vector<SourceFile>& files, const std::vector<Section>& sections,
                          const Layers& below) {
  const auto known = [&](Kind kind, std::string_view id) {
    return sections[static_cast<std::size_t>(kind)].holds(id) || below.find_id(kind, id).has_value();
  };
  constexpr std::string_view host_alone = "cpu:";
  for (const SourceFile& file : files) {
    std::string_view rest = file.text;
    for (int number = 1; !rest.empty(); ++number) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view text = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (text.empty()) continue;
      const std::string where = fmt::format("{}:{}", file.path, number);
      const json line = parse_json(text, where);
      std::string device = line.at("device");
      const bool cpu = device.starts_with(host_alone);
      if (cpu) device.erase(0, host_alone.size());
      if (!known(cpu ? Kind::cpus : Kind::devices, device))
        throw Error(
            ErrorCode::malformed,
            fmt::format("{}: $.device: found \"{}\", expected the id of a {} (`canrun catalog list {}`)", where,
                        printable(device), cpu ? "processor behind `cpu:`" : "device", cpu ? "cpus" : "devices"));
      if (const std::string model = line.at("model"); !known(Kind::models, model))
        throw Error(ErrorCode::malformed,
                    fmt::format("{}: $.model: found \"{}\", expected the id of a model (`canrun catalog list models`)",
                                where, printable(model)));
    }
  }
}

}  // namespace

Schemas schemas_of(const Layers& layers) {
  Schemas schemas;
  for (std::size_t i = 0; i < kKinds; ++i) {
    const std::string name(to_string(static_cast<Kind>(i)));
    if (const auto text = layers.document("schema/" + name)) schemas[name] = *text;
  }
  if (const auto text = layers.document("schema/measurements")) schemas["measurements"] = *text;
  return schemas;
}

std::string pack(const std::vector<SourceFile>& files, const Schemas& schemas,
                 const std::vector<SourceFile>& measurements, const Layers* below) {
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
    const std::string stem = name_of(path_of(file.path).stem());
    if (!document.contains("kind") && !document.contains("entries")) {
      check_document_name(stem, file.path, below);
      if (const auto it = parsed_schemas.find(stem); it != parsed_schemas.end()) {
        check_schema(document, it->second, file.path);
      }
      documents.push_back({stem, stem == "calibration" ? number_table(document) : file.text});
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
    const std::string stem = "measurements";
    documents.push_back({stem, measurement_table(measurements, schema_text(schemas, stem, measurements.front().path))});
    if (below != nullptr) check_measured_names(measurements, sections, *below);
  }
  std::vector<SectionSource> sources;
  for (Section& section : sections) sources.push_back(section.finish());
  return write_blob(sources, documents);
}

}  // namespace canrun::catalog

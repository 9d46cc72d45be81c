#include <fmt/format.h>

#include <fstream>
#include <map>
#include <stdexcept>

#include "csv.hpp"
#include "entries.hpp"

namespace facts {
namespace {

/// Takes the remarks (`_source` …) out of a configuration, so that what is left is what the hub serves.
Json take_remarks(Json& config) {
  Json remarks = Json::object();
  for (const char* key : {"_source", "_unsourced"}) {
    const auto it = config.find(key);
    if (it == config.end()) continue;
    remarks[key] = *it;
    config.erase(it);
  }
  return remarks;
}

std::string join(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty() || a == b) return a.empty() ? b : a;
  return a + "; " + b;
}

/// The format of the released checkpoint, as the configuration's quantization_config or dtype says.
std::string released_as(const Json& config) {
  const Json& text = config.contains("text_config") ? config.at("text_config") : config;
  for (const Json* part : {&config, &text}) {
    const auto quantization = part->find("quantization_config");
    if (quantization == part->end()) continue;
    const std::string method = quantization->value("quant_method", std::string());
    if (method == "fp8") return "FP8";
    if (method == "mxfp4") return "MXFP4";
  }
  for (const Json* part : {&config, &text}) {
    for (const char* key : {"dtype", "torch_dtype"}) {
      const std::string dtype = part->value(key, std::string());
      if (dtype == "float32") return "F32";
      if (dtype == "float16") return "F16";
      if (dtype == "bfloat16") return "BF16";
    }
  }
  return "BF16";
}

Json build_model(const Row& row, Json config, const std::string& unsupported) {
  const Json remarks = take_remarks(config);
  Json entry;
  entry["id"] = row.text("id");
  entry["name"] = row.text("name");
  put(entry, "repository", row.text("hf_repo"));
  put(entry, "organisation", row.text("org"));
  put(entry, "family", row.text("family"));
  put(entry, "released", row.text("released"));
  put(entry, "license", row.text("license"));
  put(entry, "capabilities", row.list("capabilities"));
  const std::pair<const char*, const char*> counts[] = {
      {"context_tokens", "context_max"},  {"params_total", "params_total"}, {"params_active", "params_active"},
      {"params_stated", "params_stated"}, {"params_text", "params_text"},   {"params_mtp", "params_mtp"},
      {"params_vision", "params_vision"}};
  for (const auto& [column, key] : counts) {
    if (const auto value = row.number(column); value && *value > 0) entry[key] = number(*value);
  }
  put(entry, "unsupported_reason", unsupported);
  entry["released_as"] = released_as(config);
  entry["config"] = std::move(config);
  entry["source"] = join(row.text("source"), remarks.value("_source", std::string()));
  if (row.text("source_meta") != "memory") {
    put(entry, "source_meta", row.text("source_meta"));
  } else {
    entry["source_meta"] = "general knowledge";
  }
  entry["confidence"] = row.text("confidence");
  put(entry, "params_source", row.text("params_source"));
  if (remarks.contains("_unsourced")) entry["unsourced"] = remarks.at("_unsourced");
  put(entry, "note", row.text("note"));
  return entry;
}

}  // namespace

std::vector<Json> build_models(const std::filesystem::path& facts) {
  std::map<std::string, std::string> unsupported;
  for (const Row& row : read_csv(facts / "llamacpp_unsupported.csv")) {
    unsupported[row.text("model")] = row.text("reason");
  }
  std::vector<Json> entries;
  for (const Row& row : read_csv(facts / "models" / "models.csv")) {
    const std::filesystem::path file = facts / "models" / row.text("config_file");
    std::ifstream stream(file);
    if (!stream) throw std::runtime_error(fmt::format("{}: cannot be opened", file.string()));
    const auto it = unsupported.find(row.text("id"));
    entries.push_back(build_model(row, Json::parse(stream), it == unsupported.end() ? "" : it->second));
  }
  return entries;
}

}  // namespace facts

#include "ingest/checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "catalog/file_name.hpp"
#include "catalog/printable.hpp"
#include "ingest/beyond_blocks.hpp"
#include "ingest/byte_reader.hpp"
#include "ingest/checkpoint_quantization.hpp"
#include "ingest/checkpoint_tensors.hpp"
#include "ingest/config_text.hpp"
#include "ingest/guessed_architecture.hpp"
#include "ingest/safetensors.hpp"
#include "ingest/source.hpp"
#include "model/config.hpp"
#include "model/model.hpp"

namespace canrun {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t max_folder_entries = 10000;
constexpr std::size_t max_index_bytes = 40u << 20;
constexpr std::string_view index_ending = ".safetensors.index.json";

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

/// Reads the shape from the configuration; `file.tensors` may be there already and says whether MTP blocks are stored.
void read_architecture(ModelFile& file, const std::string& name) {
  const std::uint64_t vision = file.architecture.vision_params;
  try {
    Model model = read_model(file.config_json);
    const bool mtp_stored = std::ranges::any_of(file.tensors, [&](const Tensor& t) {
      return t.layer >= static_cast<std::int32_t>(model.architecture.trunk_layers);
    });
    if (mtp_stored) model = read_model(file.config_json, {all_mtp, false});
    file.architecture = std::move(model.architecture);
    if (file.tensors.empty()) {
      const ParameterCounts counts = count_parameters(file.architecture, model.tensors);
      file.params = counts.total + counts.mtp;
    }
  } catch (const Error& e) {
    if (e.code() != ErrorCode::unsupported_architecture) throw Error(e.code(), fmt::format("{}: {}", name, e.what()));
    guess_architecture(file, e.what());
  }
  if (file.architecture.vision_params == 0) file.architecture.vision_params = vision;
  set_beyond_blocks_aside(file);
}

void read_config(ModelFile& file, const std::string& json, const std::string& name) {
  check_config_text(json, name);
  file.config_json = json;
  try {
    const Config config = Config::parse(json);
    file.quantization = checkpoint_quantization(config);
    file.repository = printable(config.text("_name_or_path"), 120);
    if (file.repository.find('/') == std::string::npos) file.repository.clear();
    file.tokenizer_size = config.u32_or({"vocab_size"}, 0);
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("{}: {}", name, e.what()));
  }
}

/// ModelOpt writes its quantisation into a file of its own.
void read_modelopt(ModelFile& file, const fs::path& folder) {
  const fs::path path = folder / "hf_quant_config.json";
  if (file.quantization.method != "none" || !is_file(path)) return;
  file.quantization = checkpoint_quantization(Config::parse(read_config_text(name_of(path))));
}

void add_shard(CheckpointTensors& tensors, ModelFile& file, const std::string& path) {
  const FileBytes bytes(path);
  const std::string name = printable(path);
  if (bytes.bytes().empty()) throw Error(ErrorCode::malformed, fmt::format("{}: is empty", name));
  const SafetensorsSummary summary = read_safetensors_header(
      bytes.bytes(), name, bytes.size(), [&](StoredTensor&& tensor) { tensors.add(std::move(tensor)); });
  file.header_bytes += summary.header_bytes;
  file.file_bytes += bytes.size();
  if (summary.header_bytes + summary.data_bytes > bytes.size())
    throw Error(ErrorCode::malformed,
                fmt::format("{}: at offset {}: the file ends, but its tensors reach to offset {}: an interrupted "
                            "download? To go by the header alone, give it on standard input: canrun - < FILE",
                            name, bytes.size(), summary.header_bytes + summary.data_bytes));
}

/// `x-00002-of-00005.safetensors` → the five names; any other name alone.
std::vector<std::string> shard_names(const std::string& name) {
  constexpr std::string_view example = "-00002-of-00005.safetensors";
  if (name.size() < example.size()) return {name};
  const std::string stem = name.substr(0, name.size() - example.size());
  const std::string_view tail = std::string_view(name).substr(stem.size());
  int count = 0;
  const auto [end, error] = std::from_chars(tail.data() + 10, tail.data() + 15, count);
  const bool numbered = tail[0] == '-' && tail.substr(6, 4) == "-of-" && tail.substr(15) == ".safetensors";
  if (!numbered || error != std::errc() || end != tail.data() + 15 || count < 1 || count > 2000) return {name};
  std::vector<std::string> names;
  for (int i = 1; i <= count; ++i) names.push_back(fmt::format("{}-{:05}-of-{:05}.safetensors", stem, i, count));
  return names;
}

std::vector<std::string> index_names(const fs::path& path) {
  const FileBytes index(name_of(path));
  if (index.size() > max_index_bytes)
    throw Error(ErrorCode::malformed,
                fmt::format("{}: has {} bytes, more than any index", printable(name_of(path)), index.size()));
  return safetensors_index_files(index.bytes(), printable(name_of(path)));
}

/// Shards of a folder: those of its index, else every safetensors file that is not another form of the same weights.
std::vector<std::string> folder_names(const fs::path& folder) {
  std::vector<std::string> names;
  std::vector<fs::path> indices;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator it(folder, error), end; it != end && seen < max_folder_entries;
       it.increment(error), ++seen) {
    const std::string name = name_of(it->path().filename());
    if (name.ends_with(index_ending))
      indices.push_back(it->path());
    else if (name.ends_with(".safetensors"))
      names.push_back(name);
  }
  std::sort(indices.begin(), indices.end());
  const auto usual =
      std::ranges::find_if(indices, [](const fs::path& p) { return p.filename() == "model.safetensors.index.json"; });
  if (usual != indices.end()) return index_names(*usual);
  if (!indices.empty()) return index_names(indices.front());
  std::sort(names.begin(), names.end());
  if (std::ranges::find(names, "model.safetensors") != names.end()) return {"model.safetensors"};
  const auto consolidated = [](const std::string& name) { return name.starts_with("consolidated"); };
  if (!std::ranges::all_of(names, consolidated)) std::erase_if(names, consolidated);
  return names;
}

void require_shards(const fs::path& folder, const std::vector<std::string>& names) {
  std::size_t missing = 0;
  std::string first;
  for (const std::string& name : names)
    if (!is_file(folder / name) && missing++ == 0) first = printable(name);
  if (missing > 0)
    throw Error(ErrorCode::malformed,
                fmt::format("{}: {} of {} shards are not there ({}{}): put all of them in one folder",
                            printable(name_of(folder)), missing, names.size(), first, missing > 1 ? " …" : ""));
}

ModelFile read_shards(const fs::path& folder, const std::vector<std::string>& names, const std::string& shown) {
  require_shards(folder, names);
  ModelFile file;
  file.format = FileFormat::safetensors;
  file.quantization = {"none", 16, 0, "BF16"};
  file.parts = static_cast<std::uint32_t>(names.size());
  const bool configured = is_file(folder / "config.json");
  if (configured)
    read_config(file, read_config_text(name_of(folder / "config.json")), printable(name_of(folder / "config.json")));
  read_modelopt(file, folder);
  CheckpointTensors tensors(file.quantization);
  for (const std::string& name : names) add_shard(tensors, file, name_of(folder / path_of(name)));
  tensors.finish(file);
  const bool adapter =
      std::ranges::any_of(file.tensors, [](const Tensor& t) { return t.name.find("lora_") != std::string::npos; });
  if (adapter)
    file.kind = FileKind::adapter;
  else if (configured)
    read_architecture(file, shown);
  else
    guess_architecture(file, fmt::format("there is no config.json beside {}", shown));
  return file;
}

}  // namespace

ModelFile read_config_model(std::string_view config_json, const std::string& name) {
  ModelFile file;
  file.format = FileFormat::config;
  read_config(file, std::string(config_json), name);
  read_architecture(file, name);
  return file;
}

ModelFile read_safetensors_model(std::string_view bytes, const std::string& name, std::uint64_t total_bytes) {
  ModelFile file;
  file.format = FileFormat::safetensors;
  file.quantization = {"none", 16, 0, "BF16"};
  CheckpointTensors tensors(file.quantization);
  const SafetensorsSummary summary =
      read_safetensors_header(bytes, name, total_bytes, [&](StoredTensor&& tensor) { tensors.add(std::move(tensor)); });
  file.header_bytes = summary.header_bytes;
  file.file_bytes = total_bytes;
  tensors.finish(file);
  guess_architecture(file, "a safetensors file alone has no configuration");
  return file;
}

ModelFile read_checkpoint(const std::string& path) {
  const std::string shown = printable(path);
  const fs::path given = path_of(path);
  std::error_code error;
  if (fs::is_directory(given, error)) {
    const std::vector<std::string> names = folder_names(given);
    if (!names.empty()) return read_shards(given, names, shown);
    return read_config_model(read_config_text(name_of(given / "config.json")),
                             printable(name_of(given / "config.json")));
  }
  const std::string name = name_of(given.filename());
  const fs::path folder = given.parent_path();
  if (name.ends_with(index_ending)) return read_shards(folder, index_names(given), shown);
  if (name.ends_with(".json")) return read_config_model(read_config_text(path), shown);
  return read_shards(folder, shard_names(name), shown);
}

bool is_checkpoint_folder(const std::string& folder) {
  const fs::path path = path_of(folder);
  if (is_file(path / "config.json")) return true;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator it(path, error), end; it != end && seen < max_folder_entries; it.increment(error), ++seen)
    if (it->path().extension() == ".safetensors") return true;
  return false;
}

}  // namespace canrun

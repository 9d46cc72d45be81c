#include "ingest/model_file.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "canrun/error.hpp"
#include "catalog/file_name.hpp"
#include "catalog/printable.hpp"
#include "ingest/checkpoint.hpp"
#include "ingest/gguf_file.hpp"
#include "ingest/safetensors.hpp"
#include "ingest/source.hpp"

namespace canrun {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t max_folder_entries = 10000;

/// The file's name without its ending; of files that are called the same in every checkpoint, that of their folder.
std::string stem_of(const std::string& given) {
  fs::path path = path_of(given);
  if (path.filename().empty()) path = path.parent_path();
  std::string stem = name_of(path.stem());
  const bool everyones = stem == "config" || stem == "consolidated" || stem == "model" || stem.starts_with("model-0") ||
                         stem.starts_with("model.safetensors");
  const std::string folder = name_of(path.parent_path().filename());
  if (everyones && !folder.empty() && folder != "." && folder != "..") stem = folder;
  return printable(stem, 120);
}

ModelFile read_gguf_set(const std::string& path) {
  std::vector<FileBytes> files;  // keeps the views of the headers alive
  std::vector<GgufPart> parts;
  std::vector<std::string> missing;
  const std::vector<std::string> paths = gguf_part_paths(path);
  for (const std::string& part : paths) {
    std::error_code error;
    if (paths.size() > 1 && !fs::exists(path_of(part), error))
      missing.push_back(printable(name_of(path_of(part).filename())));
  }
  if (!missing.empty()) {
    const std::size_t count = missing.size();
    missing.resize(std::min<std::size_t>(count, 3));
    throw Error(
        ErrorCode::malformed,
        fmt::format("{}: {} of the {} parts of this split set are not beside it ({}{}): put all parts in one folder",
                    printable(path), count, paths.size(), fmt::join(missing, ", "), count > 3 ? " …" : ""));
  }
  files.reserve(paths.size());
  for (const std::string& part : paths) {
    const FileBytes& file = files.emplace_back(part);
    const std::string name = printable(part);
    parts.push_back({name, read_gguf_header(file.bytes(), name), file.size()});
  }
  ModelFile model = gguf_model(parts);
  model.loaded = paths.front();
  if (paths.size() == 1) {
    const std::uint64_t count = parts.front().header.unsigned_number("split.count").value_or(1);
    if (count > 1)
      model.warnings.push_back(
          fmt::format("{}: is one of {} parts of a split set but is not named as one (…-00001-of-{:05}.gguf): only its "
                      "own tensors are "
                      "counted.",
                      printable(path), count, count));
  }
  return model;
}

[[noreturn]] void not_a_model(const std::string& name, std::string_view bytes) {
  throw Error(
      ErrorCode::malformed,
      fmt::format("{}: at offset 0: found `{}`, but a GGUF file begins with `GGUF`, a safetensors file with the length "
                  "of its header, a configuration with `{{`",
                  name, printable(bytes.substr(0, 8))));
}

char first_letter(std::string_view bytes) {
  const auto at = bytes.substr(0, 64).find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : bytes[at];
}

ModelFile read_regular_file(const std::string& path) {
  const FileBytes file(path);
  if (is_gguf(file.bytes())) return read_gguf_set(path);
  if (path.ends_with(".safetensors") || is_safetensors(file.bytes()) || first_letter(file.bytes()) == '{')
    return read_checkpoint(path);
  return read_model_bytes(file.bytes(), printable(path), file.size());
}

bool has_extension(const fs::path& path, std::string_view extension) {
  return name_of(path.extension()) == extension;
}

/// Model files of a folder: one path per model (the first part stands for a split set).
std::vector<std::string> gguf_models_in(const fs::path& folder, std::vector<std::string>& projectors) {
  std::vector<std::string> models;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator it(folder, error), end; it != end && seen < max_folder_entries;
       it.increment(error), ++seen) {
    if (!has_extension(it->path(), ".gguf")) continue;
    const std::string path = name_of(it->path());
    const bool projector = name_of(it->path().filename()).find("mmproj") != std::string::npos;
    (projector ? projectors : models).push_back(gguf_part_paths(path).front());
  }
  std::sort(models.begin(), models.end());
  models.erase(std::unique(models.begin(), models.end()), models.end());
  return models;
}

/// A folder of the Hugging Face cache (`models--org--name`) holds its files under snapshots/REVISION.
fs::path inner_folder(const fs::path& folder) {
  std::error_code error;
  fs::path found = folder;
  std::size_t revisions = 0;
  for (fs::directory_iterator it(folder / "snapshots", error), end; it != end && revisions < 2; it.increment(error)) {
    found = it->path();
    ++revisions;
  }
  return revisions == 1 ? found : folder;
}

bool holds_model(const fs::path& folder) {
  if (is_checkpoint_folder(name_of(folder))) return true;
  std::error_code error;
  std::size_t seen = 0;
  for (fs::directory_iterator it(folder, error), end; it != end && seen < max_folder_entries;
       it.increment(error), ++seen)
    if (has_extension(it->path(), ".gguf")) return true;
  return false;
}

ModelFile read_folder(const std::string& path) {
  const fs::path folder = inner_folder(path_of(path));
  std::vector<std::string> projectors;
  const std::vector<std::string> models = gguf_models_in(folder, projectors);
  if (models.empty() && is_checkpoint_folder(name_of(folder))) return read_checkpoint(name_of(folder));
  if (models.empty())
    throw Error(ErrorCode::malformed,
                fmt::format("{}: this folder holds no .gguf, .safetensors or config.json", printable(path)));
  if (models.size() > 1) {
    std::vector<std::string> names;
    for (const std::string& model : models)
      if (names.size() < 5) names.push_back(printable(name_of(path_of(model).filename())));
    throw Error(ErrorCode::malformed,
                fmt::format("{}: this folder holds {} models ({}{}): name one of them", printable(path), models.size(),
                            fmt::join(names, ", "), models.size() > names.size() ? " …" : ""));
  }
  ModelFile model = read_gguf_set(models.front());
  if (!projectors.empty())
    model.warnings.push_back(fmt::format("{} lies beside the model and is not counted: add it with --mmproj.",
                                         printable(name_of(path_of(projectors.front()).filename()))));
  return model;
}

ModelFile read_standard_input(const ReadOptions& options) {
  std::optional<ModelFile> model;
  read_stream(0, options.stdin_limit, [&](std::string_view prefix, bool ended) {
    constexpr std::size_t longest_configuration = 2u << 20;
    if (!ended && first_letter(prefix) == '{' && prefix.size() <= longest_configuration) return false;  // read whole
    try {
      if (!prefix.empty() || ended) model = read_model_bytes(prefix, "standard input");
    } catch (const ShortRead&) {
      if (ended) throw;
    }
    return model.has_value();
  });
  if (model->format == FileFormat::gguf && !model->tensors.empty())
    model->warnings.push_back(fmt::format(
        "standard input: only the header was read; whether the {:.2f} GB of tensors behind it are all there "
        "is not known.",
        static_cast<double>(model->tensor_bytes) / 1e9));
  return *model;
}

}  // namespace

ModelFile read_model_bytes(std::string_view bytes, const std::string& name, std::uint64_t total_bytes) {
  if (bytes.empty()) throw Error(ErrorCode::malformed, fmt::format("{}: is empty", name));
  ModelFile model;
  if (is_gguf(bytes)) {
    const GgufPart part{name, read_gguf_header(bytes, name), total_bytes};
    model = gguf_model({&part, 1});
  } else if (is_safetensors(bytes)) {
    model = read_safetensors_model(bytes, name, total_bytes);
  } else if (first_letter(bytes) == '{') {
    model = read_config_model(bytes, name);
  } else {
    not_a_model(name, bytes);
  }
  model.path = name;
  return model;
}

ModelFile read_model_file(const std::string& path, const ReadOptions& options) {
  if (path == "-") {
    ModelFile model = read_standard_input(options);
    model.path = path;
    if (model.name.empty())
      model.name = fmt::format(
          "{} {:.1f}B",
          model.architecture.gguf_arch.empty() ? model.architecture.model_type : model.architecture.gguf_arch,
          static_cast<double>(model.params) / 1e9);
    return model;
  }
  std::error_code error;
  const fs::file_status status = fs::status(path_of(path), error);
  if (!fs::exists(status))
    throw Error(ErrorCode::malformed, fmt::format("cannot read {}: there is no such file or folder", printable(path)));
  ModelFile model = fs::is_directory(status) ? read_folder(path) : read_regular_file(path);
  model.path = path;
  if (model.format == FileFormat::safetensors)
    model.loaded = fs::is_directory(status) ? path : name_of(path_of(path).parent_path());
  if (model.format == FileFormat::safetensors && model.loaded.empty()) model.loaded = ".";
  if (model.name.empty()) model.name = stem_of(path);
  return model;
}

bool looks_like_model_file(std::string_view text) {
  if (text == "-") return true;
  for (const std::string_view ending : {".gguf", ".safetensors", ".json"})
    if (text.size() > ending.size() && text.ends_with(ending)) return true;
  for (const std::string_view start : {"/", "./", "../", "~/"})
    if (text.starts_with(start)) return true;
#ifdef _WIN32
  for (const std::string_view start : {"\\", ".\\", "..\\"})
    if (text.starts_with(start)) return true;
  if (text.size() > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/')) return true;
#endif
  // `org/name` and `qwen3` are catalog spellings unless there is such a file, or a folder that holds a model.
  std::error_code error;
  const fs::path path = path_of(text);
  return fs::is_regular_file(path, error) || (fs::is_directory(path, error) && holds_model(path));
}

}  // namespace canrun

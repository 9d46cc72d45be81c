#include "planner/subject.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "canrun/error.hpp"
#include "ingest/model_file.hpp"
#include "model/model.hpp"

namespace canrun {
namespace {

/// As for a model known by its size and layers: its kind of layer is not known, its sizes are.
constexpr double doubt_of_guess = 0.15;

void prepare(Subject& subject, Architecture architecture, std::vector<Tensor> tensors) {
  subject.architecture = std::make_shared<const Architecture>(std::move(architecture));
  subject.prepared = std::make_shared<const PreparedModel>(
      prepare_model(subject.architecture, std::make_shared<const std::vector<Tensor>>(std::move(tensors))));
}

Subject subject_of_file(const Catalog& catalog, const std::string& path, bool mtp) {
  ModelFile file = read_model_file(path);
  if (file.kind != FileKind::model)
    throw Error(
        ErrorCode::bad_value,
        fmt::format(
            "{} is not a language model but something added to one (a projector, an adapter or an importance matrix): "
            "name the model itself",
            path));
  Subject subject;
  subject.from_file = !file.tensors.empty();
  subject.path = file.loaded;
  subject.notes = std::move(file.warnings);

  ModelRecord& record = subject.record;
  record.id = file.name;
  record.name = file.name;
  record.repository = file.repository;
  record.source = path;
  record.confidence = "high";
  if (!file.repository.empty()) {
    try {
      const ModelRecord known = catalog.model(file.repository).record;
      record.capabilities = known.capabilities;
      record.organisation = known.organisation;
      record.gguf_repository = known.gguf_repository;
    } catch (const Error&) {
      subject.notes.push_back(fmt::format("{} is in no catalog: capabilities unknown", file.repository));
    }
  }
  record.context_max = file.architecture.context_max;

  if (subject.from_file) {
    subject.file_quant = file.quantization.catalog_id;
    std::sort(file.tensors.begin(), file.tensors.end(), file_order);
    prepare(subject, std::move(file.architecture), std::move(file.tensors));
    return subject;
  }
  FileOptions options;
  options.mtp_layers = mtp ? all_mtp : 0;
  Model model = read_model(file.architecture_known ? file.config_json : file.guessed_config, options);
  // A configuration that says how its checkpoint is quantised asks for that, not for a conversion.
  static constexpr std::string_view derived[] = {"awq", "gptq", "compressed-tensors", "bitsandbytes", "nvfp4", "mlx"};
  if (std::ranges::find(derived, file.quantization.method) != std::end(derived))
    subject.file_quant = file.quantization.catalog_id;
  record.released_as = file.quantization.catalog_id;
  if (!file.architecture_known) subject.doubt = doubt_of_guess;
  prepare(subject, std::move(model.architecture), std::move(model.tensors));
  return subject;
}

}  // namespace

Subject subject_of(ModelRecord record, bool mtp) {
  Subject subject;
  FileOptions options;
  options.mtp_lean = record.mtp_lean;
  options.mtp_layers = mtp ? all_mtp : 0;
  Model model = read_model(record.config_json, options);
  prepare(subject, std::move(model.architecture), std::move(model.tensors));
  subject.record = std::move(record);
  return subject;
}

Subject find_subject(const Catalog& catalog, const std::string& name, bool mtp) {
  if (name.empty())
    throw Error(ErrorCode::bad_value,
                "no model given: name one (canrun kimi-linear-48b), or give the path of a .gguf, .safetensors or "
                "config.json file");
  if (looks_like_model_file(name)) return subject_of_file(catalog, name, mtp);
  Resolved<ModelRecord> found = catalog.model(name);
  Subject subject = subject_of(std::move(found.record), mtp);
  subject.notes = std::move(found.notes);
  return subject;
}

}  // namespace canrun

#include "planner/question.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "canrun/error.hpp"
#include "planner/resolve_machine.hpp"
#include "planner/resolve_settings.hpp"
#include "planner/rough_model.hpp"
#include "quant/stored_quant.hpp"
#include "speed/calibration.hpp"

namespace canrun {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_apple(const Machine& machine) {
  return !machine.devices.empty() && machine.devices.front().vendor == "apple";
}

/// What a runtime that reads checkpoints loads: the format of the release; whatever has 16 bits and more runs as BF16.
std::string checkpoint_format(const ModelRecord& record) {
  const std::string& released = record.released_as;
  return released.empty() || released == "F16" || released == "F32" ? "BF16" : released;
}

void choose_quant(const Catalog& catalog, const Request& request, Question& question) {
  std::string name = request.quant;
  const std::string_view imatrix_suffix = "+imatrix";
  question.imatrix = request.imatrix;
  if (name.size() > imatrix_suffix.size() && name.ends_with(imatrix_suffix)) {
    question.imatrix = true;
    name.resize(name.size() - imatrix_suffix.size());
  }
  if (question.subject.from_file) {
    question.quant.id = question.subject.file_quant.empty() ? "as stored" : question.subject.file_quant;
    question.quant.kind = "gguf";
    question.quant.runtimes = {};
    if (!question.subject.file_quant.empty()) question.quant = catalog.quant(question.subject.file_quant).record;
    if (!name.empty())
      question.notes.push_back(fmt::format("the file's own tensors are taken; -q {} has no effect on a file", name));
    return;
  }
  if (name.empty() && request.runtime.empty()) name = question.subject.file_quant;
  if (name.empty()) {
    std::string memory_model = "llama.cpp";
    if (!request.runtime.empty()) memory_model = catalog.runtime(request.runtime).record.memory_model;
    const bool gguf = memory_model == "llama.cpp" || memory_model.empty();
    if (gguf)
      name = question.subject.record.native_quant.empty() ? "Q4_K_M" : question.subject.record.native_quant;
    else if (memory_model == "mlx")
      name = "MLX-4bit";
    else if (memory_model == "exllama")
      name = "EXL3-4.0";
    else
      name = checkpoint_format(question.subject.record);
  }
  Resolved<QuantRecord> found = catalog.quant(name);
  question.quant = std::move(found.record);
  question.notes.insert(question.notes.end(), found.notes.begin(), found.notes.end());
  question.file_type = file_type(question.quant, question.subject.record.released);
}

/// llama.cpp and its relatives read GGUF and nothing else, and ExLlama reads none of it: refused. Elsewhere support
/// comes and goes by version, so an unusual pair is only noted.
void check_format(Question& question) {
  const std::vector<std::string>& readers = question.quant.runtimes;
  if (readers.empty() || reads(question.quant, question.runtime)) return;
  const std::string& rules = question.runtime.memory_model;
  const bool gguf = question.quant.kind.starts_with("gguf");
  if (rules == "llama.cpp" || (rules == "exllama" && gguf))
    throw Error(ErrorCode::unsupported_combination,
                fmt::format("{} does not read {} files; choose a runtime that does ({}) or another quantisation",
                            question.runtime.name, question.quant.id, fmt::join(readers, ", ")));
  question.notes.push_back(
      fmt::format("{} is not known to read {} files; answered as if it did", question.runtime.name, question.quant.id));
}

void choose_runtime(const Catalog& catalog, const Request& request, Question& question) {
  if (!request.runtime.empty()) {
    Resolved<RuntimeRecord> found = catalog.runtime(request.runtime);
    question.runtime = std::move(found.record);
    question.notes.insert(question.notes.end(), found.notes.begin(), found.notes.end());
  } else {
    std::string name = question.quant.runtimes.empty() ? "llama.cpp" : question.quant.runtimes.front();
    if (contains(question.quant.runtimes, "llama.cpp")) name = "llama.cpp";
    if (is_apple(question.machine) && name != "llama.cpp" && contains(question.quant.runtimes, "mlx")) name = "mlx";
    question.runtime = catalog.runtime(name).record;
  }
  if (!question.runtime.speed_note.empty()) question.notes.push_back(question.runtime.speed_note);
  check_format(question);

  if (question.runtime.memory_model == "llama.cpp") {
    if (!question.subject.record.unsupported_reason.empty()) {
      question.supported = false;
      question.unsupported_reason = question.subject.record.unsupported_reason;
    } else if (question.subject.architecture->gguf_arch.empty()) {
      question.supported = false;
      question.unsupported_reason = fmt::format("llama.cpp v0.5.0 has no architecture for model type \"{}\"",
                                                question.subject.architecture->model_type);
    }
  }
}

void choose_backend(const Request& request, const Calibration& calibration, Question& question) {
  static constexpr std::string_view known[] = {"cuda", "rocm", "vulkan", "metal", "sycl", "opencl", "cpu"};
  if (!request.backend.empty()) {
    if (std::find(std::begin(known), std::end(known), request.backend) == std::end(known))
      throw Error(ErrorCode::bad_value,
                  fmt::format("unknown backend \"{}\": expected one of {}", request.backend, fmt::join(known, ", ")));
    question.backend = request.backend;
    return;
  }
  if (question.machine.devices.empty()) {
    question.backend = "cpu";
    return;
  }
  question.backend = calibration.default_backend(question.machine.devices.front(), question.runtime.id);
}

std::uint32_t tokens(std::uint64_t value, std::string_view what) {
  constexpr std::uint64_t most = 1ULL << 30;
  if (value > most)
    throw Error(ErrorCode::bad_value,
                fmt::format("{} of {} tokens is beyond what canrun plans for (at most {})", what, value, most));
  return static_cast<std::uint32_t>(value);
}

}  // namespace

Workload workload_of(const WorkloadRecord& record, const Request& request) {
  Workload workload;
  workload.id = record.id;
  workload.prompt = tokens(request.prompt.value_or(record.prompt), "a prompt");
  workload.output = tokens(request.output.value_or(record.output), "an output");
  workload.context = tokens(request.context.value_or(record.context), "a context");
  workload.depth = tokens(request.depth.value_or(record.depth), "a depth");
  workload.decode_depth = request.depth ? static_cast<std::int64_t>(*request.depth) : -1;
  workload.decode_output = request.output ? workload.output : 0;
  workload.users = tokens(request.users, "a number of users");
  if (workload.prompt == 0 || workload.context == 0 || workload.users == 0)
    throw Error(ErrorCode::bad_value, "prompt, context and users must be at least 1");
  return workload;
}

Question resolve_question(const Catalog& catalog, const Request& request, const Calibration& calibration) {
  if (request.model.empty() && request.rough.given())
    return resolve_question(catalog, request, calibration, rough_subject(request.rough));
  return resolve_question(catalog, request, calibration, find_subject(catalog, request.model, request.mtp));
}

Question resolve_question(const Catalog& catalog, const Request& request, const Calibration& calibration,
                          Subject subject) {
  Question question;
  question.subject = std::move(subject);
  question.notes = question.subject.notes;

  ResolvedMachine machine = resolve_machine(catalog, request);
  question.machine = std::move(machine.machine);
  question.system = std::move(machine.system);
  question.notes.insert(question.notes.end(), machine.notes.begin(), machine.notes.end());

  choose_quant(catalog, request, question);
  choose_runtime(catalog, request, question);
  choose_backend(request, calibration, question);
  if (!question.subject.from_file)
    if (const auto stored = stored_quant(question.quant.id, question.runtime.memory_model); stored != question.quant.id)
      question.file_type = file_type(catalog.quant(stored).record, question.subject.record.released);

  Resolved<WorkloadRecord> workload = catalog.workload(request.workload.empty() ? "coding" : request.workload);
  question.workload_record = std::move(workload.record);
  question.workload = workload_of(question.workload_record, request);
  resolve_settings(request, question);
  return question;
}

bool reads(const QuantRecord& quant, const RuntimeRecord& runtime) {
  return contains(quant.runtimes, runtime.id) || contains(quant.runtimes, runtime.memory_model);
}

std::uint32_t context_limit(const Question& question) {
  const std::uint64_t stated = question.subject.record.context_max;
  const std::uint64_t limit = stated ? stated : question.subject.architecture->context_max;
  return static_cast<std::uint32_t>(limit ? limit : question.settings.context);
}

}  // namespace canrun

#include <fmt/format.h>

#include <algorithm>

#include <limits>

#include "advice/session.hpp"
#include "canrun/error.hpp"
#include "canrun/plan.hpp"
#include "catalog/nearest.hpp"
#include "catalog/quantity.hpp"
#include "cli/options.hpp"
#include "machine/detect.hpp"
#include "machine/request.hpp"

namespace canrun::cli {
namespace {

template <class Value>
Value one_of(std::string_view option, const std::string& word,
             std::initializer_list<std::pair<std::string_view, Value>> words) {
  std::string known;
  for (const auto& [name, value] : words) {
    if (name == word) return value;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  throw Error(ErrorCode::bad_value,
              fmt::format("{} takes one of {}, found \"{}\"", option, known, catalog::printable(word)));
}

constexpr std::int64_t most = 1'000'000'000;

/// Tokens of 0 or more: a prompt may be empty.
std::uint64_t tokens_or_none(std::string_view option, const std::string& text) {
  return text == "0" ? 0 : parse_tokens(option, text);
}

std::int64_t layer_count(std::string_view option, const std::string& text) {
  if (text == "all" || text == "-1") return std::numeric_limits<std::int64_t>::max();
  return parse_count(option, text, 0, most);
}

std::vector<double> shares(const std::string& text) {
  std::vector<double> out;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(",/", start), text.size());
    const std::string part = text.substr(start, end - start);
    out.push_back(part == "0" ? 0 : parse_number("--tensor-split", part));
    start = end + 1;
  }
  return out;
}

void set_work(Request& r, const QuestionOptions& o) {
  r.workload = o.workload;
  if (!o.context.empty()) r.context = parse_tokens("--context", o.context);
  if (!o.prompt.empty()) r.prompt = tokens_or_none("--prompt", o.prompt);
  if (!o.output.empty()) r.output = tokens_or_none("--output", o.output);
  if (!o.depth.empty()) r.depth = tokens_or_none("--depth", o.depth);
  if (!o.users.empty()) r.users = static_cast<std::uint64_t>(parse_count("--users", o.users, 1, most));
  if (!o.mode.empty())
    r.mode = one_of<Mode>("--mode", o.mode,
                          {{"balanced", Mode::balanced},
                           {"interactive", Mode::interactive},
                           {"light-api", Mode::light_api},
                           {"scale-out", Mode::scale_out}});
}

void set_runtime(Request& r, const QuestionOptions& o) {
  r.runtime = o.runtime;
  r.backend = o.backend;
  r.kv_type = o.kv_type_k.empty() ? o.kv_type : o.kv_type_k;
  r.kv_type_v = !o.kv_type_v.empty() ? o.kv_type_v : !o.kv_type_k.empty() && o.kv_type.empty() ? "f16" : o.kv_type;
  if (!o.flash_attn.empty() && o.flash_attn != "auto")
    r.flash_attn =
        one_of<bool>("--flash-attn", o.flash_attn, {{"on", true}, {"off", false}, {"1", true}, {"0", false}});
  if (!o.batch.empty()) r.batch = static_cast<std::uint64_t>(parse_count("--batch", o.batch, 1, most));
  if (!o.ubatch.empty()) r.ubatch = static_cast<std::uint64_t>(parse_count("--ubatch", o.ubatch, 1, most));
  if (!o.parallel.empty()) r.parallel = static_cast<std::uint64_t>(parse_count("--parallel", o.parallel, 1, most));
  if (!o.reserve.empty())
    r.reserve = one_of<Reserve>("--reserve", o.reserve, {{"server", Reserve::server}, {"bench", Reserve::bench}});
  r.kv_unified = o.kv_unified;
  r.swa_full = o.swa_full;
  r.kv_offload = !o.no_kv_offload;
  r.imatrix = o.imatrix;
  r.mtp = o.mtp;
}

void set_machine(Request& r, const QuestionOptions& o) {
  r.gpu = o.gpus;
  if (!o.ram.empty()) r.ram_bytes = parse_bytes("--ram", o.ram);
  if (!o.ram_bandwidth.empty()) r.ram_bandwidth = parse_bandwidth("--ram-bandwidth", o.ram_bandwidth);
  r.ram_type = o.ram_type;
  r.cpu = o.cpu;
  r.pcie = o.pcie;
  if (!o.os.empty())
    r.os = one_of<std::string>("--os", o.os, {{"linux", "linux"}, {"windows", "windows"}, {"macos", "macos"}});
  if (!o.used.empty() && o.used != "0") r.used_bytes = parse_bytes("--used", o.used);
  if (!o.usable.empty()) r.usable_bytes = parse_bytes("--usable", o.usable);
  if (!o.headroom.empty()) r.headroom = parse_headroom("--headroom", o.headroom);
  if (!o.vram.empty()) r.vram_bytes = parse_bytes("--vram", o.vram);
  if (!o.bandwidth.empty()) r.bandwidth = parse_bandwidth("--bandwidth", o.bandwidth);
  if (!o.tflops.empty()) r.flops = parse_number("--tflops", o.tflops) * 1e12;
  r.like = o.like;
}

void set_placement(Request& r, const QuestionOptions& o) {
  if (!o.offload.empty())
    r.offload = one_of<Offload>("--offload", o.offload,
                                {{"none", Offload::none},
                                 {"layers", Offload::layers},
                                 {"experts", Offload::experts},
                                 {"auto", Offload::automatic}});
  if (!o.gpu_layers.empty()) r.gpu_layers = layer_count("--gpu-layers", o.gpu_layers);
  if (!o.cpu_moe_layers.empty()) r.cpu_moe_layers = layer_count("--cpu-moe-layers", o.cpu_moe_layers);
  if (!o.split.empty())
    r.split = one_of<std::string>("--split", o.split,
                                  {{"none", "none"}, {"layer", "layer"}, {"row", "row"}, {"tensor", "tensor"}});
  if (!o.tensor_split.empty()) r.tensor_split = shares(o.tensor_split);
}

}  // namespace

std::optional<int> read_question(CommandLine& app, const Arguments& arguments, QuestionOptions& question,
                                 OutputOptions& output) {
  add_model(app, question, false);
  add_question_options(app, question);
  add_output_options(app, output);
  if (const auto status = app.parse(arguments)) return status;
  settle_model(question);
  require_device(question);
  return std::nullopt;
}

void require_device(const QuestionOptions& o) {
  if (!o.gpus.empty() || !o.vram.empty() || !o.ram.empty() || !o.cpu.empty() || !o.ram_type.empty()) return;
  throw Error(
      ErrorCode::bad_value,
      "no device given: add --gpu with a name (--gpu rtx3090), --gpu auto for this machine, --gpu cpu for none, "
      "or describe one with --vram 24GiB --bandwidth 936");
}

Request to_request(const QuestionOptions& options, const Session& session, std::vector<std::string>& notes) {
  Request request;
  set_work(request, options);
  set_runtime(request, options);
  set_machine(request, options);
  set_placement(request, options);
  set_less_common(request, options);
  set_rough(request, options);
  if (std::find(request.gpu.begin(), request.gpu.end(), "auto") != request.gpu.end())
    describe_machine(detect(session.parts().catalog), request, notes);
  return request;
}

std::vector<Request> to_requests(const QuestionOptions& options, const Session& session,
                                 std::vector<std::string>& notes) {
  const Request base = to_request(options, session, notes);
  std::vector<Request> out;
  for (const std::string& model : options.models) {
    Request request = base;
    request.model = model;
    std::vector<std::string> quants = options.quants;
    if (quants.empty()) quants.emplace_back();
    for (const std::string& quant : quants) {
      if (quant == "all") {
        for (std::string& id : listed_quants(session, request)) {
          request.quant = std::move(id);
          out.push_back(request);
        }
        continue;
      }
      request.quant = quant;
      if (quant == "best") request.quant = best_quant(session, request);
      out.push_back(request);
    }
  }
  return out;
}

}  // namespace canrun::cli

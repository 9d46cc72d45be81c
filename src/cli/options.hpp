#pragma once
/// The options that verbs share, and how their words become requests.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "cli/command_line.hpp"
#include "cli/verbs.hpp"
#include "report/style.hpp"

namespace canrun::cli {

/// Options of every verb that prints a result.
struct OutputOptions {
  std::string format = "text", color = "auto", units = "GiB", file;
  std::vector<std::string> show, catalogs;
  bool brief = false, evidence = false, no_correction = false;
  int verbose = 0;

  [[nodiscard]] report::Format parsed_format() const;
  /// Width, colour and characters suit standard output, or a plain page of 80 columns where `file` is given.
  [[nodiscard]] report::Style style() const;
};

/// The words of a question as typed, before they are read.
struct QuestionOptions {
  std::vector<std::string> models, quants, gpus;
  std::string context, output, prompt, depth, workload, users, parallel, mode;
  std::string kv_type, kv_type_k, kv_type_v, flash_attn, batch, ubatch, runtime, backend, reserve;
  bool kv_unified = false, swa_full = false, no_kv_offload = false, imatrix = false, mtp = false;
  std::string ram, ram_type, ram_bandwidth, cpu, pcie, os, used, usable, headroom;
  std::string offload, gpu_layers, cpu_moe_layers, split, tensor_split;
  std::string vram, bandwidth, tflops, like;
  std::string runtime_version, gpu_memory_utilization, max_num_batched_tokens, max_num_seqs, block_size;
  std::string kv_cache_memory;
  bool enforce_eager = false;
  std::string mmproj, draft, draft_quant, draft_tokens, cache_ram, ctx_checkpoints, display, ecc;
  std::vector<std::string> loras;
  std::string bandwidth_scale;
  std::string params, active, layers, hidden, heads, kv_heads, head_dim, experts, experts_used, vocabulary;
  std::string draft_accept;
};

void add_output_options(CommandLine& app, OutputOptions& options);
/// `--gpu`, host, placement, runtime and workload; without the model.
void add_question_options(CommandLine& app, QuestionOptions& options);
void add_model(CommandLine& app, QuestionOptions& options, bool required);
/// What is loaded beside the model, and the knobs of runtimes with a pool of cache pages; part of the above.
void add_less_common_options(CommandLine& app, QuestionOptions& options);
/// Throws Error(bad_value) naming the option.
void set_less_common(Request& request, const QuestionOptions& options);
/// A model known by its size alone, `--bandwidth-scale` and `--draft-accept`; part of the above, too.
void add_rough_options(CommandLine& app, QuestionOptions& options);
void set_rough(Request& request, const QuestionOptions& options);

/// Lets the size of a model (`--params`) stand for its name. Throws Error(bad_value) where neither or both are given.
void settle_model(QuestionOptions& options);

/// The built-in catalog with the user's folder and `--catalog` folders over it.
Catalog open_catalog(const OutputOptions& options);

/// That catalog with what the user measured (`canrun verify --calibrate`), unless `--no-correction` was given.
Session open_session(const OutputOptions& options);

/// The request without model and quant. `auto` among the devices becomes this machine's devices, with a note.
/// Throws Error(bad_value) naming the option.
Request to_request(const QuestionOptions& options, const Session& session, std::vector<std::string>& notes);

/// Throws Error(bad_value) where the words name no device at all.
void require_device(const QuestionOptions& options);

/// Reads the arguments of a verb that asks one question: its model, its devices, how it is printed. An exit status
/// where there is nothing more to do. Throws Error(bad_value) where no model or no device is named.
std::optional<int> read_question(CommandLine& app, const Arguments& arguments, QuestionOptions& question,
                                 OutputOptions& output);

/// Every model under every quant: `all` and `best` are resolved, empty quants take the default.
std::vector<Request> to_requests(const QuestionOptions& options, const Session& session,
                                 std::vector<std::string>& notes);

}  // namespace canrun::cli

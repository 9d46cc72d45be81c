#include "cli/options.hpp"
#include "catalog/file_name.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include "canrun/error.hpp"
#include "cli/corrections.hpp"
#include "cli/terminal.hpp"

namespace canrun::cli {

report::Format OutputOptions::parsed_format() const {
  return report::parse_format(format);
}

report::Style OutputOptions::style() const {
  report::Style style;
  const bool to_file = !file.empty() && file != "-";
  style.units = report::parse_units(units);
  style.color = wants_color(to_file && color == "auto" ? "never" : color);
  style.utf8 = to_file || locale_is_utf8();
  style.width = std::clamp(to_file ? 0 : terminal_width(), report::usual, report::widest);
  style.brief = brief;
  style.evidence = evidence;
  style.verbosity = verbose;
  for (const std::string& word : show) style.show.push_back(report::parse_section(word));
  return style;
}

void add_output_options(CommandLine& app, OutputOptions& o) {
  const char* const group = "Output";
  app.text("--format", o.format, "text, json, csv, markdown or html", {group, "WORD"});
  app.text("--color", o.color, "auto, always or never; NO_COLOR is honoured", {group, "WORD"});
  app.text("--units", o.units, "GiB (2^30) or GB (10^9)", {group, "UNIT"});
  app.text("-o,--output-file", o.file, "write here instead of standard output, once complete", {group, "FILE"});
  app.texts("--catalog", o.catalogs, "a folder with more catalog files, laid over the built-in ones", {group, "DIR"});
  app.flag("--no-correction", o.no_correction, "leave what you measured yourself (verify --calibrate) out of account",
           group);
  app.counted("-v,--verbose", o.verbose, "also per-device lines, sub-scores, sources and evidence", group);
}

void add_model(CommandLine& app, QuestionOptions& o, bool required) {
  app.operands("MODEL", o.models,
               "catalog name, or the path of a .gguf, .safetensors or config.json file or folder, or - for one on "
               "standard input",
               required);
}

void add_question_options(CommandLine& app, QuestionOptions& o) {
  const auto text = [&](const char* names, std::string& value, const char* help, const char* type, const char* group) {
    app.text(names, value, help, {group, type});
  };
  const auto flag = [&](const char* names, bool& value, const char* help, const char* group) {
    app.flag(names, value, help, group);
  };
  const char* const machine = "Machine";
  app.texts("-g,--gpu", o.gpus,
            "a device such as rtx3090, \"2x rtx-4090\", m4-max-40c@128; again for a mixed machine; auto: this machine; "
            "cpu: no GPU",
            {machine, "GPU"});
  text("--ram", o.ram, "system memory, 64GiB; without it the verdict assumes none for the model", "SIZE", machine);
  text("--ram-type", o.ram_type, "ddr5-5600x2 …", "NAME", machine);
  text("--ram-bandwidth", o.ram_bandwidth, "instead of --ram-type, in GB/s", "GB/S", machine);
  text("--cpu", o.cpu, "processor, \"Ryzen 9 7950X\"", "NAME", machine);
  text("--pcie", o.pcie, "link of each device: 4x16, thunderbolt4, oculink", "GENxLANES", machine);
  text("--os", o.os, "linux, windows or macos", "NAME", machine);
  text("--used", o.used, "memory already taken on each device, 3GiB", "SIZE", machine);
  text("--usable", o.usable, "what may be allocated of each device: GTT of an APU, Apple's wired limit", "SIZE",
       machine);
  text("--headroom", o.headroom, "memory to leave free on each device, 10% or 1GiB", "SHARE", machine);
  text("--vram", o.vram, "a device that is in no catalog: its memory", "SIZE", machine);
  text("--bandwidth", o.bandwidth, "its memory bandwidth in GB/s", "GB/S", machine);
  text("--tflops", o.tflops, "its dense FP16 rate in TFLOP/s", "NUMBER", machine);
  text("--like", o.like, "it behaves like this catalog device", "GPU", machine);

  const char* const work = "Work";
  text("--workload", o.workload, "chat, coding, agentic-coding, reasoning or rag", "NAME", work);
  text("-c,--context", o.context, "context in tokens: 4096, 32k, 1M", "TOKENS", work);
  text("-p,--prompt", o.prompt, "prompt in tokens", "TOKENS", work);
  text("-n,--output", o.output, "answer in tokens; given, decode is its mean pace", "TOKENS", work);
  text("--depth", o.depth, "tokens already in the cache when the prompt arrives", "TOKENS", work);
  text("--users", o.users, "concurrent users", "N", work);
  text("--mode", o.mode, "balanced, interactive, light-api or scale-out: what the score weighs", "NAME", work);

  const char* const runtime = "Runtime";
  app.texts("-q,--quant", o.quants, "file type(s), comma-separated; all; best: the highest quality that fits",
            {runtime, "NAME"}, ',');
  text("--runtime", o.runtime, "llama.cpp, vllm, mlx …; all: side by side", "NAME", runtime);
  text("--backend", o.backend, "cuda, rocm, vulkan, metal, sycl, cpu …", "NAME", runtime);
  text("--kv-type", o.kv_type, "type of the KV cache: f16, q8_0, q4_0 …", "TYPE", runtime);
  text("--kv-type-k", o.kv_type_k, "type of K alone", "TYPE", runtime);
  text("--kv-type-v", o.kv_type_v, "type of V alone", "TYPE", runtime);
  text("--flash-attn", o.flash_attn, "on, off or auto", "WORD", runtime);
  text("--batch", o.batch, "logical batch in tokens", "N", runtime);
  text("--ubatch", o.ubatch, "micro-batch in tokens", "N", runtime);
  text("--parallel", o.parallel, "slots that share the context", "N", runtime);
  text("--reserve", o.reserve, "server: logits for the slots; bench: for a whole micro-batch", "WORD", runtime);
  flag("--kv-unified", o.kv_unified, "one cache shared by all slots", runtime);
  flag("--swa-full", o.swa_full, "cache the whole context also where a sliding window would do", runtime);
  flag("--no-kv-offload", o.no_kv_offload, "keep the KV cache on the host", runtime);
  flag("--imatrix", o.imatrix, "the file was quantised with an importance matrix", runtime);
  flag("--mtp", o.mtp, "load the multi-token-prediction layers", runtime);

  const char* const placement = "Placement";
  text("--offload", o.offload, "none, layers, experts or auto", "WORD", placement);
  text("--gpu-layers", o.gpu_layers, "layers on the devices, or all", "N", placement);
  text("--cpu-moe-layers", o.cpu_moe_layers, "the experts of the first N blocks on the host, or all", "N", placement);
  text("--split", o.split, "none, layer, row or tensor", "WORD", placement);
  text("--tensor-split", o.tensor_split, "shares of the devices, 3,1", "LIST", placement);
  add_less_common_options(app, o);
  add_rough_options(app, o);
}

Catalog open_catalog(const OutputOptions& options) {
  Catalog catalog = Catalog::builtin();
  if (const std::string own = user_catalog_directory(); !own.empty() && std::filesystem::is_directory(path_of(own)))
    catalog = catalog.with_overlay(own);
  for (const std::string& folder : options.catalogs) {
    if (!std::filesystem::is_directory(path_of(folder)))
      throw Error(ErrorCode::malformed, "--catalog takes a folder with catalog files; there is none at " + folder);
    catalog = catalog.with_overlay(folder);
  }
  return catalog;
}

Session open_session(const OutputOptions& options) {
  const Catalog catalog = open_catalog(options);
  return {catalog, options.no_correction ? nullptr : load_corrections(catalog)};
}

}  // namespace canrun::cli

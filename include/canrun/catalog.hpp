#pragma once
/// What is known: models, quantisations, devices, hosts, runtimes, workloads; looked up by the names people type.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/machine.hpp"
#include "canrun/settings.hpp"

namespace canrun {

/// A model as the catalog describes it. The architecture is read from `config_json` by src/model.
struct ModelRecord {
  std::string id, name, repository, organisation, family, released, license;
  std::vector<std::string> capabilities;
  std::vector<std::string> aliases;
  std::uint64_t context_max = 0;
  std::uint64_t params_stated = 0;  ///< what the maker says; 0 = nothing
  std::uint64_t params_total = 0;   ///< counted from the configuration by the facts' author
  std::uint64_t params_active = 0;  ///< as above, in the convention of the model's family; count your own
  std::uint64_t params_text = 0, params_mtp = 0, params_vision = 0;  ///< as above, where they are split
  std::string gguf_repository;  ///< where converted files are found; empty = unknown
  std::string gguf_source;      ///< how sure that repository is
  std::string released_as;      ///< quantisation id of the released checkpoint: BF16, FP8, MXFP4, INT4-g32 …
  std::string native_quant;     ///< the file type that the model was released in, if 4-bit (MXFP4_MOE …)
  bool mtp_lean = false;  ///< the checkpoint's MTP blocks have no copies of embedding and head (printed totals say)
  std::string unsupported_reason;  ///< why llama.cpp cannot run it; empty = it can
  std::string config_json;         ///< the Hugging Face configuration, as JSON text
  std::string source, confidence, note;
  std::string source_meta;             ///< source of names, dates and licence
  std::string params_source;           ///< source of `params_stated`, or why it differs from the count
  std::vector<std::string> unsourced;  ///< configuration keys that rest on general knowledge alone
  std::string correction;              ///< why a fact was overridden; empty = none was
};

/// A quantisation recipe as users name it.
struct QuantRecord {
  std::string id;  ///< Q4_K_M, AWQ-4bit-g128 …
  std::vector<std::string> aliases;
  std::string kind;         ///< gguf, gguf-dynamic, awq, gptq, fp8, int8, nvfp4, mxfp4, nf4, exl2, exl3, mlx, native
  std::string base;         ///< gguf-dynamic: the plain file type whose recipe is nearest
  double bits = 0;          ///< nominal bits per weight of the quantised matrices
  double size_factor = 1;   ///< gguf-dynamic: typical size against `base`
  double size_spread = 0;   ///< gguf-dynamic: relative spread of that factor
  std::uint32_t group = 0;  ///< group size where the format has one
  bool exact = true;        ///< false: sizes are typical, files differ
  double quality_loss = 0;  ///< typical mean KL divergence against 16 bit (see the entry's source)
  std::vector<std::string> runtimes;  ///< ids of runtimes that read it
  bool listed = false;                ///< shown in the quantisation table of a default report
  std::string embedding_type;  ///< gguf-dynamic: tensor type of the embedding where it is not the base's (`_L` files)
  std::string output_type;     ///< gguf-dynamic: the same for the output matrix
  /// gguf-dynamic, of a model with routed experts: tensor types of the experts' gate and up, of their down, of every
  /// other matrix of the blocks, and of embedding and head; empty = as in other models. `earlier_mixture` for models
  /// released before `mixture_since` (a month).
  std::vector<std::string> mixture, earlier_mixture;
  double mixture_factor = 1, earlier_factor = 1;  ///< typical size against these types alone
  double mixture_spread = 0, earlier_spread = 0;  ///< relative spread of that factor
  std::string mixture_since;
  double stated_bits = 0;  ///< the name as typed gives the file's own bits per weight (`-3.00bpw`); 0 = it does not
  bool imatrix = false;    ///< the name as typed tells of an importance matrix (`i1-`, `+imatrix`)
  std::string source, confidence, note;
};

struct RuntimeRecord {
  std::string id, name;
  std::vector<std::string> aliases;
  std::vector<std::string> backends;
  std::string memory_model;  ///< llama.cpp, vllm, mlx, exllama, transformers: which rules size its buffers
  double ttft_latency = 0;   ///< s, fixed cost of a request
  std::string command;       ///< launch command template
  std::string source, confidence;
  std::string speed_note;  ///< a doubt about its speeds, said with every answer under it
};

struct WorkloadRecord {
  std::string id, name;
  std::vector<std::string> aliases;
  std::uint32_t prompt = 0, output = 0, context = 0, depth = 0;
  double pace_needed = 0;    ///< tokens/s that this work wants
  double ttft_patience = 0;  ///< s that a person or agent waits gladly
  std::string why, source;
};

struct RamRecord {
  std::string id, name;
  std::vector<std::string> aliases;
  double channels = 0;  ///< of 64 bits
  double mts = 0;
  double bandwidth = 0;          ///< bytes/s, theoretical
  double achieved_fraction = 0;  ///< 0 = unknown
  std::string source, note;
};

struct LinkRecord {
  int generation = 0, lanes = 0;
  double bandwidth = 0, achieved_bandwidth = 0;  ///< bytes/s, one direction
  std::string source;
  std::string name;  ///< where it is no plain slot: `Thunderbolt 4`
};

struct CpuRecord {
  std::string id, name, vendor, family, segment, isa;
  std::vector<std::string> aliases;
  int released_year = 0, sockets = 1, performance_cores = 0, efficiency_cores = 0, threads = 0;
  double base_ghz = 0, boost_ghz = 0, all_core_ghz = 0;
  double l2_mb = 0, l3_mb = 0;
  std::string memory_type;
  double memory_channels = 0;  ///< of 64 bits; boards have halves
  double memory_mts = 0;
  double bandwidth = 0;          ///< bytes/s, rated, all sockets
  double visible_bandwidth = 0;  ///< bytes/s that the cores can draw; 0 = all
  double tdp_watts = 0;
  std::string source, confidence, note;
};

/// A name as typed, resolved: the record, and what the reader should know about the choice.
template <class Record>
struct Resolved {
  Record record;
  std::vector<std::string> notes;  ///< `rtx-3080 also exists with 12 GB: taking 10 GB`
};

/// A device name as typed, with the count in front of it (`2x rtx-4090`).
struct ResolvedDevice {
  Device device;
  int count = 1;
  std::vector<std::string> notes;
};

/// The catalogs, built-in and laid over. Reading one entry decodes only that entry; copies are cheap (shared).
class Catalog {
public:
  /// The catalogs compiled into the program.
  static const Catalog& builtin();
  /// These catalogs with the JSON files of `directory` laid over them: an entry with the same id replaces, a name that
  /// an entry of `directory` has as well now means that one (look-ups say so in a note). May be repeated; the last
  /// layer wins. Throws Error(malformed) naming file, JSON path, what was found and what was expected.
  [[nodiscard]] Catalog with_overlay(const std::string& directory) const;

  /// Look-ups by any usual spelling. Throw Error(unknown_name) with the nearest names.
  [[nodiscard]] Resolved<ModelRecord> model(std::string_view name) const;
  [[nodiscard]] Resolved<QuantRecord> quant(std::string_view name) const;
  [[nodiscard]] ResolvedDevice device(std::string_view name) const;
  [[nodiscard]] Resolved<RuntimeRecord> runtime(std::string_view name) const;
  [[nodiscard]] Resolved<WorkloadRecord> workload(std::string_view name) const;
  [[nodiscard]] Resolved<RamRecord> ram(std::string_view name) const;
  [[nodiscard]] Resolved<CpuRecord> cpu(std::string_view name) const;
  /// `4x16`, `pcie4x16`, `gen4 x8`, `5` (then 16 lanes); `thunderbolt4`, `usb4`, `oculink`.
  [[nodiscard]] LinkRecord link(std::string_view name) const;

  /// Ids in catalog order, for listings.
  [[nodiscard]] std::vector<std::string> ids(
      std::string_view kind) const;  ///< models, quants, devices, runtimes, workloads, ram, cpus
  /// Whole sections, decoded.
  [[nodiscard]] std::vector<ModelRecord> models() const;
  [[nodiscard]] std::vector<QuantRecord> quants() const;
  [[nodiscard]] std::vector<Device> devices() const;
  [[nodiscard]] std::vector<RuntimeRecord> runtimes() const;
  [[nodiscard]] std::vector<WorkloadRecord> workloads() const;
  [[nodiscard]] std::vector<CpuRecord> cpus() const;

  /// One entry as it stands in a catalog file, as JSON text. `id` exactly; throws Error(unknown_name).
  [[nodiscard]] std::string entry_json(std::string_view kind, std::string_view id) const;

  /// The JSON text of one data file that is not a list of entries: `scoring`, `calibration`, `overheads` …
  [[nodiscard]] std::string_view document(std::string_view name) const;
  /// That document of every layer that has one, the built-in first: for what adds up (`measurements`).
  [[nodiscard]] std::vector<std::string_view> documents(std::string_view name) const;

private:
  struct Impl;
  explicit Catalog(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// The user's own catalog folder: `$XDG_CONFIG_HOME/canrun/catalog`, else `~/.config/canrun/catalog`; empty when the
/// environment has neither variable. It need not exist.
std::string user_catalog_directory();

/// What is wrong with the catalog files of a folder, one message a problem file (file, JSON path, what was found, what
/// was expected); empty when all is well. Throws Error(malformed) when it is no folder.
std::vector<std::string> check_catalog(const std::string& directory);

/// A model as an entry of a catalog file, which passes `check_catalog`.
std::string entry_json(const ModelRecord& model);

}  // namespace canrun

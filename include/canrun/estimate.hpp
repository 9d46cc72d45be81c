#pragma once
/// The question and the answer: the JSON contract `canrun.estimate/1` as C++ values.
///
/// Base units throughout: bytes, bytes/s, seconds, tokens/s, fractions.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "canrun/figures.hpp"
#include "canrun/machine.hpp"
#include "canrun/settings.hpp"

namespace canrun {

class Catalog;
class Corrections;

enum class Detail : std::uint8_t { figures, full };
enum class Mode : std::uint8_t { balanced, interactive, light_api, scale_out };
enum class Offload : std::uint8_t { unset, none, layers, experts, automatic };
enum class Verdict : std::uint8_t { fits, tight, offload, no };

/// A model that is known only by its size. What is not given is assumed from released models of that size.
struct RoughModel {
  std::optional<std::uint64_t> params;  ///< of the whole model; without it there is no rough model
  std::optional<std::uint64_t> active;  ///< read for one token; fewer than `params`: a mixture of experts
  std::optional<std::uint64_t> layers, hidden, heads, kv_heads, head_dim, experts, experts_used, vocabulary;
  std::optional<std::uint64_t> context_max;

  [[nodiscard]] bool given() const { return params.has_value(); }
};

/// What was asked, as typed; an absent key takes its default (DESIGN of the contract: docs/json.md).
struct Request {
  std::string id;  ///< echoed; JSON text of any scalar
  Detail detail = Detail::full;
  bool evidence = true;  ///< with full detail: what canrun predicts for each of the nearest measurements, too
  std::string model;
  RoughModel rough;  ///< where `model` is empty
  std::string quant;
  std::vector<std::string> gpu;  ///< empty or `cpu`: the host alone
  std::string runtime;
  std::string backend;
  std::string workload;
  Mode mode = Mode::balanced;
  std::optional<std::uint64_t> context, prompt, output, depth;
  std::uint64_t users = 1;
  std::optional<std::uint64_t> parallel;
  bool kv_unified = false;
  std::uint64_t batch = 2048, ubatch = 512;
  std::optional<bool> flash_attn;
  std::string kv_type;    ///< empty: f16
  std::string kv_type_v;  ///< empty: as `kv_type`
  bool swa_full = false;
  bool kv_offload = true;
  Reserve reserve = Reserve::server;
  bool imatrix = false;
  bool mtp = false;
  std::optional<double> draft_accept;          ///< chance that a drafted token is accepted, 0 … 1
  std::optional<std::int64_t> gpu_layers;      ///< ≥ layers + 1 is all
  std::optional<std::int64_t> cpu_moe_layers;  ///< INT64_MAX = "all"
  Offload offload = Offload::unset;
  std::string split;  ///< none, layer, row, tensor; empty: layer
  std::vector<double> tensor_split;
  std::optional<std::uint64_t> ram_bytes;
  std::optional<double> ram_bandwidth;  ///< bytes/s
  std::string ram_type;
  std::string cpu;
  std::string pcie;              ///< `4x16`
  std::string os;                ///< linux, windows, macos; empty: what suits the device
  std::uint64_t used_bytes = 0;  ///< already taken on each device
  /// What a process may allocate of each device's memory, where the system's limit is not the usual one: GTT and
  /// carve-out of an APU, Apple's wired limit.
  std::optional<std::uint64_t> usable_bytes;
  double headroom = 0.10;  ///< ≤ 1: a fraction of each device's memory; else bytes
  // A device that is in no catalog
  std::optional<std::uint64_t> vram_bytes;
  std::optional<double> bandwidth;  ///< bytes/s
  std::optional<double> flops;      ///< FLOP/s, dense FP16
  std::string like;                 ///< behaves like this catalog device
  /// What a power limit or a smaller variant leaves of each device's memory bandwidth: 0.8
  std::optional<double> bandwidth_scale;
  // Runtimes with a pool of cache pages (vLLM, SGLang), as vLLM names them
  std::string runtime_version;  ///< `0.19`, `v0.21.0`; empty: the newest known
  std::optional<double> gpu_memory_utilization;
  std::optional<std::uint64_t> max_num_batched_tokens, max_num_seqs, block_size, kv_cache_memory_bytes;
  bool enforce_eager = false;
  // What is loaded beside the model
  std::string mmproj;                            ///< a projector's file, or `auto`: the catalog's vision tower
  std::vector<std::string> lora;                 ///< adapters' files
  std::string draft;                             ///< a draft model: a name or a file
  std::string draft_quant;                       ///< its file type; empty: as the model's
  std::optional<std::uint64_t> draft_tokens;     ///< drafted per step (`--draft-max`); 3
  std::optional<std::uint64_t> cache_ram_bytes;  ///< llama-server's prompt cache; 8192 MiB
  std::optional<std::uint64_t> ctx_checkpoints;  ///< context checkpoints per slot; 32
  std::optional<bool> display;                   ///< a display hangs on the first device
  std::optional<bool> ecc;                       ///< error correction is on; absent: as the device is delivered
};

struct SubScores {
  double memory = 0, pace = 0, ttft = 0, context = 0;  ///< each 0–100
};

struct Grade {
  std::string letter = "F";  ///< S A B C D F
  int score = 0;             ///< 0–100
  SubScores parts;
};

struct WorkloadRow {
  std::string id, name;
  std::uint32_t prompt = 0, output = 0, context = 0, depth = 0;
  Verdict verdict = Verdict::no;
  Grade grade;
  std::optional<Interval> decode;
  Interval prefill, ttft;
};

struct QuantRow {
  std::string id;
  double bits_per_weight = 0;
  std::uint64_t weights_bytes = 0, required_bytes = 0;
  std::string quality;  ///< a word: near-lossless, high, good, usable, low, poor
  bool exact = true;
  Verdict verdict = Verdict::no;
  Grade grade;
  std::optional<Interval> decode;
  std::string why;  ///< why it is graded so, where that is not plain (does not fit by N GiB …)
};

struct UpgradeRow {
  std::string kind;   ///< budget, value, same_vendor, offload, quant …
  std::string label;  ///< Budget pick, Best value …
  std::string id, name;
  std::int64_t memory_gain_bytes = 0;
  double bandwidth_gain = 0;  ///< bytes/s
  Verdict verdict = Verdict::no;
  Grade grade;
  std::optional<Interval> decode;
  double price = 0;        ///< USD; 0 = unknown
  std::string price_date;  ///< the date the price is of
  std::string why;
};

struct Limit {
  std::string id, text;
};

/// A published measurement near the question.
struct EvidenceRow {
  std::string device, model, quant, runtime, metric, date, source;
  double value = 0, predicted = 0;
  double predicted_low = 0, predicted_high = 0;  ///< the interval of the prediction; 0 where there is none
  std::string relation;                          ///< exact, same device and model, same device …
};

/// Where a speed came from.
struct Basis {
  std::string level = "all";  ///< measured, device, family, vendor, all
  std::uint32_t samples = 0;
  double median_error = 0;                        ///< fraction
  std::uint32_t own_decode = 0, own_prefill = 0;  ///< the user's own measurements that the estimate is corrected by
  double decode_correction = 1, prefill_correction = 1;  ///< factors on tokens/s that they gave
};

/// What speculative decoding (a draft model, or a model's own MTP layers) would make of the pace.
struct Speculation {
  double acceptance = 0;       ///< chance that a drafted token is accepted, as asked
  std::uint32_t draft = 0;     ///< tokens drafted a step
  double tokens_per_step = 1;  ///< expected, the model's own token counted
  double speedup = 1;          ///< of decode; below 1 where verifying costs more than it gains
  Interval decode;             ///< tokens/s of one stream with it
  std::string drafter;         ///< what drafts: `mtp`, a draft model's id, or `free` (n-grams: costs nothing)
};

/// One named line of the memory breakdown, with what it is and where the rule comes from.
struct MemoryLine {
  std::string id, label, device;  ///< device id or `host`
  std::uint64_t bytes = 0;
  std::string formula, source;
};

/// One step of a speed estimate: a term of the time per token or per prompt, or a constant in it.
struct SpeedLine {
  std::string id, label;
  double value = 0;
  std::string unit;     ///< s, tok/s, bytes, bytes/s, fraction …
  std::string formula;  ///< with the numbers in it
  std::string source;
};

/// What offloading to system memory would give when no host was stated.
struct OffloadHint {
  double fraction = 0;  ///< of the weight bytes on the host
  Interval decode;
  std::string assumption;
};

struct Download {
  std::string repository, pattern;  ///< hub repository and file name pattern
  std::uint64_t bytes = 0;          ///< on disk
};

struct Estimate {
  std::string id;
  Detail detail = Detail::full;
  Mode mode = Mode::balanced;
  std::vector<std::string> notes;

  struct {
    std::string id, name, source;
    std::uint64_t params_total = 0, params_active = 0;
    std::uint32_t layers = 0, context_max = 0;
    std::vector<std::string> capabilities;
    std::vector<std::string> assumed;  ///< figures of a roughly known model that were assumed: `layers 27` …
  } model;
  struct {
    std::string id;
    double bits_per_weight = 0;
    bool exact = true;
    std::string quality;
  } quant;
  struct {
    std::string id, backend;
    bool supported = true;
    std::string reason;
  } runtime;
  Machine machine;
  Settings settings;
  /// Tokens of context that the command asks for: the settings' own, or what spare memory holds where `--offload auto`
  /// was left to choose. Memory and speed are stated for the settings' own.
  std::uint32_t launch_context = 0;
  Placement placement;
  Workload workload;

  struct {
    Verdict verdict = Verdict::no;
    Grade grade;
    std::uint64_t required_bytes = 0, available_bytes = 0, shortfall_bytes = 0;
    double utilization = 0;
    double offload_fraction = 0;
    std::uint32_t safe_context = 0, max_context = 0;
    /// Beside devices: what the host may hold (stated RAM; where devices share it, what they leave of it; 0 = not
    /// known), and how much less that is than what lies there.
    std::uint64_t host_available_bytes = 0, host_shortfall_bytes = 0;
  } fit;

  MemoryFigures memory;
  std::uint64_t headroom_bytes = 0;
  std::vector<MemoryLine> memory_lines;
  /// What the system takes of the devices' marketed size (driver, display, ECC, operating system, other programs), and
  /// what a server may take of the host at most (prompt cache, checkpoints). Not in any total.
  std::vector<MemoryLine> system_lines;
  std::optional<PoolFigures> pool;
  SpeedFigures speed;
  std::vector<SpeedLine> speed_lines;
  Basis basis;
  std::optional<Speculation> speculation;
  std::string command;
  Download download;
  std::optional<OffloadHint> offload_hint;
  std::vector<WorkloadRow> workloads;
  std::vector<QuantRow> quants;
  std::vector<UpgradeRow> upgrades;
  std::vector<Limit> limits;
  Limit improvement;
  std::vector<EvidenceRow> evidence;
};

/// Answers a question. Pure: the same catalog and request give the same estimate.
/// Throws canrun::Error for unknown names, impossible values and combinations that the runtime refuses.
/// For many questions a Session saves reading calibration and scoring each time.
Estimate estimate(const Catalog& catalog, const Request& request);

/// A catalog with its calibration and scoring rules read: asked many times, from any number of threads.
class Session {
public:
  /// Throws Error(malformed) when the catalog's calibration or scoring cannot be read.
  explicit Session(const Catalog& catalog);
  /// The same, with speeds corrected by the user's own measurements (speed/correction.hpp); null = none.
  Session(const Catalog& catalog, std::shared_ptr<const Corrections> corrections);

  /// As the free function.
  [[nodiscard]] Estimate estimate(const Request& request) const;

  struct Parts;
  /// What the session read; for the program's own verbs.
  [[nodiscard]] const Parts& parts() const { return *parts_; }

private:
  std::shared_ptr<const Parts> parts_;
};

}  // namespace canrun

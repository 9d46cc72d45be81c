#pragma once
/// Many questions at once: models for a machine, devices for a model, any set side by side. Every row is one
/// `estimate`.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "canrun/estimate.hpp"

namespace canrun {

/// One model on the asked machine, under its best quantisation.
struct RankRow {
  std::string id, name, organisation, released;
  std::vector<std::string> capabilities;
  std::uint64_t params_total = 0, params_active = 0;
  std::string quant;
  std::string quality;  ///< of that quantisation, as a word (QuantRow::quality)
  double bits_per_weight = 0;
  std::uint64_t required_bytes = 0;
  Verdict verdict = Verdict::no;
  Grade grade;
  std::optional<Interval> decode;
  Interval ttft;
  std::uint32_t safe_context = 0;
  std::string note;  ///< why there is no answer (unsupported, does not fit at any size)
};

/// One device with the asked model.
struct HardwareRow {
  std::string id, name, vendor;
  std::uint64_t memory_bytes = 0;
  double bandwidth = 0;  ///< bytes/s
  Verdict verdict = Verdict::no;
  Grade grade;
  std::optional<Interval> decode;
  Interval ttft;
  std::uint32_t safe_context = 0;
  double price = 0;        ///< USD at launch; 0 = unknown
  std::string price_date;  ///< of the price
  std::string note;
};

struct ListOptions {
  std::string capability;  ///< only models that have it; empty: all
  std::string vendor;      ///< only devices of this vendor; empty: all
  std::string form;        ///< only devices of this form; empty: all
  std::uint64_t params_least = 0, params_most = UINT64_MAX;
  double price_most = 0;   ///< only devices with a known price up to this; 0: all
  bool runs_only = false;  ///< leave out rows with the verdict `no`
};

/// Every model of the catalog on the request's machine: under the request's quant, or under the one of least loss that
/// fits where it names none. Best grade first, then quantisations that keep the
/// quality, then larger models, then faster ones. Models that cannot be answered
/// (unsupported architecture) come last with the reason. The request's `model` is ignored.
std::vector<RankRow> rank_models(const Session& session, const Request& request, const ListOptions& options);

/// Every device of the catalog with the request's model and quant. Best grade first, then cheaper, then faster.
/// The request's `gpu` is ignored.
std::vector<HardwareRow> rank_hardware(const Session& session, const Request& request, const ListOptions& options);

/// The answers to every combination of models, quants and machines; empty lists take the request's own value.
/// `machines` are values of `gpu`. Order: models, then machines, then quants.
std::vector<Estimate> compare(const Session& session, const Request& request, const std::vector<std::string>& models,
                              const std::vector<std::string>& quants,
                              const std::vector<std::vector<std::string>>& machines);

/// The request under every runtime with rules of its own (llama.cpp, vLLM, SGLang, TensorRT-LLM, MLX, ExLlamaV3,
/// Transformers) that runs on all of the machine's devices; its `runtime` is ignored. Each reads the request's
/// quantisation, or the format usual there with the nearest bits. Combinations that a runtime refuses are left out;
/// where all are refused, the first refusal is thrown.
std::vector<Estimate> under_all_runtimes(const Session& session, const Request& request);

}  // namespace canrun

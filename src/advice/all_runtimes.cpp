#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>

#include "advice/session.hpp"
#include "canrun/error.hpp"
#include "canrun/listings.hpp"
#include "planner/survey.hpp"

namespace canrun {
namespace {

using namespace std::string_view_literals;

/// Runtimes with rules of their own, and the formats that people run under them.
constexpr std::array checkpoints{"AWQ-4bit-g128"sv, "FP8"sv, "BF16"sv};
constexpr std::array mlx_formats{"MLX-4bit"sv, "MLX-6bit"sv, "MLX-8bit"sv, "BF16"sv};
constexpr std::array exl_formats{"EXL3-3.0"sv, "EXL3-4.0"sv, "EXL3-5.0"sv, "EXL3-6.0"sv, "EXL3-8.0"sv};
constexpr std::array torch_formats{"NF4"sv, "INT8"sv, "BF16"sv};
constexpr std::array sixteen_bits{"BF16"sv};  // bitsandbytes has no kernels for Apple's GPUs

struct Listed {
  std::string_view runtime;
  std::span<const std::string_view> formats;
};
constexpr std::array listed{Listed{"llama.cpp", {}},
                            Listed{"vllm", checkpoints},
                            Listed{"sglang", checkpoints},
                            Listed{"trtllm", checkpoints},
                            Listed{"mlx", mlx_formats},
                            Listed{"exllamav3", exl_formats},
                            Listed{"transformers", torch_formats}};

const QuantRecord* find_quant(const std::vector<QuantRecord>& quants, std::string_view id) {
  const auto found = std::ranges::find_if(quants, [&](const QuantRecord& q) { return q.id == id; });
  return found == quants.end() ? nullptr : &*found;
}

bool may_read(const QuantRecord& quant, const RuntimeRecord& runtime) {
  return quant.runtimes.empty() || reads(quant, runtime);
}

/// The quantisation itself where the runtime reads it, 4-bit blocks of a released checkpoint as they are, else the
/// usual format with the nearest bits.
std::string nearest_format(const std::vector<QuantRecord>& quants, const QuantRecord& wanted,
                           const RuntimeRecord& runtime, std::span<const std::string_view> formats) {
  if (may_read(wanted, runtime)) return wanted.id;
  if (wanted.id.starts_with("MXFP4"))
    if (const QuantRecord* native = find_quant(quants, "MXFP4"); native && may_read(*native, runtime))
      return native->id;
  const QuantRecord* best = nullptr;
  for (const std::string_view format : formats) {
    const QuantRecord* quant = find_quant(quants, format);
    if (quant && (!best || std::abs(quant->bits - wanted.bits) < std::abs(best->bits - wanted.bits))) best = quant;
  }
  return best ? best->id : wanted.id;
}

bool runs_everywhere(const RuntimeRecord& runtime, const Machine& machine) {
  if (machine.devices.empty())
    return std::ranges::find(runtime.backends, "cpu") != runtime.backends.end() && runtime.id != "vllm";
  return std::ranges::all_of(machine.devices, [&](const Device& device) { return runs_on(runtime, device); });
}

}  // namespace

std::vector<Estimate> under_all_runtimes(const Session& session, const Request& request) {
  const Catalog& catalog = session.parts().catalog;
  const std::vector<QuantRecord>& quants = session.parts().quants;
  std::vector<Estimate> out;
  std::optional<QuantRecord> wanted;
  if (!request.quant.empty()) wanted = catalog.quant(request.quant).record;
  std::optional<Error> refused;
  for (const Listed& entry : listed) {
    Request asked = request;
    asked.runtime = entry.runtime;
    const RuntimeRecord runtime = catalog.runtime(asked.runtime).record;
    if (!out.empty() && !runs_everywhere(runtime, out.front().machine)) continue;
    if (entry.formats.empty()) {
      if (wanted && !may_read(*wanted, runtime)) asked.quant.clear();
    } else if (wanted) {
      const Machine* const machine = out.empty() ? nullptr : &out.front().machine;
      const bool apple = machine && !machine->devices.empty() && machine->devices.front().vendor == "apple";
      const bool plain = apple && entry.runtime == "transformers";
      asked.quant = nearest_format(quants, *wanted, runtime,
                                   plain ? std::span<const std::string_view>(sixteen_bits) : entry.formats);
    }
    try {
      Estimate estimate = session.estimate(asked);
      if (!wanted) {
        const QuantRecord* found = find_quant(quants, estimate.quant.id);
        if (found) wanted = *found;
      }
      out.push_back(std::move(estimate));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unsupported_combination) throw;
      if (!refused) refused = error;
    }
  }
  if (out.empty() && refused) throw *refused;
  return out;
}

}  // namespace canrun

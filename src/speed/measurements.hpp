#pragma once
/// Published measurements of decode, prefill and time to first token.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace canrun {

enum class Metric : std::uint8_t { decode, prefill, ttft };

/// One published measurement: tokens/s, or seconds for ttft. Views into the table that it was read from.
struct Measurement {
  std::string_view id, device;  ///< device: catalog id; `cpu:` and a processor id for the host alone
  std::string_view host, runtime, backend, version, model, quant, variant, kv_type, split, offload;
  std::string_view gpu_layers, cpu_moe_layers;  ///< a number, `all`, the measurer's words, or empty
  std::string_view date, source, note;
  Metric metric = Metric::decode;
  double value = 0;
  int devices = 1;
  std::uint32_t users = 1;
  double ram_bandwidth = 0;                     ///< bytes/s, rated; 0 = not stated
  double file_bytes = 0;                        ///< 0 = not stated
  double prompt = -1, output = -1, depth = -1;  ///< tokens; -1 = not stated
  std::uint32_t ubatch = 0;                     ///< 0 = not stated
  int flash_attention = -1;                     ///< 0, 1; -1 = not stated

  /// The measurer limited the device's power.
  [[nodiscard]] bool power_capped() const;
  /// The measurer's build was old when the measurement was collected.
  [[nodiscard]] bool old_build() const;
  /// The rate counts the whole request: prompt, transport and all.
  [[nodiscard]] bool end_to_end() const;
};

/// Reads the packed table (catalog document `measurements`), which must outlive the result. Throws Error(malformed).
std::vector<Measurement> read_measurements(std::string_view table);

/// What evidence is wanted for.
struct EvidenceQuery {
  std::string_view device, model, quant, runtime, kv_type;
  int devices = 1;
  std::uint32_t users = 1;
  bool offloaded = false;  ///< part of the weights lies on the host
  double depth = 0;        ///< tokens in the cache while decoding
  std::size_t count = 5;
};

enum class Relation : std::uint8_t { exact, same_file, same_model, same_device, model_elsewhere };
std::string_view words_of(Relation relation);

struct Nearest {
  const Measurement* measurement = nullptr;
  Relation relation{};
};

/// The nearest measurements, nearest first: exactly this case (device, model, quant, runtime, placement, users, a
/// similar depth); the same file on the device in other settings; the same model on the device; the device with other
/// models; the model elsewhere. Within each the same runtime first, then decode before prefill, then the newest.
std::vector<Nearest> nearest_measurements(const std::vector<Measurement>& all, const EvidenceQuery& query);

}  // namespace canrun

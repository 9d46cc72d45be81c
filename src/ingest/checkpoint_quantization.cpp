#include "ingest/checkpoint_quantization.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/printable.hpp"

namespace canrun {
namespace {

/// compressed-tensors: bits and group of the first group of weights.
void read_config_groups(const Config& q, Quantization& out) {
  const auto groups = q.object("config_groups");
  if (!groups) return;
  const auto group = groups->alone().object("group_0");
  const auto weights = group ? group->alone().object("weights") : std::nullopt;
  if (!weights) return;
  const Config w = weights->alone();
  out.bits = w.u32_or("num_bits", 0);
  if (w.number_or("group_size", 0) > 0) out.group = w.u32_or("group_size", 0);
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string integer_name(std::string_view tool, double bits, std::uint32_t group) {
  return group == 0 ? fmt::format("{}-{:.0f}bit-gNone", tool, bits)
                    : fmt::format("{}-{:.0f}bit-g{}", tool, bits, group);
}

/// `EXL3-4.0`, `EXL2-4.65`: hundredths, without a trailing nought behind the first.
std::string bitrate_name(std::string_view tool, double bits) {
  std::string text = fmt::format("{}-{:.2f}", tool, bits);
  if (text.back() == '0') text.pop_back();
  return text;
}

std::string compressed_tensors_id(const Quantization& q, std::string_view format, bool floating) {
  if (contains(format, "nvfp4")) return "NVFP4";
  if (contains(format, "mxfp4")) return "MXFP4";
  if (q.bits == 8) return floating ? "FP8" : "INT8";
  if (q.bits == 4) return q.group == 32 ? "INT4-g32" : "INT4";
  return {};
}

/// The catalog's id, by method, bits and group.
std::string catalog_id(const Quantization& q, std::string_view format, bool floating) {
  if (q.method == "awq") return integer_name("AWQ", q.bits, q.group);
  if (q.method == "gptq") return integer_name("GPTQ", q.bits, q.group);
  if (q.method == "auto-round") return q.bits == 4 ? "AutoRound-4bit" : std::string();
  if (q.method == "fp8") return "FP8";
  if (q.method == "mxfp4") return "MXFP4";
  if (q.method == "nvfp4") return "NVFP4";
  if (q.method == "bitsandbytes") return q.bits == 4 ? "NF4" : "bnb-int8";
  if (q.method == "exl2") return bitrate_name("EXL2", q.bits);
  if (q.method == "exl3") return bitrate_name("EXL3", q.bits);
  if (q.method == "mlx") return fmt::format("MLX-{:.0f}bit", q.bits);
  if (q.method == "compressed-tensors") return compressed_tensors_id(q, format, floating);
  return {};
}

Quantization read_mlx(const Config& q) {
  Quantization out;
  out.method = "mlx";
  out.bits = q.u32_or("bits", 4);
  out.group = q.u32_or("group_size", 64);
  out.catalog_id = contains(q.text("mode"), "mxfp4") ? "MXFP4" : catalog_id(out, "", false);
  return out;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

Quantization checkpoint_quantization(const Config& config) {
  std::optional<Config> section = config.object("quantization_config");
  if (!section) section = config.object("quantization");
  if (!section) section = config.object("compression_config");
  if (!section) return {"none", 16, 0, "BF16"};
  const Config q = section->alone();
  Quantization out;
  out.method = printable(lower(q.text("quant_method")), 40);
  const std::string algorithm = lower(q.text("quant_algo"));
  if (out.method.empty() && algorithm.empty()) return read_mlx(q);

  const std::string format = lower(q.text("format"));
  const bool floating = contains(format, "float") || contains(format, "fp");
  out.bits = q.number_or("bits", 0);
  out.group = q.number_or("group_size", 0) > 0 ? q.u32_or("group_size", 0) : 0;
  if (out.method == "compressed-tensors") read_config_groups(q, out);
  if (contains(algorithm, "nvfp4") || contains(algorithm, "fp4") || contains(out.method, "fp4")) {
    out.method = out.method == "mxfp4" ? "mxfp4" : "nvfp4";
    out.bits = 4;
    out.group = out.method == "mxfp4" ? 32 : 16;
  } else if (contains(algorithm, "fp8") || out.method == "fp8" || out.method == "fbgemm_fp8") {
    out.method = "fp8";
    out.bits = 8;
    const auto block = q.u32_array("weight_block_size");
    out.group = block.empty() ? 0 : block.back();
  } else if (out.method == "bitsandbytes") {
    out.bits = q.flag("load_in_4bit") || q.flag("_load_in_4bit") ? 4 : 8;
    out.group = out.bits == 4 ? 64 : 0;
  }
  out.catalog_id = catalog_id(out, format, floating);
  return out;
}

}  // namespace canrun

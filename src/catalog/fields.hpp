#pragma once
/// The fields of every record, once: their JSON key, their member, and the unit that the JSON number counts in. The
/// order is the order of the packed record. A visitor reads or writes JSON or bytes (json_entry.cpp, wire.hpp).

#include "canrun/catalog.hpp"

namespace canrun::catalog {

inline constexpr double kGibibyte = 1024.0 * 1024.0 * 1024.0;
inline constexpr double kGiga = 1e9;
inline constexpr double kTera = 1e12;

/// A device as the catalog file holds it.
struct DeviceEntry {
  Device device;
  std::vector<std::string> aliases;
  std::vector<std::uint64_t> memory;  ///< bytes per memory size
  std::vector<std::uint64_t> usable;  ///< bytes that a process can allocate, per memory size
};

/// Links have no names of their own beyond their id.
struct LinkEntry {
  std::string id;
  LinkRecord link;
};

template <class V>
void fields(V& v, ModelRecord& r) {
  v("id", r.id);
  v("name", r.name);
  v("repository", r.repository);
  v("organisation", r.organisation);
  v("family", r.family);
  v("released", r.released);
  v("license", r.license);
  v("capabilities", r.capabilities);
  v("aliases", r.aliases);
  v("context_max", r.context_max);
  v("params_total", r.params_total);
  v("params_active", r.params_active);
  v("params_stated", r.params_stated);
  v("params_text", r.params_text);
  v("params_mtp", r.params_mtp);
  v("params_vision", r.params_vision);
  v("gguf_repository", r.gguf_repository);
  v("gguf_source", r.gguf_source);
  v("released_as", r.released_as);
  v("native_quant", r.native_quant);
  v("mtp_lean", r.mtp_lean);
  v("unsupported_reason", r.unsupported_reason);
  v.json("config", r.config_json);
  v("source", r.source);
  v("source_meta", r.source_meta);
  v("confidence", r.confidence);
  v("params_source", r.params_source);
  v("unsourced", r.unsourced);
  v("correction", r.correction);
  v("note", r.note);
}

template <class V>
void fields(V& v, DeviceEntry& r) {
  Device& d = r.device;
  v("id", d.id);
  v("name", d.name);
  v("vendor", d.vendor);
  v("family", d.family);
  v("architecture", d.architecture);
  v("target", d.target);
  v("form", d.form);
  v("aliases", r.aliases);
  v("memory_gib", r.memory, kGibibyte);
  v("usable_gib", r.usable, kGibibyte);
  v("usable_source", d.usable_source);
  v("memory_from_host", d.memory_from_host);
  v("memory_type", d.memory_type);
  v("bus_bits", d.bus_bits);
  v("bandwidth_gbs", d.bandwidth, kGiga);
  v("fp32_tflops", d.fp32_flops, kTera);
  v("fp16_tflops", d.fp16_flops, kTera);
  v("bf16_tflops", d.bf16_flops, kTera);
  v("int8_tops", d.int8_ops, kTera);
  v("fp8_tflops", d.fp8_flops, kTera);
  v("fp4_tflops", d.fp4_flops, kTera);
  v("unified_memory", d.unified_memory);
  v("pcie_generation", d.pcie_generation);
  v("pcie_lanes", d.pcie_lanes);
  v("nvlink_gbs", d.nvlink_bandwidth, kGiga);
  v("tdp_watts", d.tdp_watts);
  v("launch_date", d.launch_date);
  v("price_usd", d.price_usd);
  v("source", d.source);
  v("confidence", d.confidence);
  v("correction", d.correction);
  v("note", d.note);
}

template <class V>
void fields(V& v, QuantRecord& r) {
  v("id", r.id);
  v("aliases", r.aliases);
  v("kind", r.kind);
  v("base", r.base);
  v("bits", r.bits);
  v("size_factor", r.size_factor);
  v("size_spread", r.size_spread);
  v("group", r.group);
  v("exact", r.exact);
  v("quality_loss", r.quality_loss);
  v("runtimes", r.runtimes);
  v("listed", r.listed);
  v("embedding_type", r.embedding_type);
  v("output_type", r.output_type);
  v("mixture", r.mixture);
  v("mixture_factor", r.mixture_factor);
  v("mixture_spread", r.mixture_spread);
  v("mixture_since", r.mixture_since);
  v("earlier_mixture", r.earlier_mixture);
  v("earlier_factor", r.earlier_factor);
  v("earlier_spread", r.earlier_spread);
  v("source", r.source);
  v("confidence", r.confidence);
  v("note", r.note);
}

template <class V>
void fields(V& v, RuntimeRecord& r) {
  v("id", r.id);
  v("name", r.name);
  v("aliases", r.aliases);
  v("backends", r.backends);
  v("memory_model", r.memory_model);
  v("ttft_latency", r.ttft_latency);
  v("command", r.command);
  v("source", r.source);
  v("confidence", r.confidence);
  v("speed_note", r.speed_note);
}

template <class V>
void fields(V& v, WorkloadRecord& r) {
  v("id", r.id);
  v("name", r.name);
  v("aliases", r.aliases);
  v("prompt", r.prompt);
  v("output", r.output);
  v("context", r.context);
  v("depth", r.depth);
  v("pace_needed", r.pace_needed);
  v("ttft_patience", r.ttft_patience);
  v("why", r.why);
  v("source", r.source);
}

template <class V>
void fields(V& v, RamRecord& r) {
  v("id", r.id);
  v("name", r.name);
  v("aliases", r.aliases);
  v("channels", r.channels);
  v("mts", r.mts);
  v("bandwidth_gbs", r.bandwidth, kGiga);
  v("achieved_fraction", r.achieved_fraction);
  v("source", r.source);
  v("note", r.note);
}

template <class V>
void fields(V& v, CpuRecord& r) {
  v("id", r.id);
  v("name", r.name);
  v("vendor", r.vendor);
  v("family", r.family);
  v("segment", r.segment);
  v("isa", r.isa);
  v("aliases", r.aliases);
  v("released_year", r.released_year);
  v("sockets", r.sockets);
  v("performance_cores", r.performance_cores);
  v("efficiency_cores", r.efficiency_cores);
  v("threads", r.threads);
  v("base_ghz", r.base_ghz);
  v("boost_ghz", r.boost_ghz);
  v("all_core_ghz", r.all_core_ghz);
  v("l2_mb", r.l2_mb);
  v("l3_mb", r.l3_mb);
  v("memory_type", r.memory_type);
  v("memory_channels", r.memory_channels);
  v("memory_mts", r.memory_mts);
  v("bandwidth_gbs", r.bandwidth, kGiga);
  v("visible_bandwidth_gbs", r.visible_bandwidth, kGiga);
  v("tdp_watts", r.tdp_watts);
  v("source", r.source);
  v("confidence", r.confidence);
  v("note", r.note);
}

template <class V>
void fields(V& v, LinkEntry& r) {
  v("id", r.id);
  v("generation", r.link.generation);
  v("lanes", r.link.lanes);
  v("bandwidth_gbs", r.link.bandwidth, kGiga);
  v("achieved_gbs", r.link.achieved_bandwidth, kGiga);
  v("source", r.link.source);
}

}  // namespace canrun::catalog

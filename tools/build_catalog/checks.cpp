#include "checks.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <set>

namespace facts {
namespace {

double value(const Json& entry, const char* key) {
  const auto it = entry.find(key);
  return it == entry.end() ? 0 : it->get<double>();
}

/// What a pin of a memory type carries, Gbit/s: slowest and fastest part sold.
struct PinRate {
  const char* type;
  double low, high;
};

constexpr std::array kPinRates{
    PinRate{"GDDR5", 4, 9},       PinRate{"GDDR5X", 9, 12},  PinRate{"GDDR6", 10, 20.2}, PinRate{"GDDR6X", 18, 24},
    PinRate{"GDDR7", 18, 32},     PinRate{"HBM2", 1.2, 2.5}, PinRate{"HBM2E", 1.2, 3.7}, PinRate{"HBM3", 3.9, 6.5},
    PinRate{"HBM3E", 5.8, 10},    PinRate{"LPDDR4", 3, 4.3}, PinRate{"LPDDR4X", 3, 4.3}, PinRate{"LPDDR5", 4.2, 6.5},
    PinRate{"LPDDR5X", 7.4, 9.7},
};

void check_device(const Json& entry, std::vector<std::string>& found) {
  const std::string id = entry.at("id");
  const double bandwidth = value(entry, "bandwidth_gbs");
  const double bus = value(entry, "bus_bits");
  if (bandwidth == 0) found.push_back(id + ": no bandwidth");
  if (value(entry, "fp32_tflops") + value(entry, "fp16_tflops") == 0) found.push_back(id + ": no arithmetic rate");
  if (!entry.contains("memory_gib")) found.push_back(id + ": no memory size");
  if (bandwidth == 0 || bus == 0) return;
  const std::string type = entry.value("memory_type", std::string());
  const double per_pin = bandwidth * 8 / bus;
  for (const PinRate& rate : kPinRates) {
    if (type == rate.type && (per_pin < rate.low * 0.98 || per_pin > rate.high * 1.02)) {
      found.push_back(fmt::format("{}: {} GB/s on {} bits are {:.2f} Gbit/s per pin, {} has {} to {}", id, bandwidth,
                                  bus, per_pin, type, rate.low, rate.high));
    }
  }
}

void check_channels(const Json& entry, const char* channels, const char* rate, std::vector<std::string>& found) {
  const double count = value(entry, channels);
  const double mts = value(entry, rate);
  const double sockets = entry.contains("sockets") ? value(entry, "sockets") : 1;
  const double stated = value(entry, "bandwidth_gbs");
  const double computed = count * 8 * mts / 1000 * sockets;
  if (computed == 0 || stated == 0 || std::abs(computed / stated - 1) < 0.03) return;
  found.push_back(fmt::format("{}: {} channels at {} MT/s carry {:.1f} GB/s, {} stated",
                              entry.at("id").get<std::string>(), count, mts, computed, stated));
}

void check_model(const Json& entry, std::vector<std::string>& found) {
  const double total = value(entry, "params_total");
  const double stated = value(entry, "params_stated");
  if (stated == 0 || std::abs(total / stated - 1) <= 0.005) return;
  for (const char* key : {"params_source", "note", "correction"}) {
    if (entry.value(key, std::string()).find("rounded") != std::string::npos) return;
  }
  found.push_back(
      fmt::format("{}: {:.0f} parameters counted, {:.0f} stated", entry.at("id").get<std::string>(), total, stated));
}

}  // namespace

std::vector<std::string> check(std::string_view kind, const std::vector<Json>& entries) {
  std::vector<std::string> found;
  std::set<std::string> ids;
  for (const Json& entry : entries) {
    if (!ids.insert(entry.at("id")).second) found.push_back(entry.at("id").get<std::string>() + ": stands twice");
    if (kind == "devices") check_device(entry, found);
    if (kind == "cpus") check_channels(entry, "memory_channels", "memory_mts", found);
    if (kind == "ram") check_channels(entry, "channels", "mts", found);
    if (kind == "models") check_model(entry, found);
  }
  return found;
}

}  // namespace facts

#include "usable.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace facts {
namespace {

double rounded(double gib) {
  return std::round(gib * 1000) / 1000;
}

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.rfind(prefix, 0) == 0;
}

template <class Rule>
Usable each(const std::vector<double>& sizes, std::string source, Rule rule) {
  Usable usable;
  usable.source = std::move(source);
  for (const double size : sizes) usable.gib.push_back(rounded(rule(size)));
  return usable;
}

}  // namespace

Usable usable_memory(const DeviceKind& kind, const std::vector<double>& sizes, const std::vector<double>& fractions) {
  if (!fractions.empty()) {
    const bool shared = fractions.size() == 1;
    if (!shared && fractions.size() != sizes.size()) {
      throw std::runtime_error(kind.id + ": as many usable fractions as memory sizes are needed");
    }
    Usable usable;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      usable.gib.push_back(rounded(sizes[i] * fractions[shared ? 0 : i]));
    }
    usable.source = kind.vendor == "apple" ? "Metal recommendedMaxWorkingSetSize as logged on macOS 15/26"
                                           : "default share of system memory as reported by users";
    return usable;
  }
  if (kind.unified) {
    if (kind.vendor == "nvidia") {
      return each(sizes,
                  "system memory as the kernel reports it (119.6 of 128 GB on GB10, 93.5 % of the label), less what "
                  "the system needs",
                  [](double size) { return size * 0.935 - std::min(1.0, size / 16); });
    }
    if (kind.id == "mi300a") {
      return each(sizes, "HBM less 1 % and 4 GiB for the host side", [](double size) { return size * 0.99 - 4; });
    }
    return each(sizes, "half of system memory: amdgpu GTT default, Windows shared GPU memory",
                [](double size) { return size * 0.5; });
  }
  if (starts_with(kind.memory_type, "HBM")) {
    return each(sizes, "total seen by a process: 79.2 of 80 GiB (H100, A100)", [](double size) { return size * 0.99; });
  }
  if (kind.vendor == "nvidia" && kind.form == "datacenter" && kind.memory_type == "GDDR6") {
    return each(sizes, "ECC takes 1/16, the driver 1.7 %: 14.74 of 16 GiB (T4), 44.4 of 48 (L40S)",
                [](double size) { return size * 15 / 16 * 0.983; });
  }
  if (kind.vendor == "nvidia" && kind.form == "laptop") {
    return each(sizes, "total seen by a process: 7745 of 8192 MiB, 5920 of 6144 (laptops)",
                [](double size) { return size - std::max(0.02 * size, std::min(0.05 * size, 0.4)); });
  }
  if (kind.vendor == "nvidia") {
    return each(
        sizes,
        "total seen by a process: 11.76 of 12 GiB (RTX 3060), 23.5 of 24 (RTX 4090), 31.37 of 32 (RTX 5090), "
        "95 of 96 (RTX PRO 6000)",
        [](double size) { return size - (size > 32 ? std::max(0.5, 0.0105 * size) : std::max(0.02 * size, 0.2)); });
  }
  if (kind.vendor == "amd") {
    return each(sizes, "driver reserve of amdgpu, about 1 %", [](double size) { return size * 0.99; });
  }
  return each(sizes, "driver reserve, about 2 %", [](double size) { return size * 0.98; });
}

double typical_host_memory(const std::string& family) {
  return family == "RTX Spark" ? 128 : 32;
}

}  // namespace facts

#include "memory/system_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"

namespace canrun {
namespace {

constexpr double mib = 1 << 20;

class Share {
public:
  Share(Device& device, std::vector<MemoryLine>& lines) : device_(device), lines_(lines) {}

  void take(std::string id, std::string label, std::uint64_t bytes, std::string formula, std::string source) {
    bytes = std::min(bytes, device_.usable_bytes);
    device_.usable_bytes -= bytes;
    line(std::move(id), std::move(label), bytes, std::move(formula), std::move(source));
  }
  void line(std::string id, std::string label, std::uint64_t bytes, std::string formula, std::string source) {
    if (bytes > 0)
      lines_.push_back({std::move(id), std::move(label), device_.id, bytes, std::move(formula), std::move(source)});
  }

private:
  Device& device_;
  std::vector<MemoryLine>& lines_;
};

/// ECC bits stored among the data: a sixteenth of GDDR. HBM has cells of its own for them.
bool keeps_ecc_inline(const Device& device) {
  return device.memory_type.starts_with("GDDR");
}

bool delivered_with_ecc(const Device& device) {
  return device.usable_source.starts_with("ECC");
}

/// Error correction as asked, and the system's own limit, change what the catalog calls usable.
void set_usable(Device& device, const SystemWish& wish, const SystemRule* os) {
  if (keeps_ecc_inline(device) && delivered_with_ecc(device) && !wish.ecc.value_or(true))
    device.usable_bytes += device.memory_bytes / 16;
  if (os && os->usable_fraction > 0)
    device.usable_bytes = static_cast<std::uint64_t>(os->usable_fraction * static_cast<double>(device.memory_bytes));
}

void correct_errors(Device& device, const SystemWish& wish, Share& share) {
  if (!keeps_ecc_inline(device)) return;
  constexpr const char* formula = "1/16 of the memory holds check bits";
  constexpr const char* source = "nvidia-smi of GDDR cards with ECC: 46068 of 49152 MiB (L40S), 23028 of 24576 (A10)";
  const std::uint64_t sixteenth = device.memory_bytes / 16;
  if (!wish.ecc.value_or(delivered_with_ecc(device))) return;
  if (delivered_with_ecc(device))
    share.line("ecc", "Error correction", sixteenth, formula, source);
  else
    share.take("ecc", "Error correction", sixteenth, formula, source);
}

bool matches(const SystemRule& rule, const Device& device, const SystemWish& wish) {
  const auto same = [](const std::string& wanted, const std::string& found) {
    return wanted.empty() || wanted == found;
  };
  return same(rule.os, wish.os) && same(rule.vendor, device.vendor) && same(rule.backend, wish.backend) &&
         (!rule.unified || *rule.unified == device.unified_memory);
}

const std::vector<SystemRule>& builtin_rules() {
  static const auto rules = read_system_rules(Catalog::builtin().document("overheads"));
  return rules;
}

const SystemRule* first_rule(std::string_view id, const Device& device, const SystemWish& wish) {
  const auto& rules = builtin_rules();
  const auto found =
      std::ranges::find_if(rules, [&](const SystemRule& rule) { return rule.id == id && matches(rule, device, wish); });
  return found == rules.end() ? nullptr : &*found;
}

void apply(const SystemRule* rule, Device& device, Share& share) {
  if (!rule || rule->usable_fraction > 0) return;
  const double bytes = std::max(rule->bytes, rule->fraction * static_cast<double>(device.memory_bytes));
  share.take(rule->id, rule->label, static_cast<std::uint64_t>(bytes),
             rule->fraction > 0
                 ? fmt::format("{:.1f} % of the memory, at least {:.0f} MiB", 100 * rule->fraction, rule->bytes / mib)
                 : fmt::format("{:.0f} MiB", rule->bytes / mib),
             rule->source);
}

/// What the catalog's usable size leaves out; error correction that the card is delivered with is a line of its own.
void reserve(const Device& device, const SystemWish& wish, const SystemRule* os, Share& share) {
  std::uint64_t bytes = device.memory_bytes - std::min(device.memory_bytes, device.usable_bytes);
  if (keeps_ecc_inline(device) && delivered_with_ecc(device) && wish.ecc.value_or(true))
    bytes -= std::min(bytes, device.memory_bytes / 16);
  const bool limited = os && os->usable_fraction > 0;
  const bool shares = device.unified_memory && device.form != "datacenter";
  const SystemRule* const limit = shares && !limited ? first_rule("limit", device, wish) : nullptr;
  std::string formula = "marketed size - usable size";
  if (limit && !limit->hint.empty()) formula += "; " + limit->hint;
  share.line("reserve",
             limited                 ? os->label
             : limit                 ? limit->label
             : device.unified_memory ? "Kept for the system"
                                     : "Driver and firmware",
             bytes, std::move(formula), limited ? os->source : device.usable_source);
}

}  // namespace

std::vector<SystemRule> read_system_rules(std::string_view json) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  std::vector<SystemRule> rules;
  if (!document.is_object() || !document.contains("system")) return rules;
  if (!document["system"].is_array())
    throw Error(ErrorCode::malformed, "overheads: expected \"system\" to be an array");
  for (const auto& entry : document["system"]) {
    try {
      SystemRule rule;
      rule.id = entry.value("id", "");
      rule.label = entry.value("label", "");
      rule.os = entry.value("os", "");
      rule.vendor = entry.value("vendor", "");
      rule.backend = entry.value("backend", "");
      if (entry.contains("unified")) rule.unified = entry["unified"].get<bool>();
      rule.bytes = entry.value("bytes", 0.0);
      rule.fraction = entry.value("fraction", 0.0);
      rule.usable_fraction = entry.value("usable_fraction", 0.0);
      rule.hint = entry.value("hint", "");
      rule.source = entry.value("source", "");
      rules.push_back(std::move(rule));
    } catch (const nlohmann::json::exception& error) {
      throw Error(ErrorCode::malformed, fmt::format("overheads: /system/{}: {}", rules.size(), error.what()));
    }
  }
  return rules;
}

std::vector<MemoryLine> take_system_share(std::vector<Device>& devices, const SystemWish& wish) {
  std::vector<MemoryLine> lines;
  const bool asks = !wish.os.empty() || wish.display.value_or(false);
  for (std::size_t d = 0; d < devices.size(); ++d) {
    Device& device = devices[d];
    Share share(device, lines);
    const SystemRule* os = wish.os.empty() ? nullptr : first_rule("os", device, wish);
    if (wish.usable_stated && os != nullptr && os->usable_fraction > 0) os = nullptr;
    set_usable(device, wish, os);
    reserve(device, wish, os, share);
    correct_errors(device, wish, share);
    if (asks) {
      apply(os, device, share);
      const bool shows = wish.display.value_or(wish.os == "windows" && device.form != "datacenter");
      if (d == 0 && shows && !device.unified_memory) apply(first_rule("display", device, wish), device, share);
    }
    share.take("used", "In use", wish.used_bytes, "taken by other programs, --used", "the question");
  }
  return lines;
}

}  // namespace canrun

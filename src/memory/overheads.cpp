#include "memory/overheads.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"

namespace canrun {

std::vector<OverheadRule> read_overheads(std::string_view json) {
  const auto document = nlohmann::json::parse(json, nullptr, false);
  if (!document.is_object() || !document.contains("rules") || !document["rules"].is_array())
    throw Error(ErrorCode::malformed, "overheads: expected an object with an array \"rules\"");
  std::vector<OverheadRule> rules;
  for (const auto& entry : document["rules"]) {
    try {
      OverheadRule rule;
      rule.backend = entry.value("backend", "");
      rule.vendor = entry.value("vendor", "");
      rule.architecture = entry.value("architecture", "");
      rule.context_bytes = entry.value("context_bytes", 0.0);
      rule.context_bytes_per_unit = entry.value("context_bytes_per_unit", 0.0);
      rule.unit_fp32_flops = entry.value("unit_fp32_flops", 0.0);
      rule.pool_bytes = entry.value("pool_bytes", 0.0);
      rule.source = entry.value("source", "");
      rule.confidence = entry.value("confidence", "");
      rules.push_back(std::move(rule));
    } catch (const nlohmann::json::exception& error) {
      throw Error(ErrorCode::malformed, fmt::format("overheads: /rules/{}: {}", rules.size(), error.what()));
    }
  }
  return rules;
}

const OverheadRule* find_overhead(const std::vector<OverheadRule>& rules, const Device& device,
                                  std::string_view backend) {
  const auto matches = [](std::string_view wanted, std::string_view found) {
    return wanted.empty() || wanted == found;
  };
  const auto found = std::ranges::find_if(rules, [&](const OverheadRule& rule) {
    return matches(rule.backend, backend) && matches(rule.vendor, device.vendor) &&
           matches(rule.architecture, device.architecture);
  });
  return found == rules.end() ? nullptr : &*found;
}

std::uint64_t overhead_bytes(const OverheadRule& rule, const Device& device) {
  const double units = rule.unit_fp32_flops > 0 ? std::round(device.fp32_flops / rule.unit_fp32_flops) : 0;
  return static_cast<std::uint64_t>(rule.context_bytes + units * rule.context_bytes_per_unit + rule.pool_bytes);
}

namespace {

const OverheadRule* builtin_rule(const Device& device, std::string_view backend) {
  static const auto rules = read_overheads(Catalog::builtin().document("overheads"));
  return find_overhead(rules, device, backend);
}

}  // namespace

std::uint64_t runtime_overhead(const Device& device, std::string_view backend) {
  const auto* rule = builtin_rule(device, backend);
  return rule ? overhead_bytes(*rule, device) : 0;
}

std::string overhead_formula(const Device& device, std::string_view backend) {
  const auto* rule = builtin_rule(device, backend);
  if (!rule) return "";
  std::string text = "context and driver";
  if (rule->context_bytes > 0) text += fmt::format(" {:.0f} B", rule->context_bytes);
  if (rule->context_bytes_per_unit > 0 && rule->unit_fp32_flops > 0)
    text += fmt::format("{} {:.0f} units × {:.0f} B", rule->context_bytes > 0 ? " +" : "",
                        std::round(device.fp32_flops / rule->unit_fp32_flops), rule->context_bytes_per_unit);
  if (rule->pool_bytes > 0) text += fmt::format(" + kernels' libraries {:.0f} B", rule->pool_bytes);
  return text;
}

}  // namespace canrun

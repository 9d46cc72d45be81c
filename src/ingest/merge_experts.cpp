#include "ingest/merge_experts.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace canrun {
namespace {

/// `blk.3.ffn_gate.7.weight` → `blk.3.ffn_gate_exps.weight`; empty for any other name.
std::string merged_name(std::string_view name) {
  const std::size_t block = name.find('.', 4);
  if (!name.starts_with("blk.") || block == std::string_view::npos) return {};
  const std::string_view rest = name.substr(block + 1);
  const std::size_t stem_end = rest.find('.');
  if (stem_end == std::string_view::npos || !rest.starts_with("ffn_")) return {};
  const std::string_view number = rest.substr(stem_end + 1);
  int expert = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), expert);
  const std::string_view suffix(end, static_cast<std::size_t>(number.data() + number.size() - end));
  if (error != std::errc() || expert < 0 || (suffix != ".weight" && suffix != ".bias")) return {};
  return std::string(name.substr(0, block + 1)).append(rest.substr(0, stem_end)).append("_exps").append(suffix);
}

}  // namespace

void merge_experts(std::vector<Tensor>& tensors) {
  std::unordered_map<std::string, std::size_t> place;
  std::vector<Tensor> out;
  out.reserve(tensors.size());
  for (Tensor& tensor : tensors) {
    std::string name = merged_name(tensor.name);
    if (name.empty() || tensor.dims[2] != 1) {
      out.push_back(std::move(tensor));
      continue;
    }
    const auto [at, first] = place.try_emplace(name, out.size());
    if (first) {
      tensor.name = std::move(name);
      tensor.role = Role::expert;
      out.push_back(std::move(tensor));
      continue;
    }
    Tensor& merged = out[at->second];
    const bool alike =
        merged.dims[0] == tensor.dims[0] && merged.dims[1] == tensor.dims[1] && merged.type == tensor.type;
    if (alike) {
      ++merged.dims[2];
    } else {
      tensor.role = Role::expert;
      out.push_back(std::move(tensor));
    }
  }
  tensors = std::move(out);
}

}  // namespace canrun

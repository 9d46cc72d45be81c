#include "advice/inspection.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "advice/oddities.hpp"
#include "canrun/settings.hpp"
#include "memory/kv_cache.hpp"
#include "model/model.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

template <class Share>
void add(Share& share, const Tensor& tensor) {
  ++share.tensors;
  share.params += tensor.elements();
  share.bytes += tensor.bytes();
}

template <class Share>
void largest_first(std::vector<Share>& shares) {
  std::stable_sort(shares.begin(), shares.end(), [](const Share& a, const Share& b) { return a.bytes > b.bytes; });
}

bool is_recurrent(Mixer mixer) {
  return mixer != Mixer::none && mixer != Mixer::attention && mixer != Mixer::mla;
}

CacheCost cache_cost(const Architecture& architecture) {
  CacheCost cost;
  const Settings settings;
  for (const Layer& layer : architecture.layers) {
    if (layer.mtp) continue;
    if (is_recurrent(layer.mixer)) ++cost.recurrent_layers;
    if (layer.shares_kv) ++cost.sharing_layers;
    if (!has_kv_cache(architecture, layer)) continue;
    const CacheRow row = cache_row_bytes(architecture, layer, settings);
    const auto bytes = static_cast<std::uint64_t>(row.attention + row.index);
    if (layer.window > 0) {
      ++cost.window_layers;
      cost.window = std::max(cost.window, layer.window);
      cost.window_bytes_per_token += bytes;
    } else {
      ++cost.full_layers;
      cost.bytes_per_token += bytes;
    }
  }
  return cost;
}

void sum_shares(Inspection& out) {
  std::map<Role, RoleShare> roles;
  std::map<std::string, TypeShare> types;
  for (const Tensor& tensor : out.file.tensors) {
    RoleShare& role = roles[tensor.role];
    role.role = tensor.role;
    add(role, tensor);
    const std::string name(tensor_type_name(tensor.type));
    TypeShare& type = types[name];
    type.type = name;
    add(type, tensor);
  }
  for (const auto& [role, share] : roles) out.roles.push_back(share);
  for (const auto& [name, share] : types) out.types.push_back(share);
  largest_first(out.roles);
  largest_first(out.types);
}

}  // namespace

Inspection inspect(ModelFile file) {
  Inspection out;
  out.file = std::move(file);
  const ModelFile& f = out.file;
  sum_shares(out);
  if (f.params > 0 && f.tensor_bytes > 0)
    out.bits_per_weight = 8.0 * static_cast<double>(f.tensor_bytes) / static_cast<double>(f.params);
  if (f.kind != FileKind::model) return out;
  if (!f.tensors.empty()) {
    out.params_active = count_parameters(f.architecture, f.tensors).active;
  } else if (f.architecture_known && !f.config_json.empty()) {
    const Model model = read_model(f.config_json);
    out.params_active = count_parameters(model.architecture, model.tensors).active;
  }
  out.cache = cache_cost(f.architecture);
  out.oddities = oddities(f);
  return out;
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::token_embedding:
      return "embedding";
    case Role::per_layer_embedding:
      return "per-layer embedding";
    case Role::position_embedding:
      return "positions";
    case Role::output:
      return "output";
    case Role::norm:
      return "norms";
    case Role::attention:
      return "attention";
    case Role::mixer:
      return "mixer";
    case Role::ffn:
      return "feed forward";
    case Role::router:
      return "router";
    case Role::expert:
      return "experts";
    case Role::shared_expert:
      return "shared experts";
    case Role::other:
      break;
  }
  return "other";
}

}  // namespace canrun

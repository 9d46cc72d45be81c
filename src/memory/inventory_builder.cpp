#include "memory/inventory_builder.hpp"

#include <algorithm>
#include <cmath>

#include "memory/buffer_rules.hpp"
#include "memory/kv_cache.hpp"
#include "memory/plain_runtime.hpp"
#include "memory/runtime_traits.hpp"
#include "memory/tensor_split.hpp"
#include "model/ffn_part.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

// FLOPs per element of recurrent state and token: decay, update with an outer product, and the read.
constexpr double scan_flops_per_element = 6;

// Weights that a device does not read, so that they and their operation stay on the host: no backend but Metal
// multiplies ternary formats, and Metal only TQ2_0 (supports_op of the backends).
bool stays_on_host(const TensorUse& use, const TensorType& type, GraphBackend backend) {
  switch (backend) {
    case GraphBackend::cpu:
      return false;
    case GraphBackend::metal:
      return use.multiplied && (type == ggml::tq1_0 || type == ggml::nvfp4);
    case GraphBackend::cuda:
    case GraphBackend::rocm:
      if (use.host_on_cuda) return true;
      break;
    default:
      break;
  }
  return use.multiplied && type_class(type) == TypeClass::ternary;
}

void count_use(Block& block, const Tensor& tensor, const TensorUse& use, const TensorType& type) {
  const auto elements = tensor.elements();
  const auto at = static_cast<std::size_t>(type_class(type));
  if (use.part == Part::expert) {
    block.expert_bytes[at] += type.bytes(elements);
    block.expert_elements += elements;
  } else {
    block.dense_bytes[at] += type.bytes(elements);
    block.dense_elements += elements;
  }
  ++block.matrices;
}

void add_part(Block& block, const TensorUse& use, std::uint64_t on_device, std::uint64_t on_host) {
  if (use.ffn_part == 0) return;
  const std::size_t at = ffn_index(use.ffn_part);
  block.part[at] += on_device;
  block.part_host[at] += on_host;
}

void add_weights(Inventory& inventory, const PreparedModel& model, bool mtp, GraphBackend backend) {
  const auto device = device_buffers(backend), host = host_buffers();
  const auto& tensors = *model.tensors;
  const bool tensor_split = inventory.settings.split == SplitMode::tensor;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    const TensorUse& use = model.uses[i];
    const TensorType& type = inventory.types[i];
    const auto elements = tensor.elements();
    inventory.file_bytes += type.bytes(elements);
    if (!(mtp ? use.loaded_with_mtp : use.loaded)) continue;
    const auto on_device = buffer_bytes(device, type, tensor.dims[0], elements);
    const auto on_host = buffer_bytes(host, type, tensor.dims[0], elements);
    Block& block = inventory.blocks[use.block];
    switch (use.part) {
      case Part::block:
        if (stays_on_host(use, type, backend)) {
          block.host_only += on_host;
        } else {
          block.weights += on_device;
          add_part(block, use, on_device, on_host);
        }
        if (tensor_split && is_mirrored(*model.architecture, tensor.name, tensor.dims[1])) block.mirrored += on_device;
        block.weights_host += on_host;
        break;
      case Part::expert:
        if (!stays_on_host(use, type, backend)) {
          block.experts += on_device;
          add_part(block, use, on_device, on_host);
        }
        block.experts_host += on_host;
        break;
      case Part::input:
        inventory.embedding_bytes += on_host;
        if (tensor.dims[1] > 1) {
          const std::uint64_t rows = tensor.role == Role::per_layer_embedding
                                         ? std::max(model.architecture->ngram_heads, std::uint32_t{1})
                                         : std::uint64_t{1};
          inventory.embedding_row_bytes += rows * type.bytes(tensor.dims[0]);
        }
        break;
      case Part::rope_table:
        inventory.rope_bytes += on_device;
        inventory.rope_bytes_host += on_host;
        break;
    }
    if (use.multiplied) count_use(block, tensor, use, type);
  }
  if (model.tied_table < 0) return;
  const auto table = static_cast<std::size_t>(model.tied_table);
  const auto elements = tensors[table].elements();
  Block& head = inventory.blocks.back();
  if (model.head_is_copied)
    head.weights += buffer_bytes(device, inventory.types[table], tensors[table].dims[0], elements);
  if (model.head_is_copied && tensor_split) head.mirrored = head.weights;  // named as the table, it is no output.weight
  if (model.tied_twice_on_host)
    head.weights_host += buffer_bytes(host, inventory.types[table], tensors[table].dims[0], elements);
  if (model.architecture->causal) count_use(head, tensors[table], {}, inventory.types[table]);
}

void describe_layer(Block& block, const Architecture& a, const Layer& layer) {
  block.mixer = layer.mixer;
  block.ffn = layer.ffn;
  block.experts_total = layer.experts;
  block.experts_used = layer.experts_used;
  if (layer.mtp) return;
  const bool latent = stores_latent(a, layer);
  const bool attends =
      layer.mixer == Mixer::attention || layer.mixer == Mixer::mla || layer.mixer == Mixer::attention_mamba2;
  if (attends) {
    const double widths = latent ? 2.0 * a.kv_lora_rank + a.qk_rope_head_dim : layer.head_dim_k + layer.head_dim_v;
    block.attention_flops = 2.0 * layer.heads * widths;
    block.window = layer.window;
    std::uint32_t tokens_per_pick = std::max(a.indexer_block_size, 1U);
    if (is_compressed(a) && layer.compress_ratio > 0) {
      block.window = 0;
      block.attention_flops /= layer.compress_ratio;
      tokens_per_pick = layer.compress_ratio;
    }
    if (a.indexer_top_k > 0 && (layer.has_indexer || latent)) block.read_cap = a.indexer_top_k * tokens_per_pick;
  }
  block.state_bytes = static_cast<double>(state_bytes(a, layer));
  block.scan_flops = scan_flops_per_element * block.state_bytes / 4;
}

/// ExLlama allocates every layer's cache for the whole context, whatever its window (exllamav3/cache/fp16.py).
Settings cache_settings(const Inventory& inventory) {
  Settings settings = inventory.settings;
  if (runs_on_exllama(inventory)) settings.swa_full = true;
  return settings;
}

void fill_caches(Inventory& inventory, GraphBackend backend) {
  const Architecture& a = *inventory.architecture;
  const Settings settings = cache_settings(inventory);
  const auto on_device = block_caches(a, settings, device_buffers(backend));
  const auto on_host = block_caches(a, settings, host_buffers());
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    Block& block = inventory.blocks[i];
    block.kv_cache = on_device[i].kv;
    block.state = on_device[i].state;
    block.mirrored_state = is_compressed(a) ? block.kv_cache + block.state : mirrors_states(a) ? block.state : 0;
    block.kv_cache_host = on_host[i].kv;
    block.state_host = on_host[i].state;
    if (a.layers[i].mtp) continue;
    const auto row = cache_row_bytes(a, a.layers[i], inventory.settings);
    block.kv_bytes_per_token = row.attention;
    block.index_bytes_per_token = row.index;
  }
}

void scale(std::uint64_t& bytes, double factor) {
  bytes = static_cast<std::uint64_t>(std::llround(static_cast<double>(bytes) * factor));
}

void scale_weights(Inventory& inventory, double factor) {
  for (auto* bytes : {&inventory.file_bytes, &inventory.embedding_bytes, &inventory.embedding_row_bytes})
    scale(*bytes, factor);
  for (Block& block : inventory.blocks) {
    for (auto* bytes : {&block.weights, &block.weights_host, &block.host_only, &block.experts, &block.experts_host})
      scale(*bytes, factor);
    for (auto* parts : {&block.part, &block.part_host})
      for (auto& bytes : *parts) scale(bytes, factor);
    for (auto& bytes : block.dense_bytes) scale(bytes, factor);
    for (auto& bytes : block.expert_bytes) scale(bytes, factor);
  }
}

}  // namespace

Inventory make_inventory(const PreparedModel& model, std::vector<TensorType> types, const Settings& settings,
                         GraphBackend backend) {
  const Architecture& a = *model.architecture;
  Inventory inventory;
  inventory.architecture = model.architecture;
  inventory.tensors = model.tensors;
  inventory.types = std::move(types);
  inventory.settings = settings;
  inventory.on_metal = backend == GraphBackend::metal;
  inventory.blocks.resize(a.layers.size() + 1);
  inventory.params_total = model.params_total;
  inventory.params_active = model.params_active;
  for (std::size_t i = 0; i < a.layers.size(); ++i) describe_layer(inventory.blocks[i], a, a.layers[i]);
  add_weights(inventory, model, settings.mtp, backend);
  fill_caches(inventory, backend);
  if (inventory.params_total > 0)
    inventory.bits_per_weight =
        8.0 * static_cast<double>(inventory.file_bytes) / static_cast<double>(inventory.params_total);
  return inventory;
}

Inventory make_inventory(const PreparedModel& model, const FileType& file_type, bool imatrix, const Settings& settings,
                         GraphBackend backend) {
  std::vector<TensorType> types(model.tensors->size());
  assign_types(*model.tensors, model.classes, file_type, imatrix, types);
  auto inventory = make_inventory(model, std::move(types), settings, backend);
  inventory.quant_id = file_type.id;
  if (const double factor = size_factor(file_type, model.classes, inventory.bits_per_weight); factor != 1) {
    scale_weights(inventory, factor);
    inventory.bits_per_weight *= factor;
  }
  return inventory;
}

void change_settings(Inventory& inventory, const Settings& settings, GraphBackend backend) {
  inventory.settings = settings;
  fill_caches(inventory, backend);
}

}  // namespace canrun

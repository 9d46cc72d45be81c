#include "advice/oddities.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "canrun/error.hpp"
#include "quant/file_types.hpp"
#include "quant/tensor_classes.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

using Names = std::set<std::string>;

std::string stem(const Tensor& tensor) {
  const auto dot = tensor.name.find('.', 4);
  return dot == std::string::npos ? tensor.name : tensor.name.substr(dot + 1);
}

/// Layers of one kind should hold the same tensors.
auto kind_of(const Layer& l) {
  return std::tuple(l.mixer, l.ffn, l.mtp, l.window > 0, l.shares_kv, l.has_indexer, l.compress_ratio);
}

std::string some(const std::vector<std::size_t>& blocks) {
  std::vector<std::size_t> shown(blocks.begin(),
                                 blocks.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(blocks.size(), 4)));
  return fmt::format("{}{}", fmt::join(shown, ", "), blocks.size() > shown.size() ? " …" : "");
}

void check_blocks(const ModelFile& file, std::vector<std::string>& out) {
  const auto& layers = file.architecture.layers;
  std::vector<Names> names(layers.size());
  for (const Tensor& tensor : file.tensors)
    if (tensor.layer >= 0 && static_cast<std::size_t>(tensor.layer) < layers.size())
      names[static_cast<std::size_t>(tensor.layer)].insert(stem(tensor));

  std::vector<std::size_t> empty;
  std::map<decltype(kind_of(Layer{})), std::vector<std::size_t>> kinds;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (names[i].empty())
      empty.push_back(i);
    else
      kinds[kind_of(layers[i])].push_back(i);
  }
  if (!empty.empty())
    out.push_back(
        fmt::format("{} of {} blocks have no tensors at all ({}).", empty.size(), layers.size(), some(empty)));

  std::map<std::string, std::vector<std::size_t>> missing;
  for (const auto& [kind, blocks] : kinds) {
    std::map<std::string, std::size_t> counts;
    for (const std::size_t block : blocks)
      for (const std::string& name : names[block]) ++counts[name];
    for (const auto& [name, count] : counts)
      if (count < blocks.size() && count * 4 >= blocks.size() * 3)
        for (const std::size_t block : blocks)
          if (!names[block].contains(name)) missing[name].push_back(block);
  }
  std::size_t told = 0;
  for (const auto& [name, blocks] : missing)
    if (told++ < 5)
      out.push_back(
          fmt::format("`{}` is missing in blocks {}, though others of their kind have it.", name, some(blocks)));
  if (told > 5) out.push_back(fmt::format("{} more tensors are missing in some blocks.", told - 5));
}

/// Tensors that make no sense without another of the same block, and the names that the other may have.
struct Partner {
  std::string_view has, needs, or_needs;
};
constexpr Partner partners[] = {
    {"ffn_gate.weight", "ffn_up.weight", ""},
    {"ffn_up.weight", "ffn_down.weight", ""},
    {"ffn_down.weight", "ffn_up.weight", "ffn_gate_up.weight"},
    {"ffn_gate_exps.weight", "ffn_up_exps.weight", ""},
    {"ffn_up_exps.weight", "ffn_down_exps.weight", ""},
    {"ffn_down_exps.weight", "ffn_up_exps.weight", "ffn_gate_up_exps.weight"},
    {"attn_q.weight", "attn_output.weight", ""},
};

/// What is missing in every block alike, so that comparing blocks does not show it.
void check_partners(const ModelFile& file, std::vector<std::string>& out) {
  if (file.format != FileFormat::gguf || !file.architecture_known) return;
  std::map<int, Names> blocks;
  for (const Tensor& tensor : file.tensors)
    if (tensor.layer >= 0) blocks[tensor.layer].insert(stem(tensor));
  std::set<std::string_view> told;
  for (const Partner& partner : partners) {
    if (told.contains(partner.needs)) continue;
    std::vector<std::size_t> lacking;
    for (const auto& [layer, names] : blocks)
      if (names.contains(std::string(partner.has)) && !names.contains(std::string(partner.needs)) &&
          !names.contains(std::string(partner.or_needs)))
        lacking.push_back(static_cast<std::size_t>(layer));
    if (lacking.size() * 4 <= blocks.size()) continue;
    told.insert(partner.needs);
    out.push_back(fmt::format("`{}` is missing in {} blocks ({}), which have `{}`: the file is not whole.",
                              partner.needs, lacking.size(), some(lacking), partner.has));
  }
}

void check_tables(const ModelFile& file, std::vector<std::string>& out) {
  const Architecture& a = file.architecture;
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(file.tensors, [&](const Tensor& t) { return t.name == name; });
  };
  if (!has("token_embd.weight")) out.push_back("There is no table of token embeddings (token_embd.weight).");
  if (a.vocab > 0 && file.tokenizer_size > a.vocab)
    out.push_back(fmt::format("The vocabulary has {} tokens but the embedding table only {} rows.", file.tokenizer_size,
                              a.vocab));
  if (a.causal && file.format == FileFormat::gguf && file.tokenizer_size == 0)
    out.push_back("There is no vocabulary: a runtime cannot turn text into tokens.");
  if (a.context_max == 0 && file.format == FileFormat::gguf)
    out.push_back("The metadata does not say how long a context may be.");
}

void check_recipe(const ModelFile& file, std::vector<std::string>& out) {
  if (file.format != FileFormat::gguf) return;
  if (file.quantization.guessed) {
    out.push_back("The file does not say which recipe it was quantised by (general.file_type).");
    return;
  }
  const auto type = gguf_file_type(file.quantization.catalog_id);
  if (!type) return;
  std::vector<Tensor> tensors = file.tensors;
  std::sort(tensors.begin(), tensors.end(), file_order);
  const TensorClasses classes = classify_tensors(tensors, file.architecture);
  std::size_t differing = tensors.size();
  std::uint64_t expected = 0;
  for (const bool imatrix : {false, true}) {
    std::vector<TensorType> types(tensors.size());
    try {
      assign_types(tensors, classes, *type, imatrix, types);
    } catch (const Error&) {
      continue;
    }
    std::size_t count = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i)
      count += classes.tensors[i].quantizable && types[i] != tensors[i].type ? 1 : 0;
    if (count < differing) {
      differing = count;
      expected = tensor_bytes(tensors, types);
    }
  }
  const auto matrices = static_cast<std::size_t>(std::ranges::count_if(classes.tensors, &TensorClass::quantizable));
  if (expected == 0 || differing == 0 || matrices == 0) return;
  const auto bits = [&](std::uint64_t bytes) {
    return file.params == 0 ? 0 : 8.0 * static_cast<double>(bytes) / static_cast<double>(file.params);
  };
  const bool few = differing * 20 < matrices;
  out.push_back(fmt::format(
      "{} of {} matrices have other types than the recipe {} gives{}: {:.2f} bits per weight instead of {:.2f}.",
      differing, matrices, file.quantization.catalog_id, few ? " (a variant such as _L)" : " (a dynamic or custom mix)",
      bits(file.tensor_bytes), bits(expected)));
}

}  // namespace

std::vector<std::string> oddities(const ModelFile& file) {
  std::vector<std::string> out;
  if (file.tensors.empty() || file.kind != FileKind::model) return out;
  check_blocks(file, out);
  check_partners(file, out);
  check_tables(file, out);
  check_recipe(file, out);
  return out;
}

}  // namespace canrun

#include "quant/gguf_types.hpp"

#include <array>

#include <fmt/format.h>

#include "canrun/error.hpp"
#include "quant/recipes.hpp"
#include "quant/tensor_types.hpp"

namespace canrun {
namespace {

// Where a tensor stands in its class.
struct Position {
  std::uint32_t index = 0;
  std::uint32_t count = 0;
};

bool more_bits(Position p) {
  return p.index < p.count / 8 || p.index >= 7 * p.count / 8 || (p.index - p.count / 8) % 3 == 2;
}

bool holds(When when, const TensorClasses& model, Position p, bool imatrix) {
  const bool first_eighth = p.index < p.count / 8;
  const bool first_sixteenth = p.index < p.count / 16;
  switch (when) {
    case When::always:
      return true;
    case When::gqa4:
      return model.gqa >= 4;
    case When::gqa4_or_experts4:
      return model.gqa >= 4 || model.experts >= 4;
    case When::eight_experts:
      return model.experts == 8;
    case When::eight_experts_more_bits:
      return model.experts == 8 && more_bits(p);
    case When::falcon:
      return model.falcon;
    case When::falcon_first_sixteenth:
      return model.falcon && first_sixteenth;
    case When::falcon_more_bits:
      return model.falcon && more_bits(p);
    case When::no_imatrix:
      return !imatrix;
    case When::no_imatrix_first_eighth:
      return !imatrix && first_eighth;
    case When::imatrix_first_eighth:
      return imatrix && first_eighth;
    case When::first_two:
      return p.index < 2;
    case When::first_four:
      return p.index < 4;
    case When::first_eighth:
      return first_eighth;
    case When::first_sixteenth:
      return first_sixteenth;
    case When::middle:
      return !first_eighth && p.index < 7 * p.count / 8;
    case When::more_bits:
      return more_bits(p);
  }
  return false;
}

// The next type to try when rows do not divide by a block of 256 (or 64); nothing is smaller than a block of 32.
const TensorType& smaller_block(const Tensor& tensor, const TensorType& type) {
  switch (type.id) {
    case ggml::iq1_s.id:
    case ggml::iq1_m.id:
    case ggml::iq2_xxs.id:
    case ggml::iq2_xs.id:
    case ggml::iq2_s.id:
    case ggml::iq3_xxs.id:
    case ggml::iq3_s.id:
    case ggml::iq4_xs.id:
      return ggml::iq4_nl;
    case ggml::q2_0.id:
    case ggml::q2_k.id:
    case ggml::q3_k.id:
    case ggml::tq1_0.id:
    case ggml::tq2_0.id:
      return ggml::q4_0;
    case ggml::q4_k.id:
      return ggml::q5_0;
    case ggml::q5_k.id:
      return ggml::q5_1;
    case ggml::q6_k.id:
      return ggml::q8_0;
    default:
      break;
  }
  if (type.block_elements <= 32) return ggml::f16;
  throw Error(
      ErrorCode::unsupported_combination,
      fmt::format("llama-quantize cannot store {} as {}: its rows of {} do not divide by {} and this type has no "
                  "fallback; choose another file type",
                  tensor.name, tensor_type_name(type), tensor.dims[0], type.block_elements));
}

// Rules of a recipe by class.
struct RulesByClass {
  std::array<std::span<const Rule>, quant_classes> rules{};

  explicit RulesByClass(std::uint8_t recipe) {
    const auto all = rules_of(recipe);
    for (std::size_t begin = 0; begin < all.size();) {
      std::size_t end = begin;
      while (end < all.size() && all[end].quant_class == all[begin].quant_class) ++end;
      rules[static_cast<std::size_t>(all[begin].quant_class)] = all.subspan(begin, end - begin);
      begin = end;
    }
  }
};

/// The uploader's choice for a tensor, if there is one.
const TensorType* chosen_type(const ChosenTypes& chosen, const Tensor& tensor, QuantClass quant_class,
                              const TensorClasses& model) {
  if (chosen.mixture && model.experts > 1) {
    if (quant_class == QuantClass::token_embedding || quant_class == QuantClass::output) return &chosen.mixture->tables;
    if (tensor.role != Role::expert) return &chosen.mixture->others;
    return quant_class == QuantClass::ffn_down ? &chosen.mixture->experts_down : &chosen.mixture->experts;
  }
  if (quant_class == QuantClass::token_embedding && chosen.embedding) return &*chosen.embedding;
  if (quant_class == QuantClass::output && chosen.output) return &*chosen.output;
  return nullptr;
}

const TensorType& output_type(const Recipe& recipe, const TensorClasses& model, std::uint64_t row) {
  const bool odd = row % recipe.base.block_elements != 0;
  return model.falcon || odd ? ggml::q8_0 : recipe.output;
}

}  // namespace

std::uint32_t assign_gguf_types(std::span<const Tensor> tensors, const TensorClasses& classes,
                                const FileType& file_type, bool imatrix, std::span<TensorType> types) {
  const Recipe& recipe = recipes()[file_type.recipe];
  const bool quantised = recipe.base.block_elements > 1;
  const bool experts_only = recipe.id == "MXFP4_MOE";
  const RulesByClass by_class(file_type.recipe);
  std::array<std::uint32_t, quant_classes> counts{};
  std::uint32_t fallbacks = 0;

  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    const auto [quant_class, quantizable] = classes.tensors[i];
    if (!quantizable || !quantised) {
      types[i] = quantizable ? recipe.base : tensor.type;
      continue;
    }
    const bool is_ffn =
        quant_class == QuantClass::ffn_up || quant_class == QuantClass::ffn_gate || quant_class == QuantClass::ffn_down;
    TensorType type = recipe.base;
    if (quant_class == QuantClass::output || (quant_class == QuantClass::token_embedding && classes.tied)) {
      type = output_type(recipe, classes, tensor.dims[0]);
    } else if (experts_only) {
      const bool expert = tensor.dims[2] > 1 && (is_ffn || !classes.experts_by_name);
      type = expert ? recipe.base : ggml::q8_0;
    } else if (quant_class == QuantClass::token_embedding) {
      type = recipe.embedding;
    } else {
      auto& count = counts[static_cast<std::size_t>(quant_class)];
      Position position{count, is_ffn ? classes.block_count : classes.attn_v_count};
      if (is_ffn && classes.experts > 1 && !recipe.low_bit) position.index = static_cast<std::uint32_t>(tensor.layer);
      for (const Rule& rule : by_class.rules[static_cast<std::size_t>(quant_class)])
        if (holds(rule.when, classes, position, imatrix)) {
          type = rule.type;
          break;
        }
      ++count;
      const bool attn_v = quant_class == QuantClass::attn_v;
      if (!recipe.low_bit && attn_v && classes.type_70b && (type == ggml::q3_k || type == ggml::q4_k))
        type = ggml::q5_k;
      if (!recipe.low_bit && classes.experts == 8 && (attn_v || quant_class == QuantClass::attn_k)) type = ggml::q8_0;
    }
    if (const TensorType* chosen = chosen_type(file_type.chosen, tensor, quant_class, classes)) type = *chosen;
    if (tensor.dims[0] % type.block_elements != 0) {
      ++fallbacks;
      type = smaller_block(tensor, type);
      if (tensor.dims[0] % type.block_elements != 0) type = ggml::f16;
    }
    types[i] = type;
  }
  return fallbacks;
}

}  // namespace canrun

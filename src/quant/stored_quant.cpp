#include "quant/stored_quant.hpp"

namespace canrun {

namespace {

struct Rule {
  std::string_view quant, memory_model, stored;
};
constexpr Rule rules[] = {
    {"MXFP4", "llama.cpp", "MXFP4_MOE"}, {"MXFP4", "mlx", "MLX-4bit"}, {"NVFP4", "mlx", "MLX-4bit"}};

}  // namespace

std::string_view stored_quant(std::string_view quant, std::string_view memory_model) {
  for (const Rule& rule : rules)
    if (rule.quant == quant && rule.memory_model == memory_model) return rule.stored;
  return quant;
}

}  // namespace canrun

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "canrun/error.hpp"
#include "model/families.hpp"
#include "model/model.hpp"
#include "model/released.hpp"
#include "model/step_switches.hpp"
#include "model/vision.hpp"

namespace canrun {
namespace {

// clang-format off
constexpr auto family_lists = std::to_array<std::span<const FamilyRow> (*)()>({
    llama_families,
    qwen_families,
    gemma_families,
    gemma4_families,
    mllama_families,
    dense_families,
    classic_families,
    phi_families,
    glm_families,
    minicpm_families,
    llama4_families,
    deepseek_families,
    deepseek4_families,
    kimi_families,
    qwen_next_families,
    minimax_families,
    moe_decoder_families,
    windowed_moe_families,
    state_space_families,
    nemotron_h_families,
    more_moe_families,
    plamo2_families,
    rwkv_families,
    encoder_families,
    other_families,
    unsupported_moe_families,
});
// clang-format on

/// Objects of multimodal wrappers that hold the text tower.
constexpr std::array<std::string_view, 5> text_towers{"text_config", "llm_config", "language_config", "language_model",
                                                      "thinker_config"};
constexpr int deepest_wrapper = 4;

/// The innermost object that describes the text tower.
Config text_tower(Config config) {
  for (int depth = 0; depth < deepest_wrapper; ++depth) {
    const auto found = std::find_if(text_towers.begin(), text_towers.end(),
                                    [&](std::string_view key) { return config.alone().object(key).has_value(); });
    if (found == text_towers.end()) break;
    config = *config.object(*found);
  }
  return config;
}

const FamilyRow* find_family(std::string_view model_type) {
  for (const auto list : family_lists) {
    for (const FamilyRow& row : list()) {
      if (row.model_type == model_type) return &row;
    }
  }
  return nullptr;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

[[noreturn]] void refuse_unknown(const std::string& model_type) {
  const std::string shown = model_type.substr(0, 64);
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const auto list : family_lists) {
    for (const FamilyRow& row : list()) near.emplace_back(edit_distance(shown, row.model_type), row.model_type);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < near.size() && i < 3; ++i) names.push_back(near[i].second);
  throw Error(ErrorCode::unsupported_architecture,
              fmt::format("the architecture \"{}\" is not known; the nearest known ones are {}", shown,
                          fmt::join(names, ", ")));
}

}  // namespace

Model read_model(std::string_view config_json, const FileOptions& options) {
  const Config outer = Config::parse(config_json);
  const Config config = text_tower(outer);
  std::string model_type = config.text("model_type");
  const FamilyRow* row = find_family(model_type);
  if (row == nullptr && outer.has("model_type") && find_family(outer.text("model_type")) != nullptr) {
    model_type = outer.text("model_type");
    row = find_family(model_type);
  }
  if (model_type.empty()) {
    throw Error(ErrorCode::malformed, "the configuration has no \"model_type\": pass a Hugging Face config.json");
  }
  if (row == nullptr) refuse_unknown(model_type);

  Draft draft;
  draft.options = options;
  draft.architecture.model_type = model_type;
  draft.architecture.gguf_arch = std::string(row->gguf_arch);
  row->build(config, *row, draft);
  draft.architecture.vision_params = count_vision(outer, draft.architecture.hidden);
  read_released_formats(config, draft.architecture);
  read_step_switches(outer, config, draft.architecture);
  Model model;
  model.architecture = std::move(draft.architecture);
  model.tensors = draft.tensors.take();
  return model;
}

}  // namespace canrun

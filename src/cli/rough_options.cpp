#include "canrun/error.hpp"
#include "catalog/quantity.hpp"
#include "cli/command_line.hpp"
#include "cli/options.hpp"

namespace canrun::cli {
namespace {

constexpr std::int64_t most = 1'000'000'000;

}  // namespace

void add_rough_options(CommandLine& app, QuestionOptions& o) {
  const char* const model = "A model known by its size alone";
  const auto text = [&](const char* name, std::string& value, const char* help, const char* type) {
    app.text(name, value, help, {model, type});
  };
  text("--params", o.params, "its parameters, 48B; what is not given below is assumed and named", "COUNT");
  text("--active", o.active, "those read for one token, 3B: a mixture of experts", "COUNT");
  text("--layers", o.layers, "its layers", "N");
  text("--hidden", o.hidden, "width of the stream between them", "N");
  text("--heads", o.heads, "attention heads", "N");
  text("--kv-heads", o.kv_heads, "heads of keys and values", "N");
  text("--head-dim", o.head_dim, "width of a head", "N");
  text("--experts", o.experts, "experts per layer", "N");
  text("--experts-used", o.experts_used, "those used for one token", "N");
  text("--vocabulary", o.vocabulary, "tokens that it knows", "N");

  app.text("--bandwidth-scale", o.bandwidth_scale,
           "of each device's memory bandwidth: 0.8 for a limited or laptop part", {"Machine", "FACTOR"});
  app.text("--draft-accept", o.draft_accept,
           "chance that a drafted token is accepted, 0.7: what speculative decoding would give",
           {"Beside the model", "SHARE"});
}

void set_rough(Request& r, const QuestionOptions& o) {
  const auto count = [](std::string_view option, const std::string& text, std::optional<std::uint64_t>& value) {
    if (!text.empty()) value = static_cast<std::uint64_t>(parse_count(option, text, 1, most));
  };
  if (!o.params.empty()) r.rough.params = static_cast<std::uint64_t>(parse_number("--params", o.params));
  if (!o.active.empty()) r.rough.active = static_cast<std::uint64_t>(parse_number("--active", o.active));
  count("--layers", o.layers, r.rough.layers);
  count("--hidden", o.hidden, r.rough.hidden);
  count("--heads", o.heads, r.rough.heads);
  count("--kv-heads", o.kv_heads, r.rough.kv_heads);
  count("--head-dim", o.head_dim, r.rough.head_dim);
  count("--experts", o.experts, r.rough.experts);
  count("--experts-used", o.experts_used, r.rough.experts_used);
  count("--vocabulary", o.vocabulary, r.rough.vocabulary);
  if (!o.bandwidth_scale.empty()) r.bandwidth_scale = parse_number("--bandwidth-scale", o.bandwidth_scale);
  if (!o.draft_accept.empty())
    r.draft_accept = o.draft_accept == "0" ? 0 : parse_share("--draft-accept", o.draft_accept);
}

void settle_model(QuestionOptions& o) {
  if (!o.params.empty()) {
    if (!o.models.empty())
      throw Error(ErrorCode::bad_value, "--params describes a model by its size: leave it out where a model is named");
    o.models.emplace_back();
    return;
  }
  for (const std::string* word : {&o.active, &o.layers, &o.hidden, &o.heads, &o.kv_heads, &o.head_dim, &o.experts,
                                  &o.experts_used, &o.vocabulary})
    if (!word->empty())
      throw Error(ErrorCode::bad_value,
                  "a model known by its size alone needs its parameters: add --params, for example --params 48B");
  if (o.models.empty())
    throw Error(ErrorCode::bad_value,
                "no model given: canrun MODEL --gpu GPU, for example canrun qwen3-8b --gpu rtx3090, or its size: "
                "--params 48B --active 3B");
}

}  // namespace canrun::cli

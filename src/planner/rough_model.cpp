#include "planner/rough_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "canrun/error.hpp"

namespace canrun {
namespace {

constexpr std::uint64_t most_params = 100'000'000'000'000;
constexpr std::uint64_t least_params = 1'000'000;
constexpr std::uint64_t block = 256;  // weights of a K-quant block: released models have rows of whole ones

// Least squares of the logarithms over the 298 dense and 126 mixture-of-experts models of the catalog released since
// 2023, parameters in billions. Half of those models lie within 13 % of the widths and 16 % of the depths.
double dense_hidden(double params) {
  return 1599 * std::pow(params, 0.392);
}
double dense_layers(double params) {
  return 23.2 * std::pow(params, 0.246);
}
double moe_hidden(double active, double params) {
  return 1438 * std::pow(active, 0.386) * std::pow(params, 0.013);
}
double moe_layers(double active, double params) {
  return 20.4 * std::pow(active, 0.093) * std::pow(params, 0.127);
}

// What most of those models have.
constexpr std::uint64_t usual_head = 128;
constexpr std::uint64_t usual_kv_heads = 8;
constexpr std::uint64_t few_kv_heads = 4;  // small models, and MoE models of few active parameters
constexpr std::uint64_t usual_vocabulary = 131'072;
constexpr std::uint64_t usual_context = 131'072;
constexpr std::uint64_t usual_experts_used = 8;
constexpr double tied_below = 4e9;  // parameters up to which input and output share their table

/// Half widths of the 80 % interval of exact over rough decode speeds, in logarithms: the catalog's 422 decoders with
/// nothing but their sizes given (and with their layers), on H200, RTX 4090, M2 Ultra and a desktop processor: 0.14 to
/// 0.24 (0.09 to 0.19). Models of one size differ in depth, attention and vocabulary.
constexpr double doubt_of_size = 0.20;
constexpr double doubt_of_layers_known = 0.15;

struct Shape {
  std::uint64_t params = 0, active = 0;
  bool moe = false, tied = false;
  std::uint64_t layers = 0, hidden = 0, heads = 0, kv_heads = 0, head_dim = 0, vocabulary = 0, context = 0;
  std::uint64_t experts = 0, used = 0, inner = 0;  ///< `inner`: width of the feed-forward, of one expert in a MoE

  [[nodiscard]] double attention() const {
    return static_cast<double>(layers) * static_cast<double>(hidden) * static_cast<double>(head_dim) *
           static_cast<double>(2 * heads + 2 * kv_heads);
  }
  [[nodiscard]] double table() const { return static_cast<double>(vocabulary) * static_cast<double>(hidden); }
  /// Parameters of one more column of feed-forward in every layer.
  [[nodiscard]] double column() const { return 3 * static_cast<double>(layers) * static_cast<double>(hidden); }
};

std::uint64_t rounded(double value, std::uint64_t multiple) {
  const auto whole = static_cast<std::uint64_t>(std::llround(std::max(0.0, value) / static_cast<double>(multiple)));
  return std::max<std::uint64_t>(1, whole) * multiple;
}

std::uint64_t bounded(std::string_view what, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value < least || value > most)
    throw Error(ErrorCode::bad_value, fmt::format("{} must be {} to {}, found {}", what, least, most, value));
  return value;
}

/// Takes what was given and notes what was not.
class Filler {
public:
  std::uint64_t take(std::string_view what, const std::optional<std::uint64_t>& given, std::uint64_t usual,
                     std::uint64_t most) {
    if (given) return bounded(what, *given, 1, most);
    assumed_.push_back(fmt::format("{} {}", what, usual));
    return usual;
  }
  void add(std::string text) { assumed_.push_back(std::move(text)); }
  [[nodiscard]] std::vector<std::string> list() && { return std::move(assumed_); }

private:
  std::vector<std::string> assumed_;
};

[[noreturn]] void contradiction(const Shape& s, std::string_view left, std::string_view instead) {
  throw Error(
      ErrorCode::bad_value,
      fmt::format("{} layers of width {} with a vocabulary of {} leave no parameters for {} of {:.3g} B: give {}",
                  s.layers, s.hidden, s.vocabulary, left, static_cast<double>(s.params) / 1e9, instead));
}

void fill_dense(Shape& s) {
  const double left = static_cast<double>(s.params) - (s.tied ? 1 : 2) * s.table() - s.attention();
  if (left < s.column()) contradiction(s, "the feed-forward", "fewer layers, a smaller width or vocabulary");
  s.inner = left > s.column() * static_cast<double>(block) ? rounded(left / s.column(), block)
                                                           : rounded(left / s.column(), 32);
}

void fill_experts(Shape& s, const RoughModel& rough, Filler& filler) {
  const double routed = static_cast<double>(s.active) - s.table() - s.attention();
  const double stored = static_cast<double>(s.params) - 2 * s.table() - s.attention();
  if (routed < s.column()) contradiction(s, "the active experts", "fewer layers, a smaller width or more --active");
  const double columns = routed / s.column();  // of all experts used together
  const double each = columns / static_cast<double>(rough.experts_used.value_or(usual_experts_used));
  s.inner = each > static_cast<double>(block) ? rounded(each, block) : rounded(each, 32);
  // Whole blocks seldom divide the width by 8: where it is free, the number of experts gives way.
  const double fitting = std::clamp(std::round(columns / static_cast<double>(s.inner)), 1.0, 1024.0);
  s.used = filler.take("experts used", rough.experts_used, static_cast<std::uint64_t>(fitting), 1024);
  const double usual =
      std::max(static_cast<double>(s.used) + 1, std::round(stored / s.column() / static_cast<double>(s.inner)));
  s.experts = filler.take("experts", rough.experts, static_cast<std::uint64_t>(std::min(usual, 65'536.0)), 65'536);
  if (s.experts < s.used)
    throw Error(ErrorCode::bad_value,
                fmt::format("{} experts cannot have {} of them used for one token", s.experts, s.used));
  filler.add(fmt::format("expert width {}", s.inner));
}

std::string config_of(const Shape& s) {
  std::string json =
      fmt::format(R"({{"model_type":"{}","hidden_size":{},"num_hidden_layers":{},"num_attention_heads":{},)"
                  R"("num_key_value_heads":{},"head_dim":{},"vocab_size":{},"max_position_embeddings":{},)"
                  R"("tie_word_embeddings":{},"rms_norm_eps":1e-6,"rope_theta":1000000)",
                  s.moe ? "qwen3_moe" : "llama", s.hidden, s.layers, s.heads, s.kv_heads, s.head_dim, s.vocabulary,
                  s.context, s.tied);
  if (s.moe)
    json +=
        fmt::format(R"(,"num_experts":{},"num_experts_per_tok":{},"moe_intermediate_size":{},"intermediate_size":{},)"
                    R"("decoder_sparse_step":1,"mlp_only_layers":[])",
                    s.experts, s.used, s.inner, s.inner);
  else
    json += fmt::format(R"(,"intermediate_size":{})", s.inner);
  return json + "}";
}

std::string billions(std::uint64_t params) {
  const double value = static_cast<double>(params) / 1e9;
  return value < 1      ? fmt::format("{:.3g}M", 1e3 * value)
         : value < 1000 ? fmt::format("{:.4g}B", value)
                        : fmt::format("{:.4g}T", value / 1e3);
}

}  // namespace

Subject rough_subject(const RoughModel& rough) {
  Shape s;
  s.params = bounded("the number of parameters (params)", rough.params.value_or(0), least_params, most_params);
  s.active = bounded("the number of active parameters (active)", rough.active.value_or(s.params), 1, s.params);
  constexpr double nearly_all = 0.9;
  s.moe = static_cast<double>(s.active) < nearly_all * static_cast<double>(s.params);
  if (!s.moe && (rough.experts || rough.experts_used))
    throw Error(ErrorCode::bad_value,
                "a mixture of experts needs the parameters that one token reads: add active, for example --active 3B");
  const double params = static_cast<double>(s.params) / 1e9;
  const double active = static_cast<double>(s.active) / 1e9;

  Filler filler;
  s.layers =
      filler.take("layers", rough.layers, rounded(s.moe ? moe_layers(active, params) : dense_layers(params), 1), 1024);
  s.hidden = filler.take("hidden", rough.hidden,
                         rounded(s.moe ? moe_hidden(active, params) : dense_hidden(params), params < 1 ? 64 : block),
                         1U << 17U);
  s.head_dim = filler.take("head size", rough.head_dim, s.hidden < 1536 ? usual_head / 2 : usual_head, 4096);
  s.heads = filler.take("heads", rough.heads, std::max<std::uint64_t>(1, s.hidden / s.head_dim), 4096);
  const bool few = s.moe ? active < 4 : params < 2;
  s.kv_heads = filler.take("KV heads", rough.kv_heads, std::min(s.heads, few ? few_kv_heads : usual_kv_heads), 4096);
  if (s.heads % s.kv_heads != 0) {
    if (rough.heads && rough.kv_heads)
      throw Error(ErrorCode::bad_value, fmt::format("{} heads cannot share {} KV heads evenly", s.heads, s.kv_heads));
    if (rough.kv_heads)
      s.heads = rounded(static_cast<double>(s.heads), s.kv_heads);
    else
      while (s.heads % s.kv_heads != 0) --s.kv_heads;
  }
  // A small model has a small table, or there would be little else.
  const double most_of_it = 0.3 * static_cast<double>(s.active) / static_cast<double>(s.hidden);
  s.vocabulary = filler.take("vocabulary", rough.vocabulary,
                             rounded(std::min(static_cast<double>(usual_vocabulary), most_of_it), 64), 4'000'000);
  s.context = rough.context_max.value_or(usual_context);
  s.tied = !s.moe && static_cast<double>(s.params) < tied_below;
  if (s.moe)
    fill_experts(s, rough, filler);
  else
    fill_dense(s);

  ModelRecord record;
  record.id = billions(s.params) + (s.moe ? "-A" + billions(s.active) : std::string());
  record.name = s.moe ? fmt::format("a model of {} parameters, {} active", billions(s.params), billions(s.active))
                      : fmt::format("a model of {} parameters", billions(s.params));
  record.context_max = s.context;
  record.source = "the question";
  record.confidence = "low";
  record.config_json = config_of(s);
  Subject subject = subject_of(std::move(record), false);
  subject.assumed = std::move(filler).list();
  subject.doubt = rough.layers ? doubt_of_layers_known : doubt_of_size;
  if (!subject.assumed.empty())
    subject.notes.push_back(
        fmt::format("known by its size alone: {} assumed, as models of that size have them, so the ranges are wider; "
                    "memory for the "
                    "cache may differ by a factor of two",
                    fmt::join(subject.assumed, ", ")));
  return subject;
}

}  // namespace canrun

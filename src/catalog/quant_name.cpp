#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "canrun/error.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/nearest.hpp"
#include "catalog/resolve.hpp"

namespace canrun::catalog {
namespace {

using Quant = Resolved<QuantRecord>;

bool is_number(std::string_view word) {
  return !word.empty() && word.front() >= '0' && word.front() <= '9';
}

double to_number(const std::string& word) {
  return std::strtod(word.c_str(), nullptr);
}

std::string join(const std::vector<std::string>& words, std::size_t first, std::size_t last) {
  std::string out;
  for (std::size_t i = first; i < last; ++i) out += (i > first ? " " : "") + words[i];
  return out;
}

std::optional<Quant> listed(const Layers& layers, std::string_view typed) {
  const auto found = layers.find(Kind::quants, key_of(Kind::quants, typed));
  if (!found) return std::nullopt;
  return Quant{decode<QuantRecord>(*found), notes_on(typed, *found)};
}

/// Loss between the two listed rates around `bits`, straight in its logarithm.
double loss_at(const Layers& layers, std::string_view kind, double bits) {
  double below_bits = 0, below = 0, above_bits = 0, above = 0;
  for (const Found& found : layers.all(Kind::quants)) {
    const auto record = decode<QuantRecord>(found);
    if (record.kind != kind || record.quality_loss <= 0) continue;
    if (record.bits <= bits && (below == 0 || record.bits > below_bits)) {
      below_bits = record.bits;
      below = record.quality_loss;
    }
    if (record.bits >= bits && (above == 0 || record.bits < above_bits)) {
      above_bits = record.bits;
      above = record.quality_loss;
    }
  }
  if (below == 0 || above == 0 || below_bits == above_bits) return std::max(below, above);
  const double share = (bits - below_bits) / (above_bits - below_bits);
  return std::exp(std::log(below) * (1 - share) + std::log(above) * share);
}

/// `EXL3-4.25`, `exl2 5.0bpw`, `4.0bpw`.
std::optional<Quant> exllama_rate(const Layers& layers, const std::vector<std::string>& words) {
  std::size_t i = 0;
  std::string kind;
  if (words.size() > 1 && (words[0] == "exl" || words[0] == "exllamav" || words[0] == "exllama") &&
      (words[1] == "2" || words[1] == "3")) {
    kind = "exl" + words[1];
    i = 2;
  }
  if (i >= words.size() || !is_number(words[i])) return std::nullopt;
  const double bits = to_number(words[i]);
  const bool unit = i + 2 == words.size() && (words[i + 1] == "bpw" || words[i + 1] == "bit" || words[i + 1] == "bits");
  if (!(i + 1 == words.size() && !kind.empty()) && !unit) return std::nullopt;
  if (kind.empty() && words[i + 1] != "bpw") return std::nullopt;
  if (bits < 1 || bits > 8) {
    throw Error(ErrorCode::bad_value,
                fmt::format("ExLlama formats have 1 to 8 bits per weight; {} was given", words[i]));
  }
  Quant quant;
  if (kind.empty()) {
    kind = "exl3";
    quant.notes.push_back(fmt::format("\"{} bpw\" names no format: taking EXL3", words[i]));
  }
  if (auto known = listed(layers, fmt::format("{}-{:.1f}", kind, bits)); known && known->record.bits == bits) {
    known->notes.insert(known->notes.begin(), quant.notes.begin(), quant.notes.end());
    return known;
  }
  const auto nearest = listed(layers, kind + "-4.0");
  if (nearest) quant.record = nearest->record;
  quant.record.kind = kind;
  quant.record.id = fmt::format("{}-{}", kind == "exl2" ? "EXL2" : "EXL3", words[i]);
  quant.record.aliases.clear();
  quant.record.bits = bits;
  quant.record.exact = false;
  quant.record.listed = false;
  quant.record.quality_loss = loss_at(layers, kind, bits);
  return quant;
}

/// What a name like `GPTQ-4bit-g32`, `4bit-32g-actorder`, `w4a16 g64`, `MLX-4bit-g32` says.
struct Grouped {
  std::string family;
  int bits = 0;
  std::uint32_t group = 0;
};

std::optional<Grouped> parse_grouped(const std::vector<std::string>& words) {
  Grouped grouped;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool next_number = i + 1 < words.size() && is_number(words[i + 1]);
    if (word == "awq" || word == "gptq" || word == "mlx" || word == "autoround") {
      grouped.family = word;
    } else if ((word == "int" || word == "w") && next_number) {
      if (grouped.family.empty()) grouped.family = "int";
      grouped.bits = std::atoi(words[++i].c_str());
    } else if ((word == "g" || word == "gs" || word == "group") && next_number) {
      grouped.group = static_cast<std::uint32_t>(std::atoi(words[++i].c_str()));
    } else if (is_number(word) && i + 1 < words.size() && (words[i + 1] == "bit" || words[i + 1] == "bits")) {
      grouped.bits = std::atoi(word.c_str());
      ++i;
    } else if (is_number(word) && i + 1 < words.size() && words[i + 1] == "g") {
      grouped.group = static_cast<std::uint32_t>(std::atoi(word.c_str()));
      ++i;
    } else if (word == "a" && next_number) {
      ++i;
    } else if (word == "actorder") {
      if (grouped.family.empty()) grouped.family = "gptq";
    } else if (word != "marlin" && word != "sym" && word != "asym" && word != "compressed" && word != "tensors" &&
               word != "qat" && word != "quantized") {
      return std::nullopt;
    }
  }
  if (grouped.family.empty()) return std::nullopt;
  return grouped;
}

std::optional<Quant> grouped_format(const Layers& layers, const std::vector<std::string>& words) {
  const auto grouped = parse_grouped(words);
  if (!grouped) return std::nullopt;
  const int bits = grouped->bits > 0 ? grouped->bits : 4;
  auto quant = listed(layers, fmt::format("{}-{}bit", grouped->family, bits));
  if (!quant) quant = listed(layers, fmt::format("{}{}", grouped->family, bits));
  if (!quant || grouped->group == 0) return quant;
  const std::uint32_t group = grouped->group;
  if (group < 8 || group > 4096) {
    throw Error(ErrorCode::bad_value,
                fmt::format("a group of {} weights is not possible; 32, 64 and 128 are usual", group));
  }
  if (quant->record.group == group) return quant;
  // A group costs a 16-bit scale and a zero point: 16 bits in MLX, as many bits as a weight elsewhere.
  const double extra = grouped->family == "mlx" ? 32 : 16 + bits;
  quant->record.bits = bits + extra / group;
  quant->record.group = group;
  quant->record.id = fmt::format("{}-g{}", quant->record.id.substr(0, quant->record.id.rfind("-g")), group);
  quant->record.aliases.clear();
  quant->record.listed = false;
  return quant;
}

/// A mix whose recipe is not known: like `plain`, but its size may differ.
Quant like(Quant plain, std::string id, double factor, double spread) {
  QuantRecord& record = plain.record;
  if (record.kind == "gguf") record.base = record.id;
  record.kind = record.kind == "gguf" ? "gguf-dynamic" : record.kind;
  record.id = std::move(id);
  record.aliases.clear();
  for (double* typical : {&record.size_factor, &record.mixture_factor, &record.earlier_factor}) *typical *= factor;
  record.size_spread = std::max(record.size_spread, spread);
  record.exact = false;
  record.listed = false;
  return plain;
}

std::optional<Quant> resolve(const Layers& layers, const std::string& typed);

/// `IQ3_S-3.00bpw`: the file type that the header states and the size that the file really has.
std::optional<Quant> stated_rate(const Layers& layers, const std::vector<std::string>& words,
                                 const std::string& typed) {
  const std::size_t n = words.size();
  if (n < 3 || words[n - 1] != "bpw" || !is_number(words[n - 2])) return std::nullopt;
  auto plain = resolve(layers, join(words, 0, n - 2));
  if (!plain || plain->record.kind != "gguf") return std::nullopt;
  const double bits = to_number(words[n - 2]);
  if (bits < 1 || bits > 16) {
    throw Error(ErrorCode::bad_value, fmt::format("{} bits per weight are not possible in \"{}\"", bits, typed));
  }
  Quant quant = like(*plain, fmt::format("{}-{}bpw", plain->record.id, words[n - 2]), 1, 0.04);
  quant.record.bits = quant.record.stated_bits = bits;
  return quant;
}

/// Repacked rows (`_R4`, `_R8`) of ik_llama.cpp: the same bytes in another order.
std::optional<Quant> repacked(const Layers& layers, const std::vector<std::string>& words) {
  const std::size_t n = words.size();
  if (n < 3 || words[n - 2] != "r" || !is_number(words[n - 1])) return std::nullopt;
  auto plain = resolve(layers, join(words, 0, n - 2));
  if (!plain || plain->record.kind.rfind("gguf", 0) != 0) return std::nullopt;
  Quant quant = like(*plain, fmt::format("{}_R{}", plain->record.id, words[n - 1]), 1, 0.02);
  quant.record.runtimes = {"ik_llama.cpp"};
  return quant;
}

/// Uploaders' prefixes: `UD-` and `big-` a little larger than the plain type, `smol-` a little smaller.
std::optional<Quant> prefixed(const Layers& layers, const std::vector<std::string>& words) {
  struct Prefix {
    const char *word, *label;
    double factor, spread;
  };
  static constexpr std::array<Prefix, 4> kPrefixes{Prefix{"ud", "UD", 1.02, 0.06},
                                                   {"smol", "smol", 0.96, 0.05},
                                                   {"big", "big", 1.1, 0.1},
                                                   {"mix", "mix", 1.02, 0.06}};
  if (words.size() < 2) return std::nullopt;
  for (const Prefix& prefix : kPrefixes) {
    if (words[0] != prefix.word) continue;
    auto plain = resolve(layers, join(words, 1, words.size()));
    if (!plain || plain->record.kind.rfind("gguf", 0) != 0) return std::nullopt;
    return like(*plain, fmt::format("{}-{}", prefix.label, plain->record.id), prefix.factor, prefix.spread);
  }
  return std::nullopt;
}

std::optional<Quant> with_imatrix(const Layers& layers, const std::vector<std::string>& words) {
  const std::size_t n = words.size();
  std::string rest;
  if (n > 2 && words[0] == "i" && words[1] == "1") {
    rest = join(words, 2, n);
  } else if (n > 1 && (words[n - 1] == "imatrix" || words[n - 1] == "imat")) {
    rest = join(words, 0, words[n - 2] == "plus" ? n - 2 : n - 1);
  } else {
    return std::nullopt;
  }
  auto quant = resolve(layers, rest);
  if (quant) quant->record.imatrix = true;
  return quant;
}

std::optional<Quant> resolve(const Layers& layers, const std::string& typed) {
  if (auto quant = listed(layers, typed)) return quant;
  const std::vector<std::string> words = words_of(Kind::quants, typed);
  if (words.empty()) return std::nullopt;
  if (auto quant = exllama_rate(layers, words)) return quant;
  if (auto quant = stated_rate(layers, words, typed)) return quant;
  if (auto quant = with_imatrix(layers, words)) return quant;
  if (auto quant = repacked(layers, words)) return quant;
  if (auto quant = prefixed(layers, words)) return quant;
  return grouped_format(layers, words);
}

/// The name of a file type as llama.cpp prints it (v0.5.0 src/llama-model-loader.cpp, llama_ftype_name): `Q4_K -
/// Medium`, `IQ2_XS - 2.3125 bpw`, `mostly Q4_0`, `all F32`, with ` (guessed)` behind it. Empty for anything else.
std::string printed_file_type(std::string printed) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSizes{
      {{" - Medium", "_M"}, {" - Small", "_S"}, {" - Large", "_L"}, {" - small", "_S"}}};
  const std::string whole = printed;
  for (const std::string_view word : {"mostly ", "all "}) {
    if (printed.rfind(word, 0) == 0) printed.erase(0, word.size());
  }
  if (const std::size_t guess = printed.find(" (guessed)"); guess != std::string::npos) printed.resize(guess);
  if (printed.rfind("IQ3_S mix", 0) == 0) return "IQ3_M";
  if (printed == "Q2_K - Medium") return "Q2_K";
  for (const auto& [words, suffix] : kSizes) {
    const bool last =
        printed.size() > words.size() && printed.compare(printed.size() - words.size(), words.size(), words) == 0;
    if (last) return printed.substr(0, printed.size() - words.size()) + std::string(suffix);
  }
  // The bits are the type's own, which the recipe says more exactly.
  if (const std::size_t bits = printed.find(" - "); bits != std::string::npos) printed.resize(bits);
  return printed == whole ? std::string() : printed;
}

}  // namespace

Resolved<QuantRecord> resolve_quant(const Layers& layers, std::string_view typed) {
  constexpr std::size_t kLongestName = 200;
  const std::string name(typed.substr(0, kLongestName));
  if (const std::string type = printed_file_type(name); !type.empty()) {
    if (auto quant = listed(layers, type)) return *quant;
  }
  if (auto quant = resolve(layers, name)) return *quant;
  // A remark in parentheses, or what else lies in the checkpoint: `NVFP4 + MTP`.
  for (const char* sign : {" + ", "("}) {
    const std::size_t at = name.find(sign);
    if (at == std::string::npos || at == 0) continue;
    if (auto quant = resolve(layers, name.substr(0, at))) {
      quant->notes.push_back(fmt::format("the remark \"{}\" is not looked at", printable(name.substr(at))));
      return *quant;
    }
  }
  unknown_name(layers, Kind::quants, "quantisation", typed);
}

}  // namespace canrun::catalog

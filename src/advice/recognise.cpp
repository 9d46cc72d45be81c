#include "advice/recognise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <tuple>

#include "canrun/error.hpp"
#include "model/model.hpp"

namespace canrun {
namespace {

template <class Look>
std::optional<std::string> first_known(const std::vector<std::string>& names, Look look) {
  for (const std::string& name : names) {
    if (name.empty()) continue;
    try {
      return look(name);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unknown_name) throw;
    }
  }
  return std::nullopt;
}

char upper(char c) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
}

bool begins(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  return std::ranges::equal(text.substr(0, word.size()), word, {}, upper);
}

/// Whether a quantisation's name begins here: `Q4…`, `IQ2…`, `UD-`, `BF16` …
bool quant_begins(std::string_view text) {
  for (const std::string_view letters : {"IQ", "TQ", "Q"})
    if (begins(text, letters)) {
      const char next = text.size() > letters.size() ? text[letters.size()] : ' ';
      return next >= '1' && next <= '9';
    }
  for (const std::string_view word :
       {"UD-", "BF16", "FP16", "F16", "F32", "MXFP4", "NVFP4", "FP8", "AWQ", "GPTQ", "i1-"})
    if (begins(text, word)) return true;
  return false;
}

/// Where a file name such as `Qwen3-8B-Q4_K_M` begins to tell the quantisation; its end when it does not.
std::size_t quant_place(std::string_view name) {
  for (std::size_t i = 1; i < name.size(); ++i)
    if ((name[i - 1] == '-' || name[i - 1] == '.' || name[i - 1] == '_') && quant_begins(name.substr(i))) return i;
  return name.size();
}

/// How far a model's weights are from `params`: with its MTP blocks where that is nearer, for files may hold them.
double params_off(const Model& model, const ModelRecord& record, double params) {
  const auto off = [&](const Model& m) {
    const ParameterCounts counts = count_parameters(m.architecture, m.tensors);
    return std::abs(static_cast<double>(counts.total + counts.mtp) - params);
  };
  const double plain = off(model);
  if (model.architecture.mtp_layers == 0) return plain;
  FileOptions options;
  options.mtp_layers = all_mtp;
  options.mtp_lean = record.mtp_lean;
  return std::min(plain, off(read_model(record.config_json, options)));
}

/// A model of the same architecture whose weights are as many.
std::optional<std::string> model_of_size(const Catalog& catalog, const ModelClues& clues,
                                         std::vector<std::string>& notes) {
  if (!clues.params || clues.architecture.empty()) return std::nullopt;
  // Catalogued counts leave MTP blocks out; tables differ in vocabulary padding.
  constexpr double far = 0.05, near = 0.004;
  const auto params = static_cast<double>(*clues.params);
  const double allowed = std::max(near * params, 1.01 * clues.params_resolution);
  // Of several, one whose count is the printed one; of those, one of the family that the architecture is named for.
  const std::string_view kin =
      std::string_view(clues.architecture).substr(0, clues.architecture.find_first_of("0123456789-_"));
  using Rank = std::tuple<bool, bool, double>;
  Rank least{true, true, std::numeric_limits<double>::max()};
  std::string best;
  std::size_t alike = 0;
  for (const ModelRecord& record : catalog.models()) {
    const auto stated = static_cast<double>(record.params_text > 0 ? record.params_text : record.params_total);
    const auto whole = static_cast<double>(record.params_total);
    const double off = std::min(std::abs(stated - params), std::abs(whole - params));
    if (stated > 0 && off > far * params + clues.params_resolution) continue;
    try {
      const Model model = read_model(record.config_json);
      if (model.architecture.gguf_arch != clues.architecture) continue;
      const double exact = params_off(model, record, params);
      if (exact > allowed) continue;
      ++alike;
      const Rank rank{exact > 1 + 1.01 * clues.params_resolution, !record.id.starts_with(kin), exact};
      if (best.empty() || rank < least) {
        least = rank;
        best = record.id;
      }
    } catch (const Error&) {
      continue;
    }
  }
  if (best.empty()) return std::nullopt;
  notes.push_back(fmt::format("taken as {}, by architecture ({}) and size ({:.2f} B parameters){}", best,
                              clues.architecture, params / 1e9,
                              alike > 1 ? fmt::format("; {} models are like it", alike) : std::string()));
  return best;
}

}  // namespace

std::string model_stem(std::string_view path) {
  if (const std::size_t cached = path.find("models--"); cached != std::string_view::npos) {
    std::string_view name = path.substr(cached + 8);
    name = name.substr(0, name.find_first_of("/\\"));
    if (const std::size_t owner = name.find("--"); owner != std::string_view::npos)
      return std::string(name.substr(0, owner)) + "/" + std::string(name.substr(owner + 2));
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  path.remove_prefix(path.find_last_of("/\\") == std::string_view::npos ? 0 : path.find_last_of("/\\") + 1);
  if (path.ends_with(".gguf")) path.remove_suffix(5);
  if (const std::size_t part = path.rfind("-00001-of-"); part != std::string_view::npos) path = path.substr(0, part);
  return std::string(path);
}

std::optional<std::string> recognised_model(const Catalog& catalog, const ModelClues& clues,
                                            std::vector<std::string>& notes) {
  const std::string stem = model_stem(clues.name);
  std::string plain = stem.substr(0, quant_place(stem));
  while (!plain.empty() && (plain.back() == '-' || plain.back() == '.' || plain.back() == '_')) plain.pop_back();
  const auto found =
      first_known({clues.name, stem, plain}, [&](const std::string& n) { return catalog.model(n).record.id; });
  return found ? found : model_of_size(catalog, clues, notes);
}

std::optional<std::string> recognised_quant(const Catalog& catalog, std::string_view model_name,
                                            std::string_view printed) {
  const std::string stem = model_stem(model_name);
  std::string from_name = stem.substr(quant_place(stem));
  std::vector<std::string> names{from_name};
  // `Q4_K_M-imat`, `Q8_0.v2`: words behind it are left off one by one.
  while (true) {
    const std::size_t cut = from_name.find_last_of("-.");
    if (cut == std::string::npos || cut == 0) break;
    from_name.resize(cut);
    names.push_back(from_name);
  }
  const auto id_of = [&](const std::string& n) { return catalog.quant(n).record.id; };
  const auto named = first_known(names, id_of), stated = first_known({std::string(printed)}, id_of);
  if (!named || !stated) return named ? named : stated;
  // `…-f16-iMat-Q5_K_S`: a name tells mixes apart that are printed alike, it does not overrule the file.
  constexpr double mixes = 0.35;
  const double bits = catalog.quant(*named).record.bits, own = catalog.quant(*stated).record.bits;
  return bits > 0 && own > 0 && std::abs(bits / own - 1) > mixes ? stated : named;
}

std::optional<std::string> recognised_device(const Catalog& catalog, const std::string& printed) {
  return first_known({printed}, [&](const std::string& n) { return catalog.device(n).device.id; });
}

}  // namespace canrun

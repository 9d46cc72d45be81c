/// compute-errors CSV [--model ID] [--arch NAME] [--where KEY=VALUE]... [--rows] [--by model|arch]
///
/// Predicts the compute buffers of every row of a CSV that llama.cpp's library printed (columns model, mtp, arch,
/// quant, backend, ngl, ncmoe, n_ctx, n_batch, n_ubatch, fa, ctk, ctv, n_seq, swa_full, unified, n_out,
/// compute_gpu_bytes, compute_host_bytes, output_bytes, other) and prints how far off each term is.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "graph/compute_buffers.hpp"
#include "model/model.hpp"
#include "quant/file_types.hpp"

namespace {

using canrun::Catalog;
using canrun::TensorType;
using Row = std::map<std::string, std::string>;

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out(1);
  for (const char c : line) {
    if (c == ',')
      out.emplace_back();
    else if (c != '\r')
      out.back() += c;
  }
  return out;
}

double number(const Row& row, const char* key) {
  const auto found = row.find(key);
  return found == row.end() || found->second.empty() ? 0 : std::stod(found->second);
}

std::uint32_t count(const Row& row, const char* key) {
  return static_cast<std::uint32_t>(number(row, key));
}

TensorType kv_type(const std::string& name) {
  if (name == "q8_0") return {8, 32, 34};
  if (name == "q4_0") return {2, 32, 18};
  return {1, 1, 2};
}

struct Loaded {
  canrun::GraphLayout layout;
  std::uint32_t blocks = 0;
  std::uint32_t trunk = 0;
};

std::optional<Loaded> load(const Row& row) {
  const auto record = Catalog::builtin().model(row.at("model"));
  canrun::FileOptions options;
  const std::string& mtp = row.at("mtp");
  if (mtp.starts_with("mtp")) options.mtp_layers = static_cast<std::uint32_t>(std::stoul(mtp.substr(3)));
  options.mtp_lean = mtp.ends_with("lean");
  const canrun::Model model = canrun::read_model(record.record.config_json, options);
  const auto type = canrun::gguf_file_type(row.at("quant"));
  if (!type) return std::nullopt;
  std::vector<canrun::Tensor> tensors = model.tensors;
  canrun::assign_types(tensors, model.architecture, *type, false);
  return Loaded{canrun::graph_layout(model.architecture, tensors),
                static_cast<std::uint32_t>(model.architecture.layers.size()), model.architecture.trunk_layers};
}

canrun::ComputeBuffers predict(const Loaded& model, const Row& row) {
  canrun::Settings s;
  s.context = count(row, "n_ctx");
  s.batch = count(row, "n_batch");
  s.ubatch = count(row, "n_ubatch");
  s.parallel = count(row, "n_seq");
  s.kv_unified = row.at("unified") == "1";
  s.swa_full = row.at("swa_full") == "1";
  s.flash_attn = row.at("fa") == "1";
  s.kv_type_k = kv_type(row.at("ctk"));
  s.kv_type_v = kv_type(row.at("ctv"));
  s.reserve = count(row, "n_out") == 0 ? canrun::Reserve::bench : canrun::Reserve::server;
  const std::string& other = row.at("other");
  s.kv_offload = other.find("no_kv_offload") == std::string::npos;
  s.embeddings = other.find("embeddings") != std::string::npos;

  canrun::Placement p;
  const std::string& backend = row.at("backend");
  if (backend != "cpu") {
    const std::string& ngl = row.at("ngl");
    p.gpu_layers = ngl == "-1" ? model.blocks + 1 : std::min(model.blocks + 1, count(row, "ngl"));
    p.cpu_moe_layers = count(row, "ncmoe");
    p.devices = backend == "fakecuda-2x24" ? 2 : 1;
    p.split = canrun::SplitMode::layer;
    const std::uint32_t first = model.blocks + 1 - p.gpu_layers;
    for (std::uint32_t d = 0; d <= p.devices; ++d) {
      // Equal cards: a layer goes to the first card whose cumulated share lies beyond its place.
      const double share = static_cast<double>(d) / p.devices * p.gpu_layers;
      p.first_block[d] = first + static_cast<std::uint32_t>(std::ceil(share));
    }
  }
  return canrun::compute_buffers(model.layout, s, p, canrun::GraphBackend::cuda);
}

struct Tally {
  std::size_t rows = 0;
  std::size_t close = 0;
  std::size_t exact = 0;
  double worst = 0;
  double worst_bytes = 0;
  std::string worst_row;
  std::vector<double> errors;

  void add(double predicted, double actual, const std::string& what) {
    const double off = predicted - actual;
    const double relative = actual > 0 ? off / actual : (off == 0 ? 0 : 1);
    ++rows;
    if (std::abs(off) <= 1) ++exact;
    if (std::abs(relative) <= 0.02 && std::abs(off) <= 32.0 * 1048576) ++close;
    errors.push_back(std::abs(relative));
    if (std::abs(relative) > std::abs(worst) || worst_row.empty()) {
      worst = relative;
      worst_row = what;
    }
    if (std::abs(off) > std::abs(worst_bytes)) worst_bytes = off;
  }
  [[nodiscard]] double median() {
    std::nth_element(errors.begin(), errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2), errors.end());
    return errors[errors.size() / 2];
  }
};

std::string settings_of(const Row& row) {
  std::string text;
  for (const char* key : {"model", "backend", "ngl", "ncmoe", "n_ctx", "n_ubatch", "fa", "ctk", "ctv", "n_seq",
                          "swa_full", "unified", "n_out", "other"})
    text += fmt::format("{}={} ", key, row.at(key));
  return text;
}

int run(int argc, char** argv) {
  std::vector<std::pair<std::string, std::string>> where;
  std::string by = "arch";
  bool show_rows = false;
  const char* file = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (arg == "--rows")
      show_rows = true;
    else if (arg == "--model" || arg == "--arch")
      where.emplace_back(arg.substr(2), value), ++i;
    else if (arg == "--where")
      where.emplace_back(value.substr(0, value.find('=')), value.substr(value.find('=') + 1)), ++i;
    else if (arg == "--by")
      by = value, ++i;
    else
      file = argv[i];
  }
  if (file == nullptr) {
    fmt::print(stderr,
               "usage: compute-errors CSV [--model ID] [--arch NAME] [--where KEY=VALUE] [--rows] [--by KEY]\n");
    return 2;
  }
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> names = cells(line);
  std::map<std::string, std::optional<Loaded>> models;
  std::map<std::string, std::string> failures;
  std::map<std::string, std::array<Tally, 3>> tallies;
  double seconds = 0;
  std::size_t questions = 0;
  while (std::getline(in, line)) {
    const std::vector<std::string> values = cells(line);
    Row row;
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) row[names[i]] = values[i];
    if (row["other"].find("failed") != std::string::npos) continue;
    if (!std::all_of(where.begin(), where.end(), [&](const auto& w) { return row[w.first] == w.second; })) continue;
    const std::string key = row["model"] + "/" + row["mtp"] + "/" + row["quant"];
    if (!models.contains(key)) {
      try {
        models[key] = load(row);
      } catch (const canrun::Error& error) {
        failures[row["model"]] = error.what();
        models[key] = std::nullopt;
      }
    }
    if (!models[key]) continue;
    const auto start = std::chrono::steady_clock::now();
    const canrun::ComputeBuffers got = predict(*models[key], row);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ++questions;
    double device = 0;
    for (const std::uint64_t d : got.device) device += static_cast<double>(d);
    const std::string what = settings_of(row);
    const double gpu = number(row, "compute_gpu_bytes");
    const double host = number(row, "compute_host_bytes");
    auto& tally = tallies[row[by]];
    if (row["backend"] != "cpu") tally[0].add(device, gpu, what);
    tally[row["backend"] == "cpu" ? 2 : 1].add(static_cast<double>(got.host), host, what);
    if (show_rows && got.device[1] > 0)
      fmt::print("[{:.2f} {:.2f}] ", static_cast<double>(got.device[0]) / 1048576,
                 static_cast<double>(got.device[1]) / 1048576);
    if (show_rows)
      fmt::print("{}| gpu {:.4f} / {:.4f} host {:.4f} / {:.4f} splits {} / {}\n", what, device / 1048576, gpu / 1048576,
                 static_cast<double>(got.host) / 1048576, host / 1048576, got.splits, row["splits"]);
  }
  fmt::print("{:<24} {:<6} {:>6} {:>8} {:>8} {:>9} {:>9} {:>10}  worst row\n", by, "term", "rows", "exact%", "close%",
             "median%", "worst%", "worst MiB");
  const char* terms[] = {"device", "host", "cpu"};
  std::array<std::size_t, 3> close{}, rows{};
  for (auto& [name, tally] : tallies)
    for (std::size_t t = 0; t < 3; ++t) {
      Tally& x = tally[t];
      if (x.rows == 0) continue;
      close[t] += x.close;
      rows[t] += x.rows;
      const auto share = [&](std::size_t n) { return 100.0 * static_cast<double>(n) / static_cast<double>(x.rows); };
      fmt::print("{:<24} {:<6} {:>6} {:>8.1f} {:>8.1f} {:>9.3f} {:>9.2f} {:>10.2f}  {}\n", name, terms[t], x.rows,
                 share(x.exact), share(x.close), 100 * x.median(), 100 * x.worst, x.worst_bytes / 1048576,
                 x.close == x.rows ? "" : x.worst_row);
    }
  for (std::size_t t = 0; t < 3; ++t)
    if (rows[t] > 0)
      fmt::print("all {}: {} rows, {:.2f} % within 2 % and 32 MiB\n", terms[t], rows[t],
                 100.0 * static_cast<double>(close[t]) / static_cast<double>(rows[t]));
  if (questions > 0)
    fmt::print("{} questions, {:.3f} ms each\n", questions, 1000 * seconds / static_cast<double>(questions));
  for (const auto& [name, why] : failures) fmt::print("not read: {}: {}\n", name, why);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "compute-errors: {}\n", error.what());
    return 1;
  }
}

/// Fits the constants of src/speed on the measurements of the catalog, holds out cells, models, devices and families in
/// turn, and writes constants, counts, errors and intervals. See `usage` for what else it does.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <unordered_map>

#include "accuracy.hpp"
#include "cross_validation.hpp"
#include "document.hpp"
#include "rows.hpp"

namespace {

using namespace calibrate;

constexpr const char* usage =
    "usage: calibrate [--report FOLDER] OUTPUT.json\n"
    "       calibrate --held FILE [--scheme NAMES]  the held-out errors alone, of some schemes\n"
    "       calibrate --check CALIBRATION.json      the constants are those that a new fit gives (within 1e-4)\n"
    "       calibrate --report FOLDER --from FILE [OUTPUT.json]   both from held-out errors written by --held\n";

struct Options {
  std::string output, held, report, from, scheme, check;
};

int folds_of(Scheme scheme) {
  return scheme == Scheme::cell || scheme == Scheme::model ? 6 : 8;
}

void write(const std::filesystem::path& path, const std::string& text) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  if (!stream.flush()) throw std::runtime_error(path.string() + " cannot be written");
}

std::string table_of(const std::vector<Held>& held) {
  std::string table = "scheme\tid\tlevel\tfold\tlog_error\tprefill_share\n";
  for (const Held& h : held)
    table += fmt::format("{}\t{}\t{}\t{}\t{:.5f}\t{:.5f}\n", name_of(h.scheme), h.row->question.measurement->id,
                         static_cast<int>(h.level), h.fold, h.log_error, h.prefill_share);
  return table;
}

std::vector<Held> read_table(const std::string& path, const Rows& rows) {
  std::unordered_map<std::string_view, const Row*> by_id;
  for (const Row& row : rows.rows) by_id[row.question.measurement->id] = &row;
  std::vector<Held> held;
  std::ifstream stream(path);
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    std::istringstream cells(line);
    std::string scheme, id;
    int level = 0;
    Held h;
    cells >> scheme >> id >> level >> h.fold >> h.log_error >> h.prefill_share;
    const auto found = by_id.find(id);
    if (!cells || found == by_id.end()) throw std::runtime_error(path + ": unknown measurement in: " + line);
    h.row = found->second;
    h.level = static_cast<canrun::BasisLevel>(level);
    for (const Scheme s : schemes)
      if (name_of(s) == scheme) h.scheme = s;
    held.push_back(h);
  }
  return held;
}

/// The largest difference between the numbers of two sections.
double difference(const nlohmann::json& a, const nlohmann::json& b) {
  if (a.is_number() && b.is_number()) return std::abs(a.get<double>() - b.get<double>());
  if (!a.is_object() || !b.is_object()) return a == b ? 0 : INFINITY;
  double largest = 0;
  for (const auto& [key, value] : a.items())
    largest = std::max(largest, b.contains(key)     ? difference(value, b.at(key))
                                : value.is_number() ? std::abs(value.get<double>())
                                                    : INFINITY);
  for (const auto& [key, value] : b.items())
    if (!a.contains(key)) largest = std::max(largest, value.is_number() ? std::abs(value.get<double>()) : INFINITY);
  return largest;
}

int check(const std::string& path, const std::string& fresh) {
  // Numbers carry four decimals, and offsets below 0.005 are left out.
  constexpr double tolerance = 1.5e-4;
  std::ifstream stream(path);
  const nlohmann::json kept = nlohmann::json::parse(stream), fitted = nlohmann::json::parse(fresh);
  const double centre = difference(kept.at("centre"), fitted.at("centre"));
  double nodes = 0;
  for (const auto& [key, node] : kept.at("nodes").items())
    if (fitted.at("nodes").contains(key))
      for (const auto& [name, value] : node.items())
        if (fitted.at("nodes").at(key).contains(name))
          nodes = std::max(nodes, difference(value, fitted.at("nodes").at(key).at(name)));
  fmt::print("largest difference: centre {:.2g}, nodes {:.2g}\n", centre, nodes);
  const bool same = centre <= tolerance && nodes <= tolerance && kept.at("counts") == fitted.at("counts");
  if (!same) fmt::print(stderr, "{} is not what the measurements give; run the calibrator again\n", path);
  return same ? 0 : 1;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    std::string* const value = argument == "--held"     ? &options.held
                               : argument == "--report" ? &options.report
                               : argument == "--from"   ? &options.from
                               : argument == "--scheme" ? &options.scheme
                               : argument == "--check"  ? &options.check
                                                        : nullptr;
    if (value == nullptr)
      options.output = argument;
    else if (i + 1 < argc)
      *value = argv[++i];
  }
  return options;
}

int run(const Options& options) {
  const Rows rows = read_rows(canrun::Catalog::builtin());
  const auto all = rows.pointers();
  std::vector<Held> held;
  if (options.from.empty()) {
    for (const auto& [why, count] : rows.skipped) fmt::print(stderr, "left out {}: {}\n", count, why);
    const Model model = fit(all);
    fmt::print(stderr, "fitted {} of {} measurements\n", all.size(), rows.measurements.size());
    if (!options.check.empty())
      return check(options.check, document(model, counts_of(all), {}, rows.measurements.size(), all.size()));
    for (const Scheme scheme : schemes) {
      if (!options.scheme.empty() && options.scheme.find(name_of(scheme)) == std::string::npos) continue;
      for (Held& h : cross_validate(all, scheme, folds_of(scheme))) held.push_back(h);
      fmt::print(stderr, "held out by {}\n", name_of(scheme));
    }
    if (!options.output.empty())
      write(options.output, document(model, counts_of(all), held, rows.measurements.size(), all.size()));
    if (!options.held.empty()) write(options.held, table_of(held));
  } else {
    held = read_table(options.from, rows);
    if (!options.output.empty())
      write(options.output, document(fit(all), counts_of(all), held, rows.measurements.size(), all.size()));
  }
  if (!options.report.empty())
    for (const auto& [name, text] : accuracy_report(held, rows.measurements.size(), all.size()))
      write(std::filesystem::path(options.report) / name, text);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  if (options.output.empty() && options.check.empty() && options.from.empty() && options.held.empty()) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  try {
    return run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "calibrate: {}\n", error.what());
    return 1;
  }
}

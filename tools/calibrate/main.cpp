/// calibrate [--constants-only] OUTPUT.json: fits the constants of src/speed on the embedded measurements, holds out
/// cells, models, devices and families in turn, and writes constants, counts, errors and intervals. `--errors FILE`
/// also lists every held-out prediction.

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>

#include "cross_validation.hpp"
#include "document.hpp"
#include "rows.hpp"

namespace {

using namespace calibrate;

int folds_of(Scheme scheme) {
  return scheme == Scheme::cell || scheme == Scheme::model ? 8 : 12;
}

void write(const std::string& path, const std::string& text) {
  std::ofstream stream(path, std::ios::binary);
  stream << text;
  if (!stream.flush()) throw std::runtime_error(path + " cannot be written");
}

std::string table_of(const std::vector<Held>& held) {
  std::string table = "scheme\tid\tlevel\tlog_error\n";
  for (const Held& h : held)
    table += fmt::format("{}\t{}\t{}\t{:.5f}\n", name_of(h.scheme), h.row->question.measurement->id,
                         static_cast<int>(h.level), h.log_error);
  return table;
}

}  // namespace

int main(int argc, char** argv) {
  bool constants_only = false;
  std::string output, errors, only;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--constants-only")
      constants_only = true;
    else if (argument == "--errors" && i + 1 < argc)
      errors = argv[++i];
    else if (argument == "--scheme" && i + 1 < argc)
      only = argv[++i];
    else
      output = argument;
  }
  if (output.empty()) {
    fmt::print(stderr, "usage: calibrate [--constants-only] [--scheme NAME] [--errors FILE] OUTPUT.json\n");
    return 2;
  }
  try {
    const Rows rows = read_rows(canrun::Catalog::builtin());
    for (const auto& [why, count] : rows.skipped) fmt::print(stderr, "left out {}: {}\n", count, why);
    const auto all = rows.pointers();
    const Model model = fit(all);
    fmt::print(stderr, "fitted {} of {} measurements\n", all.size(), rows.measurements.size());
    std::vector<Held> held;
    if (!constants_only)
      for (const Scheme scheme : schemes) {
        if (!only.empty() && name_of(scheme) != only) continue;
        for (Held& h : cross_validate(all, model, scheme, folds_of(scheme))) held.push_back(h);
        fmt::print(stderr, "held out by {}\n", name_of(scheme));
      }
    write(output, document(model, counts_of(all), held, rows.measurements.size(), all.size()));
    if (!errors.empty()) write(errors, table_of(held));
  } catch (const std::exception& error) {
    fmt::print(stderr, "calibrate: {}\n", error.what());
    return 1;
  }
  return 0;
}

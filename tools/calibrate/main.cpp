/// Exploration: fit all and print errors.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "fit.hpp"
#include "speed/node_keys.hpp"

using namespace calibrate;
using namespace canrun;

int main(int argc, char** argv) {
  const Catalog& catalog = Catalog::builtin();
  const auto measurements = read_measurements(catalog.document("measurements"));
  Questions questions(catalog);
  std::vector<Row> rows;
  std::map<std::string, int> skipped;
  for (const Measurement& m : measurements) {
    std::string why;
    auto q = questions.ask(m, why);
    if (!q) { skipped[why.substr(0, 90)]++; continue; }
    Row row;
    row.question = std::move(*q);
    row.fitted = terms_of(row.question, true);
    row.predicted = terms_of(row.question, false);
    row.log_seconds = std::log(m.metric == Metric::ttft ? m.value : m.metric == Metric::prefill ? row.question.tokens / m.value : 1 / m.value);
    rows.push_back(std::move(row));
  }
  for (auto& [w, n] : skipped) fmt::print(stderr, "skip {} {}\n", n, w);
  std::vector<const Row*> all;
  for (auto& r : rows) all.push_back(&r);
  auto t0 = std::chrono::steady_clock::now();
  const Model full = fit(all);
  fmt::print(stderr, "fit {} rows {:.1f}s nodes {}\n", all.size(), std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count(), full.nodes.size());
  for (auto& [p, v] : full.centre) fmt::print(stderr, "  {} {:.4g}\n", name_of(p), std::exp(v));
  const std::string what = argc > 1 ? argv[1] : "fit";
  const int folds = argc > 2 ? std::atoi(argv[2]) : 6;
  auto fold_of = [&](const Row& r) -> std::size_t {
    const Measurement& m = *r.question.measurement;
    std::string k;
    if (what == "cell") k = fmt::format("{}|{}", m.device, m.model);
    if (what == "model") k = m.model;
    if (what == "device") k = m.device;
    if (what == "family") k = r.question.on_host ? r.question.host.vendor : r.question.device.family;
    std::uint32_t h = 2166136261u;
    for (unsigned char c : k) h = (h ^ c) * 16777619u;
    h ^= h >> 15; h *= 0x2c1b3c6du; h ^= h >> 12;
    return h % static_cast<std::uint32_t>(folds);
  };
  std::vector<double> pred(rows.size()), shown(rows.size());
  if (what == "fit") {
    for (std::size_t i = 0; i < rows.size(); ++i) pred[i] = predict(full, rows[i], false), shown[i] = predict(full, rows[i], true);
  } else {
    for (int f = 0; f < folds; ++f) {
      std::vector<const Row*> train;
      for (auto& r : rows) if (fold_of(r) != static_cast<std::size_t>(f)) train.push_back(&r);
      if (train.size() == rows.size()) continue;
      const Model m = fit(train, &full);
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (fold_of(rows[i]) == static_cast<std::size_t>(f)) pred[i] = predict(m, rows[i], false), shown[i] = predict(m, rows[i], true);
    }
  }
  // dump
  fmt::print("id\tpred\tmeas\tasmeas\tbackend\tactive\tmoe\trec\ttokens\tdepth\tonhost\n");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& q = rows[i].question;
    fmt::print("{}\t{:.6g}\t{:.6g}\t{:.6g}\t{}\t{:.4g}\t{}\t{}\t{}\t{}\t{}\n", q.measurement->id, std::exp(pred[i]), std::exp(rows[i].log_seconds), std::exp(shown[i]), q.backend, q.active_bytes, q.moe, q.recurrent, q.tokens, q.depth, q.on_host);
  }
}

// How long answers take: bare figures, a full report, every model on a card, every card for a model.

#include <benchmark/benchmark.h>

#include "canrun/catalog.hpp"
#include "canrun/estimate.hpp"
#include "canrun/listings.hpp"

namespace {

using namespace canrun;

Request reference(Detail detail) {
  Request request;
  request.model = "kimi-linear-48b";
  request.quant = "Q4_K_M";
  request.gpu = {"rtx3090"};
  request.detail = detail;
  return request;
}

void open_session(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Session(Catalog::builtin()));
}
BENCHMARK(open_session)->Unit(benchmark::kMillisecond);

void figures(benchmark::State& state) {
  const Session session(Catalog::builtin());
  const Request request = reference(Detail::figures);
  for (auto _ : state) benchmark::DoNotOptimize(session.estimate(request));
}
BENCHMARK(figures)->Unit(benchmark::kMillisecond);

void full_report(benchmark::State& state) {
  const Session session(Catalog::builtin());
  const Request request = reference(Detail::full);
  for (auto _ : state) benchmark::DoNotOptimize(session.estimate(request));
}
BENCHMARK(full_report)->Unit(benchmark::kMillisecond);

void every_model_on_a_card(benchmark::State& state) {
  Request request;
  request.gpu = {"rtx3090"};
  for (auto _ : state) benchmark::DoNotOptimize(rank_models(Session(Catalog::builtin()), request, {}));
}
BENCHMARK(every_model_on_a_card)->Unit(benchmark::kMillisecond);

void every_card_for_a_model(benchmark::State& state) {
  const Request request = reference(Detail::figures);
  for (auto _ : state) benchmark::DoNotOptimize(rank_hardware(Session(Catalog::builtin()), request, {}));
}
BENCHMARK(every_card_for_a_model)->Unit(benchmark::kMillisecond);

}  // namespace

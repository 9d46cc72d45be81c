#include <canrun/catalog.hpp>
#include <canrun/estimate.hpp>
#include <cstdio>

int main() {
  canrun::Request request;
  request.model = "kimi-linear-48b";
  request.quant = "Q4_K_M";
  request.gpu = {"rtx-3090"};
  request.detail = canrun::Detail::figures;
  const canrun::Estimate answer = canrun::estimate(canrun::Catalog::builtin(), request);
  std::printf("%s %llu\n", answer.model.id.c_str(), static_cast<unsigned long long>(answer.memory.weights));
  return answer.memory.weights > 0 && answer.fit.verdict == canrun::Verdict::no ? 0 : 1;
}

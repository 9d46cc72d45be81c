#pragma once
/// How far predictions are off, per term and per model.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace canrun::errors {

struct Tally {
  std::size_t rows = 0, exact = 0, within = 0;
  std::vector<double> off;  ///< relative, absolute value
  double worst = 0;         ///< relative, with its sign
  std::string worst_row;

  [[nodiscard]] double median() const;
};

class ErrorTable {
public:
  /// `bound`: the relative error that counts as within.
  void add(const std::string& term, const std::string& model, double predicted, double printed, double bound,
           const std::string& row);
  void fail(const std::string& model, const std::string& why) { failed_[model] = why; }

  /// One line per term in the order they came; where `by_model`, a line per term and model below each, worst first.
  void print(bool by_model) const;
  /// Whether any row is outside its bound.
  [[nodiscard]] bool any_outside() const;

private:
  std::vector<std::string> order_;
  std::map<std::string, Tally> terms_;
  std::map<std::string, std::map<std::string, Tally>> models_;
  std::map<std::string, std::string> failed_;
};

/// Tables of llama.cpp: weights by file type; weights, caches and states by placement; compute buffers and device
/// totals. Which of these a file holds is read off its columns.
void add_llama_rows(const std::string& path, const std::string& only_model, ErrorTable& errors);

/// Capacities, weights, activation peaks and pools that vLLM logged.
void add_pool_rows(const std::string& path, const std::string& only_model, ErrorTable& errors);
/// Peaks of runtimes that allocate as they go.
void add_peak_rows(const std::string& path, const std::string& only_model, ErrorTable& errors);

}  // namespace canrun::errors

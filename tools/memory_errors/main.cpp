/// memory-errors [--by-model] [--model ID] [--strict] [FILE…]
///
/// Predicted memory against printed: weights, caches and states, compute buffers, device totals and vLLM's pools, one
/// line a term with the share of exact rows, the median and the worst error. Without files: everything in tests/data.
/// A file is taken for llama.cpp's or vLLM's by its columns. --strict: exit status 1 where a row is outside its bound
/// (0 for weights and caches, 2 % for compute buffers, 0.5 % or 2 % of its compute buffer for a device, 5 % for vLLM).

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "errors.hpp"
#include "support/csv.hpp"

int main(int argc, char** argv) {
  using namespace canrun::errors;
  bool by_model = false, strict = false;
  std::string model;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--by-model")
      by_model = true;
    else if (word == "--strict")
      strict = true;
    else if (word == "--model" && i + 1 < argc)
      model = argv[++i];
    else if (word.starts_with("--"))
      return fmt::print(stderr, "usage: memory-errors [--by-model] [--model ID] [--strict] [FILE...]\n"), 2;
    else
      files.push_back(word);
  }
  if (files.empty())
    for (const char* name :
         {"weights_by_file_type.csv", "memory_by_placement.csv", "compute_buffers.csv", "vllm_pool.csv", "peaks.csv"})
      files.push_back(std::string(CANRUN_TRUTH_DIR) + "/" + name);
  try {
    ErrorTable errors;
    for (const std::string& file : files)
      if (canrun::test::read_table(file).has("tokens"))
        add_pool_rows(file, model, errors);
      else if (canrun::test::read_table(file).has("peak_gb"))
        add_peak_rows(file, model, errors);
      else
        add_llama_rows(file, model, errors);
    errors.print(by_model);
    return strict && errors.any_outside() ? 1 : 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "memory-errors: {}\n", error.what());
    return 1;
  }
}

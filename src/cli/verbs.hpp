#pragma once
/// The verbs of the program, one file each.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace canrun::cli {

/// Words after the verb.
using Arguments = std::vector<std::string>;

struct Verb {
  std::string_view name;
  std::string_view summary;  ///< half a line for the list of verbs
  int (*run)(const Arguments&);
};

/// In the order of the help. The main job (`canrun MODEL --gpu GPU`) is not among them.
std::span<const Verb> verbs();

int run_ask(const Arguments& arguments);
int run_rank(const Arguments& arguments);
int run_hardware(const Arguments& arguments);
int run_compare(const Arguments& arguments);
int run_plan(const Arguments& arguments);
int run_explain(const Arguments& arguments);
int run_feel(const Arguments& arguments);
int run_verify(const Arguments& arguments);
int run_inspect(const Arguments& arguments);
int run_detect(const Arguments& arguments);
int run_batch(const Arguments& arguments);
int run_catalog(const Arguments& arguments);
int run_completion(const Arguments& arguments);

}  // namespace canrun::cli

#include "advice/command.hpp"
#include "support/catch.hpp"

using namespace canrun;

namespace {

std::string command(const std::string& name, const std::string& path, const char* runtime) {
  const Catalog& catalog = Catalog::builtin();
  Estimate estimate;
  estimate.runtime.supported = true;
  ModelRecord model;
  model.id = model.name = name;
  return launch_command(estimate, model, path, catalog.quant("Q4_K_M").record, catalog.runtime(runtime).record);
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file is launched as the file that it is") {
  CHECK(says(command("My Model", "models/my.gguf", "llama.cpp"), "llama-server -m models/my.gguf -c"));
  CHECK(says(command("My Model", "/a folder/my model.gguf", "llama.cpp"), "-m '/a folder/my model.gguf' -c"));
  CHECK(says(command("My Model", "check points/awq", "vllm"), "vllm serve 'check points/awq' "));
}

TEST_CASE("names from files are one word to the shell, whatever they hold") {
  CHECK(says(command("x; rm -rf ~", "", "llama.cpp"), "-m 'x; rm -rf ~-Q4_K_M.gguf' -c"));
  CHECK(says(command("$(id)'`id`", "", "llama.cpp"), "-m '$(id)'\\''`id`-Q4_K_M.gguf' -c"));
  CHECK(says(command("x && y", "", "vllm"), "vllm serve 'x && y' "));
  CHECK(says(command("x|y", "", "mlx"), "--model 'mlx-community/x|y-"));
}

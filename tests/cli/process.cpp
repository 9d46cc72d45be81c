#include "process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace canrun_test {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string fresh_path(const std::string& name) {
  static std::atomic<int> count{0};
  const std::string unique = "canrun-test-" + std::to_string(getpid()) + "-" + std::to_string(count++) + "-" + name;
  return (std::filesystem::temp_directory_path() / unique).string();
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& name, const std::string& text) : path_(fresh_path(name)) {
  std::ofstream(path_, std::ios::binary) << text;
}

TemporaryFile::~TemporaryFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

std::string TemporaryFile::read() const {
  return read_file(path_);
}

Finished run(const std::vector<std::string>& arguments, const std::string& input,
             const std::vector<std::string>& environment) {
  const TemporaryFile in("in", input), out("out"), err("err");
  std::vector<std::string> words{CANRUN_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent"};
  variables.insert(variables.end(), environment.begin(), environment.end());
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, in.path().c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, out.path().c_str(), O_WRONLY | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&files, 2, err.path().c_str(), O_WRONLY | O_TRUNC, 0600);
  pid_t process = 0;
  const int failed = posix_spawn(&process, CANRUN_PROGRAM, &files, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) throw std::runtime_error("cannot start " CANRUN_PROGRAM);
  int status = 0;
  waitpid(process, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), out.read(), err.read()};
}

}  // namespace canrun_test

#pragma once
// The program driven as a process.

#include <string>
#include <vector>

namespace canrun_test {

struct Finished {
  int status = -1;
  std::string out, err;
};

/// Runs the built program with `arguments`; `input` is its standard input, `environment` holds `NAME=value` pairs that
/// are added to a small fixed environment.
Finished run(const std::vector<std::string>& arguments, const std::string& input = {},
             const std::vector<std::string>& environment = {});

/// A file below the system's folder for temporary files, removed at the end of its life.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::string& name, const std::string& text = {});
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string read() const;

private:
  std::string path_;
};

}  // namespace canrun_test

#pragma once
// A recorded machine: one text file with the contents of many, unpacked to a folder.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace canrun::test {

/// Names of all recorded machines, sorted.
inline std::vector<std::string> recorded_machines() {
  const std::filesystem::path folder = std::string(CANRUN_TESTS_DIR) + "/machine/layouts";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".txt")
      names.push_back(std::filesystem::relative(entry.path(), folder).replace_extension().generic_string());
  std::sort(names.begin(), names.end());
  return names;
}

class RecordedMachine {
public:
  /// `name` without folder and ending. A line `== /path` begins a file, `== hex /path` one in hexadecimal (on any
  /// number of lines), `== link /path` a symbolic link to the path on the next line.
  explicit RecordedMachine(const std::string& name) {
    std::ifstream in(std::string(CANRUN_TESTS_DIR) + "/machine/layouts/" + name + ".txt");
    if (!in) throw std::runtime_error("no recorded machine " + name);
    unpack(in);
  }
  explicit RecordedMachine(std::istream& in) { unpack(in); }
  ~RecordedMachine() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  RecordedMachine(const RecordedMachine&) = delete;
  RecordedMachine& operator=(const RecordedMachine&) = delete;

  [[nodiscard]] std::string root() const { return root_.string(); }

private:
  void unpack(std::istream& in) {
    std::random_device random;
    root_ = std::filesystem::temp_directory_path() /
            ("canrun-machine-" + std::to_string(random()) + std::to_string(random()));
    std::filesystem::create_directories(root_);
    std::string path, content;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("== ")) {
        write(path, content);
        path = line.substr(3);
        content.clear();
      } else if (!path.empty()) {
        content += line + "\n";
      }
    }
    write(path, content);
  }
  void write(std::string path, std::string content) const {
    if (path.empty()) return;
    if (path.starts_with("hex ")) {
      path.erase(0, 4);
      std::erase(content, '\n');
      std::string bytes;
      for (std::size_t i = 0; i + 1 < content.size(); i += 2)
        bytes += static_cast<char>(std::stoi(content.substr(i, 2), nullptr, 16));
      content = bytes;
    }
    const bool link = path.starts_with("link ");
    if (link) path.erase(0, 5);
    const std::filesystem::path file(root_.string() + path);
    std::filesystem::create_directories(file.parent_path());
    if (link)
      std::filesystem::create_symlink(root_.string() + content.substr(0, content.find('\n')), file);
    else
      std::ofstream(file, std::ios::binary) << content;
  }

  std::filesystem::path root_;
};

}  // namespace canrun::test

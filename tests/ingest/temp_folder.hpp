#pragma once
// A folder that is gone when the test ends.

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

namespace canrun::test {

class TempFolder {
public:
  TempFolder() {
    std::random_device random;
    path_ =
        std::filesystem::temp_directory_path() / ("canrun-test-" + std::to_string(random()) + std::to_string(random()));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  /// Writes a file (folders in `name` are made) and returns its path. `size` extends it with a hole.
  std::string write(std::string_view name, std::string_view bytes, std::uintmax_t size = 0) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (size > bytes.size()) std::filesystem::resize_file(path, size);
    return path.string();
  }
  /// The header that a GgufWriter or SafetensorsWriter made, and a hole where its tensors lie.
  template <class Writer>
  std::string write_whole(std::string_view name, const Writer& writer) const {
    const std::string header = writer.bytes();
    return write(name, header, header.size() + writer.data_bytes());
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

}  // namespace canrun::test

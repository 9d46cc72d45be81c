#pragma once
// Writes safetensors headers for tests.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace canrun::test {

class SafetensorsWriter {
public:
  /// A tensor laid behind the last one.
  SafetensorsWriter& tensor(std::string_view name, std::string_view dtype, const std::vector<std::uint64_t>& shape,
                            std::uint64_t bytes) {
    std::string sides;
    for (const std::uint64_t side : shape) sides += (sides.empty() ? "" : ",") + std::to_string(side);
    return raw(name,
               R"({"dtype":")" + std::string(dtype) + R"(","shape":[)" + sides + R"(],"data_offsets":[)" +
                   std::to_string(end_) + "," + std::to_string(end_ + bytes) + "]}",
               bytes);
  }
  SafetensorsWriter& raw(std::string_view name, const std::string& json, std::uint64_t bytes = 0) {
    entries_ += (entries_.empty() ? "" : ",") + ('"' + std::string(name) + "\":" + json);
    end_ += bytes;
    return *this;
  }
  /// Length and header, without data.
  [[nodiscard]] std::string bytes() const {
    const std::string json = R"({"__metadata__":{"format":"pt"})" + (entries_.empty() ? "" : "," + entries_) + "}";
    return length(json.size()) + json;
  }
  [[nodiscard]] std::uint64_t data_bytes() const { return end_; }
  static std::string length(std::uint64_t value) {
    std::string out;
    for (int i = 0; i < 8; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
    return out;
  }

private:
  std::string entries_;
  std::uint64_t end_ = 0;
};

}  // namespace canrun::test

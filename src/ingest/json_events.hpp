#pragma once
/// Reads JSON event by event: for text whose size a stranger chose.

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace canrun {

/// Where a stretch of more than `limit` bytes without any of `{}[],:"` begins; npos = nowhere. The parser keeps such a
/// stretch in memory twice over.
inline std::size_t long_stretch(std::string_view json, std::size_t limit) {
  std::size_t begin = 0;
  while (json.size() - begin > limit) {
    const std::size_t last = json.substr(begin, limit + 1).find_last_of("{}[],:\"");
    if (last == std::string_view::npos) return begin;
    begin += last + 1;
  }
  return std::string_view::npos;
}

/// Handlers derive from this and override what they need; every event goes on by default. `depth` counts open objects
/// and arrays; going deeper than `max_depth` ends the parse.
class JsonEvents : public nlohmann::json_sax<nlohmann::json> {
public:
  static constexpr int max_depth = 8;

  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(number_integer_t value) override {
    return value < 0 ? other() : whole(static_cast<std::uint64_t>(value));
  }
  bool number_unsigned(number_unsigned_t value) override { return whole(value); }
  bool number_float(number_float_t, const string_t&) override { return other(); }
  bool string(string_t& value) override { return text(value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return ++depth <= max_depth && opened(true); }
  bool start_array(std::size_t) override { return ++depth <= max_depth && opened(false); }
  bool end_object() override { return closed(), --depth, true; }
  bool end_array() override { return closed(), --depth, true; }
  bool key(string_t& name) override { return member(name); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error_position = position;
    return false;
  }

  virtual bool whole(std::uint64_t) { return other(); }
  virtual bool text(std::string&) { return other(); }
  virtual bool other() { return true; }                  ///< any value without an override of its own
  virtual bool opened(bool /*object*/) { return true; }  ///< `depth` counts it already
  virtual void closed() {}                               ///< `depth` counts it still
  virtual bool member(std::string&) { return true; }

  int depth = 0;
  std::size_t error_position = 0;  ///< of the first byte that is no JSON; 0 = none
};

}  // namespace canrun

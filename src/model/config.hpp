#pragma once
/// A Hugging Face `config.json`, read with checks: a stranger's file can only answer or be refused with a sentence.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace canrun {

/// Read-only view of one JSON object. A missing key and `null` are the same. Look-ups in a nested object fall back to
/// the object around it, as llama.cpp's converter merges `text_config` over the outer keys (conversion/base.py,
/// load_hparams). Copies share the parsed document.
///
/// Every getter that finds a value of the wrong type or out of range throws Error(malformed) naming key, found and
/// expected. Ranges: counts of layers 1024, of vocabulary rows 2^24, of context tokens 2^31-1, everything else 2^20.
class Config {
public:
  /// Throws Error(malformed) where `json` is no JSON object or is longer than 64 MiB. Python's bare `Infinity` and
  /// `NaN` read as null.
  static Config parse(std::string_view json);

  using Keys = std::initializer_list<std::string_view>;

  [[nodiscard]] bool has(std::string_view key) const;
  /// The first key that exists; throws Error(malformed) where none does.
  [[nodiscard]] std::uint32_t u32(Keys keys) const;
  [[nodiscard]] std::uint32_t u32(std::string_view key) const { return u32({key}); }
  [[nodiscard]] std::optional<std::uint32_t> maybe_u32(Keys keys) const;
  [[nodiscard]] std::uint32_t u32_or(Keys keys, std::uint32_t fallback) const {
    return maybe_u32(keys).value_or(fallback);
  }
  [[nodiscard]] std::uint32_t u32_or(std::string_view key, std::uint32_t fallback) const {
    return u32_or({key}, fallback);
  }
  [[nodiscard]] double number_or(std::string_view key, double fallback) const;
  [[nodiscard]] bool flag(std::string_view key, bool fallback = false) const;
  /// Empty where the key is missing.
  [[nodiscard]] std::string text(std::string_view key) const;

  /// True where the key holds an array (some keys hold a number in one model and a list in the next).
  [[nodiscard]] bool is_array(std::string_view key) const;
  /// Arrays of at most 65,536 elements; empty where the key is missing.
  [[nodiscard]] std::vector<std::uint32_t> u32_array(std::string_view key) const;
  [[nodiscard]] std::vector<double> number_array(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> text_array(std::string_view key) const;
  [[nodiscard]] std::vector<Config> object_array(std::string_view key) const;

  /// The nested object, or nothing where the key is missing or holds no object.
  [[nodiscard]] std::optional<Config> object(std::string_view key) const;
  /// True for an object inside the file's outermost one.
  [[nodiscard]] bool nested() const;
  /// The same object without fall-back to the one around it.
  [[nodiscard]] Config alone() const;

private:
  struct Impl;
  explicit Config(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace canrun

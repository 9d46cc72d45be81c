#pragma once
// Writes GGUF headers for tests: what a converter would write, and what a liar would.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "canrun/tensor.hpp"

namespace canrun::test {

class GgufWriter {
public:
  explicit GgufWriter(std::uint32_t version = 3, bool big_endian = false) : version_(version), big_(big_endian) {}

  template <class Number>
  void number(std::string_view key, std::uint32_t type, Number value) {
    begin(key, type);
    put(values_, value);
  }
  void u32(std::string_view key, std::uint32_t value) { number(key, 4, value); }
  void boolean(std::string_view key, bool value) { number(key, 7, static_cast<std::uint8_t>(value)); }
  void text(std::string_view key, std::string_view value) {
    begin(key, 8);
    put_string(values_, value);
  }
  template <class Number>
  void numbers(std::string_view key, std::uint32_t type, const std::vector<Number>& list) {
    begin(key, 9);
    put(values_, type);
    put(values_, std::uint64_t{list.size()});
    for (const Number each : list) put(values_, each);
  }
  void u32s(std::string_view key, const std::vector<std::uint32_t>& list) { numbers(key, 4, list); }
  void texts(std::string_view key, const std::vector<std::string>& list) {
    begin(key, 9);
    put(values_, std::uint32_t{8});
    put(values_, std::uint64_t{list.size()});
    for (const std::string& each : list) put_string(values_, each);
  }

  /// A tensor laid behind the last one. `type` is ggml's number.
  void tensor(std::string_view name, const std::vector<std::uint64_t>& dims, std::uint32_t type, std::uint64_t bytes) {
    tensor_at(name, dims, type, data_);
    data_ += (bytes + alignment - 1) / alignment * alignment;
  }
  void tensor(const Tensor& t) {
    std::size_t used = 4;
    while (used > 1 && t.dims[used - 1] == 1) --used;
    tensor(t.name, {t.dims.begin(), t.dims.begin() + static_cast<std::ptrdiff_t>(used)}, t.type.id, t.bytes());
  }
  void tensor_at(std::string_view name, const std::vector<std::uint64_t>& dims, std::uint32_t type,
                 std::uint64_t offset) {
    put_string(tensors_, name);
    put(tensors_, static_cast<std::uint32_t>(dims.size()));
    for (const std::uint64_t dim : dims) put(tensors_, dim);
    put(tensors_, type);
    put(tensors_, offset);
    ++tensor_count;
  }

  /// The header, padded to where tensor data begins.
  [[nodiscard]] std::string bytes() const {
    std::string out = header();
    out.resize((out.size() + alignment - 1) / alignment * alignment);
    return out;
  }
  [[nodiscard]] std::string header() const {
    std::string out = "GGUF";
    put(out, version_);
    put(out, tensor_count);
    put(out, value_count);
    return out + values_ + tensors_;
  }
  [[nodiscard]] std::uint64_t data_bytes() const { return data_; }

  std::uint64_t tensor_count = 0, value_count = 0;  // may be overwritten with a lie
  std::uint64_t alignment = 32;

  /// Raw bytes behind the metadata so far.
  std::string& raw_values() { return values_; }
  template <class Number>
  void put(std::string& out, Number value) const {
    char raw[sizeof(Number)];
    std::memcpy(raw, &value, sizeof(Number));
    if (big_ != (std::endian::native == std::endian::big)) std::reverse(raw, raw + sizeof(Number));
    out.append(raw, sizeof(Number));
  }
  void put_string(std::string& out, std::string_view value) const {
    put(out, std::uint64_t{value.size()});
    out.append(value);
  }

private:
  void begin(std::string_view key, std::uint32_t type) {
    put_string(values_, key);
    put(values_, type);
    ++value_count;
  }

  std::uint32_t version_;
  bool big_;
  std::string values_, tensors_;
  std::uint64_t data_ = 0;
};

/// A small but whole llama: two blocks, GQA, an untied head.
inline GgufWriter small_llama(std::uint32_t version = 3, bool big_endian = false) {
  GgufWriter w(version, big_endian);
  w.text("general.architecture", "llama");
  w.text("general.name", "Small Llama");
  w.u32("general.file_type", 15);
  w.u32("llama.block_count", 2);
  w.u32("llama.context_length", 8192);
  w.u32("llama.embedding_length", 512);
  w.u32("llama.feed_forward_length", 1024);
  w.u32("llama.attention.head_count", 8);
  w.u32("llama.attention.head_count_kv", 2);
  w.number("llama.rope.freq_base", 6, 500000.0F);
  w.text("tokenizer.ggml.model", "gpt2");
  w.texts("tokenizer.ggml.tokens", {"a", "b", "<s>"});
  w.numbers<std::int32_t>("tokenizer.ggml.token_type", 5, {1, 1, 3});
  const auto q4_k = [](std::uint64_t n) { return n / 256 * 144; };
  const auto q6_k = [](std::uint64_t n) { return n / 256 * 210; };
  w.tensor("token_embd.weight", {512, 1000}, 12, q4_k(512 * 1000));
  for (const std::string block : {"blk.0.", "blk.1."}) {
    w.tensor(block + "attn_norm.weight", {512}, 0, 2048);
    w.tensor(block + "attn_q.weight", {512, 512}, 12, q4_k(512 * 512));
    w.tensor(block + "attn_k.weight", {512, 128}, 12, q4_k(512 * 128));
    w.tensor(block + "attn_v.weight", {512, 128}, 14, q6_k(512 * 128));
    w.tensor(block + "attn_output.weight", {512, 512}, 12, q4_k(512 * 512));
    w.tensor(block + "ffn_norm.weight", {512}, 0, 2048);
    w.tensor(block + "ffn_gate.weight", {512, 1024}, 12, q4_k(512 * 1024));
    w.tensor(block + "ffn_up.weight", {512, 1024}, 12, q4_k(512 * 1024));
    w.tensor(block + "ffn_down.weight", {1024, 512}, 14, q6_k(512 * 1024));
  }
  w.tensor("output_norm.weight", {512}, 0, 2048);
  w.tensor("output.weight", {512, 1000}, 14, q6_k(512 * 1000));
  return w;
}

}  // namespace canrun::test

#pragma once
/// The binary form of a record: fields in a fixed order, numbers little-endian, strings and lists with their length in
/// front (LEB128). Reading a record touches its own bytes only.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace canrun::catalog {

class Writer {
public:
  void count(std::uint64_t value);
  void real(double value);
  void text(std::string_view value);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
  std::string bytes_;
};

/// Throws std::runtime_error when the bytes end early: the packed catalog is damaged.
class Reader {
public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t count();
  double real();
  std::string_view text();

private:
  std::string_view take(std::size_t size);
  std::string_view rest_;
};

/// Field visitors: one member function template over the field tables of fields.hpp for each direction.
class FieldWriter {
public:
  explicit FieldWriter(Writer& out) : out_(out) {}
  template <class T>
  void operator()(const char* /*key*/, const T& value, double /*unit*/ = 1) {
    put(value);
  }
  void json(const char* /*key*/, const std::string& value) { put(value); }

private:
  void put(const std::string& value) { out_.text(value); }
  void put(double value) { out_.real(value); }
  void put(bool value) { out_.count(value ? 1 : 0); }
  void put(int value) { out_.count(static_cast<std::uint64_t>(value)); }
  void put(std::uint32_t value) { out_.count(value); }
  void put(std::uint64_t value) { out_.count(value); }
  template <class T>
  void put(const std::vector<T>& values) {
    out_.count(values.size());
    for (const T& value : values) put(value);
  }
  Writer& out_;
};

class FieldReader {
public:
  explicit FieldReader(Reader& in) : in_(in) {}
  template <class T>
  void operator()(const char* /*key*/, T& value, double /*unit*/ = 1) {
    get(value);
  }
  void json(const char* /*key*/, std::string& value) { get(value); }

private:
  void get(std::string& value) { value = in_.text(); }
  void get(double& value) { value = in_.real(); }
  void get(bool& value) { value = in_.count() != 0; }
  void get(int& value) { value = static_cast<int>(in_.count()); }
  void get(std::uint32_t& value) { value = static_cast<std::uint32_t>(in_.count()); }
  void get(std::uint64_t& value) { value = in_.count(); }
  template <class T>
  void get(std::vector<T>& values) {
    values.resize(static_cast<std::size_t>(in_.count()));
    for (T& value : values) get(value);
  }
  Reader& in_;
};

}  // namespace canrun::catalog

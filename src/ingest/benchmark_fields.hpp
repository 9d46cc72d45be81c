#pragma once
/// A benchmark's record as names and values, and what they mean.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/benchmark.hpp"

namespace canrun {

/// Values as printed, by name; members of a nested object are `outer.inner`.
using BenchmarkFields = std::map<std::string, std::string, std::less<>>;

/// A plain number; nothing where the text is anything else.
std::optional<double> number_in(std::string_view text);
/// The field's number.
std::optional<double> number_in(const BenchmarkFields& fields, std::string_view name);
/// The first of these fields that is there and not empty.
std::string_view text_in(const BenchmarkFields& fields, std::initializer_list<std::string_view> names);

/// The contract's word for a backend as llama.cpp prints it (`CUDA`, `Metal,BLAS`, `ROCm`); empty where it is unknown.
std::string backend_word(std::string_view printed);

/// Each adds the rows of a record that is its tool's, and returns whether it is. `line` says where the record stands.
bool add_llama_bench(const BenchmarkFields& fields, std::uint32_t line, std::vector<BenchmarkRow>& rows);
bool add_batched_bench(const BenchmarkFields& fields, std::uint32_t line, std::vector<BenchmarkRow>& rows);
bool add_serving(const BenchmarkFields& fields, std::uint32_t line, std::vector<BenchmarkRow>& rows);
bool add_completion(const BenchmarkFields& fields, std::uint32_t line, std::vector<BenchmarkRow>& rows);

/// Records in JSON: one object, an array of them, or one a line. Throws Error(malformed) where it breaks off.
std::vector<std::pair<BenchmarkFields, std::uint32_t>> json_records(std::string_view text);
/// Records in CSV with a heading, SQL INSERTs or a markdown table, wherever they stand in the text.
std::vector<std::pair<BenchmarkFields, std::uint32_t>> table_records(std::string_view text);

/// Records printed for people, a value a line.
std::vector<std::pair<BenchmarkFields, std::uint32_t>> printed_records(std::string_view text);

}  // namespace canrun

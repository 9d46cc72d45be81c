#pragma once
/// Picking values out of a log line.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/log.hpp"

namespace canrun {

/// A size as logs print it, and by how much the print may be off.
struct PrintedSize {
  std::uint64_t bytes = 0;
  double resolution = 0;
};

/// What follows `marker`, blanks skipped; nothing when it does not occur.
std::optional<std::string_view> after(std::string_view line, std::string_view marker);
/// The word behind `marker`: up to white space, a comma or a quote; quotes around it are taken off.
std::string word_after(std::string_view line, std::string_view marker);
/// The whole number behind `marker`; thousands may be set off by commas.
std::optional<std::uint64_t> number_after(std::string_view line, std::string_view marker);
std::optional<double> real_after(std::string_view line, std::string_view marker);
/// `1536.00 MiB`, `3.5GiB`, `8.6 GB` at the start of `text`. Runtimes count in powers of two and write GB for GiB.
std::optional<PrintedSize> size_at(std::string_view text);
std::optional<PrintedSize> size_after(std::string_view line, std::string_view marker);
/// The size in front of `marker`: `0.57 GiB for peak activation`.
std::optional<PrintedSize> size_before(std::string_view line, std::string_view marker);

/// Marks the rows of llama.cpp's table of whole MiB; a load that also has its buffer lines doesn't need them.
inline constexpr std::string_view breakdown_marker = "memory_breakdown_print:";

/// One line of a log on its way to its reader.
struct LogCursor {
  std::string_view line;
  std::uint32_t number = 0;
};

/// Adds an amount; with `replace` a later amount of the same term and device takes the earlier one's place.
void add_line(RuntimeLog& log, const LogCursor& at, LogTerm term, std::string device, const PrintedSize& size,
              bool replace = false);

// One reader per family of runtimes. Each returns whether the line said something to it.
bool read_llama_line(const LogCursor& at, RuntimeLog& log);
bool read_ollama_line(const LogCursor& at, RuntimeLog& log);
bool read_vllm_line(const LogCursor& at, RuntimeLog& log);
bool read_sglang_line(const LogCursor& at, RuntimeLog& log);

}  // namespace canrun

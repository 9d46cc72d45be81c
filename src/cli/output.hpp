#pragma once
/// Where results go: standard output, or a file that is there only when complete.

#include <stdexcept>
#include <string>
#include <string_view>

namespace canrun::cli {

/// The output could not be written: path and the system's reason.
class OutputError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Writes all of `text` to `path`, or to standard output where it is empty or `-`. A file is written beside its place
/// and moved there, so that a reader never sees half of it. Throws OutputError.
void write_output(const std::string& path, std::string_view text);

/// One line on standard error, `canrun: …`, with control characters made harmless.
void complain(std::string_view message);

}  // namespace canrun::cli

#pragma once
/// What can go wrong when a question is asked, as one exception with a stable code.

#include <stdexcept>
#include <string>
#include <string_view>

namespace canrun {

/// The error codes of the JSON contract (`error.code`).
enum class ErrorCode {
  unknown_name,              ///< a model, device, quantisation, runtime … that no catalog holds
  bad_value,                 ///< a number or word outside what is possible
  unsupported_combination,   ///< the runtime refuses this combination of settings
  unsupported_architecture,  ///< the model's architecture is not understood
  malformed,                 ///< a file, catalog or JSON line that cannot be read
};

/// The code as it stands in JSON, for example `unknown_name`.
std::string_view to_string(ErrorCode code);

/// A full sentence for the user: what was found, what was expected, what to try.
class Error : public std::runtime_error {
public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const { return code_; }

private:
  ErrorCode code_;
};

}  // namespace canrun

#pragma once
/// A request of the contract `canrun.estimate/1`, read from JSON text that may come from anyone.

#include <string>
#include <string_view>
#include <vector>

#include "canrun/error.hpp"
#include "canrun/estimate.hpp"

namespace canrun::report {

/// A line longer than this is refused before it is parsed.
inline constexpr std::size_t longest_request = 1 << 20;
/// Objects and arrays may stand this deep in each other.
inline constexpr int deepest_request = 16;

struct JsonRequest {
  Request request;                 ///< detail defaults to figures, as batch does
  std::vector<std::string> notes;  ///< keys that are not known
};

/// A refusal that still knows the request's id.
class RequestError : public Error {
public:
  RequestError(ErrorCode code, const std::string& message, std::string id) : Error(code, message), id_(std::move(id)) {}
  /// JSON text of the id; empty where the line had none.
  [[nodiscard]] const std::string& id() const { return id_; }

private:
  std::string id_;
};

/// Reads one request object. Unknown keys become notes; a key of the wrong type or outside what is possible throws
/// RequestError(bad_value) naming key, expectation and finding; text that is no JSON object throws
/// RequestError(malformed).
JsonRequest parse_request(std::string_view line);

}  // namespace canrun::report

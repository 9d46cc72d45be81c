#include "canrun/error.hpp"

namespace canrun {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::unknown_name:
      return "unknown_name";
    case ErrorCode::bad_value:
      return "bad_value";
    case ErrorCode::unsupported_combination:
      return "unsupported_combination";
    case ErrorCode::unsupported_architecture:
      return "unsupported_architecture";
    case ErrorCode::malformed:
      return "malformed";
  }
  return "malformed";
}

}  // namespace canrun

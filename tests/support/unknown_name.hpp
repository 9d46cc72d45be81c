#pragma once
// Whether a look-up says that a name is in no catalog.

#include "canrun/error.hpp"

namespace canrun::test {

template <class LookUp>
bool is_unknown_name(LookUp look_up) {
  try {
    look_up();
  } catch (const Error& error) {
    return error.code() == ErrorCode::unknown_name;
  }
  return false;
}

}  // namespace canrun::test

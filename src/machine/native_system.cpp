#include "machine/native_system.hpp"

#if !defined(__APPLE__) && !defined(_WIN32)

namespace canrun {

bool read_native_system(const Catalog& /*catalog*/, Detection& /*out*/) {
  return false;
}

}  // namespace canrun

#endif

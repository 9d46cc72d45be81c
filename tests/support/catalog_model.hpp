#pragma once
// A catalog model with the MTP blocks that a row of tests/data names: `mtp1`, `mtp3`, `mtp1lean`, or none.

#include <string>

#include "canrun/catalog.hpp"
#include "model/model.hpp"

namespace canrun::test {

inline Model catalog_model(const std::string& id, const std::string& mtp) {
  FileOptions options;
  if (mtp.size() > 3) options.mtp_layers = static_cast<std::uint32_t>(mtp[3] - '0');
  options.mtp_lean = mtp.find("lean") != std::string::npos;
  return read_model(Catalog::builtin().model(id).record.config_json, options);
}

}  // namespace canrun::test

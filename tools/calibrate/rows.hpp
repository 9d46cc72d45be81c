#pragma once
/// The measurements of the catalog, ready to be fitted.

#include <map>
#include <string>
#include <vector>

#include "canrun/catalog.hpp"
#include "fit.hpp"

namespace calibrate {

struct Rows {
  std::vector<canrun::Measurement> measurements;  ///< all
  std::vector<Row> rows;                          ///< those that say enough
  std::map<std::string, int> skipped;             ///< why the others do not

  [[nodiscard]] std::vector<const Row*> pointers() const;
};

Rows read_rows(const canrun::Catalog& catalog);

}  // namespace calibrate

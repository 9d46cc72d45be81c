#include <algorithm>

#include "canrun/error.hpp"
#include "quant/file_types.hpp"
#include "support/catalog_model.hpp"
#include "support/catch.hpp"
#include "support/csv.hpp"

using namespace canrun;
using namespace canrun::test;

TEST_CASE("weights of every model under every file type equal llama.cpp's own to the byte") {
  const auto table = read_table(std::string(CANRUN_TESTS_DIR) + "/data/weights_by_file_type.csv");
  REQUIRE(table.rows.size() > 280);
  std::size_t checked = 0;
  for (const auto& row : table.rows) {
    CAPTURE(row[0], row[1]);
    const Model model = catalog_model(row[0], row[1]);
    const auto classes = classify_tensors(model.tensors, model.architecture);
    std::vector<TensorType> types(model.tensors.size());
    for (std::size_t c = 2; c < row.size(); ++c) {
      if (row[c].empty()) continue;
      const auto plus = table.columns[c].find('+');
      const auto type = gguf_file_type(table.columns[c].substr(0, plus));
      CAPTURE(table.columns[c]);
      REQUIRE(type);
      assign_types(model.tensors, classes, *type, plus != std::string::npos, types);
      CHECK(tensor_bytes(model.tensors, types) == std::stoull(row[c]));
      ++checked;
    }
  }
  CHECK(checked > 11000);
}

TEST_CASE("tensors of every catalog model come in the order in which the quantiser counts them") {
  const auto table = read_table(std::string(CANRUN_TESTS_DIR) + "/data/weights_by_file_type.csv");
  for (const auto& row : table.rows) {
    CAPTURE(row[0]);
    const Model model = catalog_model(row[0], row[1]);
    CHECK(std::is_sorted(model.tensors.begin(), model.tensors.end(), file_order));
  }
}

/// Every model of the table has the parameters and bytes that llama.cpp prints for its 16-bit file.

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "support/catch.hpp"

#include "canrun/catalog.hpp"
#include "canrun/error.hpp"
#include "model/model.hpp"
#include "quant/file_types.hpp"

namespace {

struct Row {
  std::string model;
  std::string mtp;
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
};

std::vector<Row> read_rows() {
  std::ifstream file(std::string(CANRUN_TESTS_DIR) + "/data/model_sizes.csv");
  std::vector<Row> rows;
  std::string line;
  bool heading = true;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    if (heading) {
      heading = false;
      continue;
    }
    std::istringstream cells(line);
    Row row;
    std::string number;
    std::getline(cells, row.model, ',');
    std::getline(cells, row.mtp, ',');
    std::getline(cells, number, ',');
    row.parameters = std::stoull(number);
    std::getline(cells, number, ',');
    row.bytes = std::stoull(number);
    rows.push_back(row);
  }
  return rows;
}

/// `mtp1`, `mtp3`, `mtp1lean`.
canrun::FileOptions options_of(const std::string& mtp) {
  canrun::FileOptions options;
  if (mtp.size() > 3) options.mtp_layers = static_cast<std::uint32_t>(mtp[3] - '0');
  options.mtp_lean = mtp.find("lean") != std::string::npos;
  return options;
}

}  // namespace

TEST_CASE("parameters and 16-bit bytes equal what llama.cpp prints, for every model") {
  const std::vector<Row> rows = read_rows();
  REQUIRE(rows.size() > 270);
  const canrun::FileType f16 = canrun::gguf_file_type("F16").value();
  for (const Row& row : rows) {
    CAPTURE(row.model, row.mtp);
    const auto record = canrun::Catalog::builtin().model(row.model).record;
    canrun::Model model = canrun::read_model(record.config_json, options_of(row.mtp));
    canrun::assign_types(model.tensors, model.architecture, f16, false);
    std::uint64_t parameters = 0;
    std::uint64_t bytes = 0;
    for (const canrun::Tensor& tensor : model.tensors) {
      parameters += tensor.elements();
      bytes += tensor.bytes();
    }
    CHECK(parameters == row.parameters);
    CHECK(bytes == row.bytes);
  }
}

/// Totals that hold parts that no configuration describes; their catalog entries say so.
constexpr std::array<std::string_view, 7> with_other_parts{
    "voxtral-mini-3b",     // audio tower
    "gemma-3n-e4b",        // vision and audio towers
    "gemma-3n-e2b",        // vision and audio towers
    "gemma-4-e2b",         // audio tower
    "gemma-4-e4b",         // audio tower
    "gemma-4-12b",         // the maker's rounded size
    "qwen3.8-flash-next",  // a block for multi-token prediction
};

TEST_CASE("counted parameters equal the catalog's totals within 0.5 %, with or without multi-token prediction") {
  for (const auto& record : canrun::Catalog::builtin().models()) {
    CAPTURE(record.id);
    canrun::Model model;
    try {
      model = canrun::read_model(record.config_json, {.mtp_layers = canrun::all_mtp});
    } catch (const canrun::Error& error) {
      CHECK(error.code() == canrun::ErrorCode::unsupported_architecture);
      CHECK_FALSE(record.unsupported_reason.empty());
      continue;
    }
    const auto counts = canrun::count_parameters(model.architecture, model.tensors);
    const auto trunk = static_cast<double>(counts.total + counts.dropped + record.params_vision);
    const auto stated = Approx(static_cast<double>(record.params_total)).epsilon(0.005);
    if (std::find(with_other_parts.begin(), with_other_parts.end(), record.id) != with_other_parts.end()) {
      CHECK(trunk < static_cast<double>(record.params_total));
      CHECK(record.note.find("total") != std::string::npos);
    } else {
      CHECK((trunk == stated || trunk + static_cast<double>(counts.mtp) == stated));
    }
    CHECK(counts.active <= counts.total);
    CHECK(counts.active > 0);
  }
}

TEST_CASE("vision towers of known shape have the catalog's parameters") {
  std::size_t counted = 0;
  for (const auto& record : canrun::Catalog::builtin().models()) {
    CAPTURE(record.id);
    const canrun::Architecture architecture = canrun::read_model(record.config_json).architecture;
    if (architecture.vision_params == 0) continue;
    CHECK(architecture.vision_params == record.params_vision);
    ++counted;
  }
  CHECK(counted >= 45);
}

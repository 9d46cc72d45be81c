#include <string>
#include "canrun/catalog.hpp"

#include "canrun/error.hpp"
#include "ingest/model_file.hpp"
#include "ingest/model_writer.hpp"
#include "support/catch.hpp"

using namespace canrun;
using canrun::test::differences;
using canrun::test::model_header;

static const std::string no_difference;

TEST_CASE("every catalog model read back from a GGUF header is the same model") {
  std::size_t compared = 0;
  for (const ModelRecord& record : Catalog::builtin().models()) {
    Model model;
    try {
      model = read_model(record.config_json, {all_mtp, false});
    } catch (const Error& e) {
      if (e.code() == ErrorCode::unsupported_architecture) continue;
      throw;
    }
    if (model.architecture.gguf_arch.empty()) continue;
    std::uint64_t bytes = 0;
    for (const Tensor& tensor : model.tensors) bytes += tensor.bytes();
    const ModelFile file = read_model_bytes(model_header(model).bytes(), record.id);
    INFO(record.id);
    CHECK(differences(model.architecture, file.architecture) == no_difference);
    CHECK(file.tensor_bytes == bytes);
    CHECK(file.tensors.size() == model.tensors.size());
    ++compared;
  }
  CHECK(compared > 400);
}

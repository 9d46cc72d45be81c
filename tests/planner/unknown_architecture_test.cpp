#include "canrun/catalog.hpp"
#include "ingest/temp_folder.hpp"
#include "planner/subject.hpp"
#include "support/catch.hpp"

using namespace canrun;

TEST_CASE("a configuration of an unknown architecture is answered as a Llama-like decoder of its sizes, with doubt") {
  const test::TempFolder folder;
  const std::string path = folder.write(
      "config.json",
      R"({"model_type":"nosuch","hidden_size":1024,"num_hidden_layers":10,"vocab_size":1000,"num_attention_heads":8,)"
      R"("intermediate_size":4096})");
  const Subject subject = find_subject(Catalog::builtin(), path, false);
  // Table and head 2 · 1000 · 1024; a layer: 4 · 1024² of attention, 3 · 1024 · 4096 of feed forward, 2 norms; 1 norm.
  CHECK(subject.prepared->params_total == 2 * 1000 * 1024 + 10 * (4 * 1024 * 1024 + 3 * 1024 * 4096 + 2 * 1024) + 1024);
  CHECK(subject.doubt > 0);
  REQUIRE(subject.notes.size() == 1);
  CHECK(subject.notes.front().find("\"nosuch\" is not known") != std::string::npos);
  CHECK(subject.notes.front().find("using 0.17 B parameters") != std::string::npos);
}

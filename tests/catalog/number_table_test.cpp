#include "catalog/number_table.hpp"

#include <nlohmann/json.hpp>

#include "support/catch.hpp"

TEST_CASE("a number table has a line for every object that holds numbers") {
  const nlohmann::json document = {{"schema", "x/1"},
                                   {"fitted", 7},
                                   {"centre", {{"stream", -0.5}, {"unpack", 1}}},
                                   {"nodes", {{"device:a|cuda", {{"stream", 0.25}}}, {"none", {{"word", "text"}}}}}};
  CHECK(canrun::catalog::number_table(document) ==
        "\tfitted\t7\n"
        "centre\tstream\t-0.5\tunpack\t1\n"
        "nodes/device:a|cuda\tstream\t0.25\n");
}

TEST_CASE("what parts cells is no part of a cell") {
  const nlohmann::json document = {{"a\tb", {{"c\nd", 1}}}};
  CHECK(canrun::catalog::number_table(document) == "a b\tc d\t1\n");
}

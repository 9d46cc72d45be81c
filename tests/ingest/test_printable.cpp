#include "catalog/printable.hpp"
#include "support/catch.hpp"

using canrun::printable;

TEST_CASE("letters of any script stay as they are") {
  CHECK(printable("Qwen3 模型 é 🦙") == "Qwen3 模型 é 🦙");
}

TEST_CASE("what a terminal acts on is replaced") {
  CHECK(printable("a\x1b[31mb\x7f") == "a?[31mb?");
  CHECK(printable("two\nlines\tand\rmore") == "two lines and more");
  CHECK(printable("c1 \xc2\x9b"
                  "2J") == "c1 ?2J");
  CHECK(printable("bidi \xe2\x80\xae"
                  "fdp.exe") == "bidi ?fdp.exe");
}

TEST_CASE("bytes that are not UTF-8 are replaced one by one") {
  CHECK(printable("\xff\xfe") == "??");
  CHECK(printable("cut \xe6\xa8") == "cut ??");
  CHECK(printable("overlong \xc0\xaf") == "overlong ??");
  CHECK(printable("surrogate \xed\xa0\x80") == "surrogate ???");
}

TEST_CASE("long text is cut between letters") {
  CHECK(printable("abcdef", 4) == "abcd…");
  CHECK(printable("éé", 3) == "é…");
}

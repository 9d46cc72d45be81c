#include "catalog/real_number.hpp"
#include "support/catch.hpp"

using namespace canrun;

#ifdef __cpp_lib_to_chars
TEST_CASE("numbers are read alike with and without the library's help") {
  for (const std::string_view text : {"0",
                                      "-0",
                                      "1",
                                      "71.16",
                                      ".5",
                                      "-.5e2",
                                      "5.",
                                      "1e3",
                                      "1e+3",
                                      "1e-3",
                                      "1e",
                                      "1e+",
                                      "12abc",
                                      "3.5GiB",
                                      "1.2.3",
                                      "9007199254740993",
                                      "1e308",
                                      "0.1",
                                      "123456789.987654321",
                                      "",
                                      "-",
                                      ".",
                                      "+1",
                                      " 1",
                                      "x",
                                      "e5",
                                      "1e999",
                                      "--1"}) {
    INFO(std::string(text));
    double ours = -7, theirs = -7;
    const auto mine = portable_from_chars(text.data(), text.data() + text.size(), ours);
    const auto library = std::from_chars(text.data(), text.data() + text.size(), theirs);
    CHECK(mine.ptr - text.data() == library.ptr - text.data());
    CHECK(static_cast<int>(mine.ec) == static_cast<int>(library.ec));
    CHECK(ours == theirs);
  }
}
#endif

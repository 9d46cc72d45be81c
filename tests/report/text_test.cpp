#include <string>
#include <vector>

#include "report/paint.hpp"
#include "report/plain.hpp"
#include "report/render.hpp"
#include "sample.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::report;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find('\n', start);
    out.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

std::vector<Estimate> samples() {
  return {report_sample::kimi_on_3090(), report_sample::small_on_two_cards()};
}

Style style(int width = 80, bool color = false, int verbosity = 0) {
  Style s;
  s.width = width;
  s.color = color;
  s.verbosity = verbosity;
  return s;
}

}  // namespace

TEST_CASE("the text report keeps to its width") {
  for (const int width : {80, 100, 120})
    for (const int verbosity : {0, 1})
      for (const Estimate& e : samples())
        for (const std::string& line : lines(text_report(e, style(width, false, verbosity)))) {
          INFO(line);
          CHECK(display_width(line) <= static_cast<std::size_t>(width));
        }
}

TEST_CASE("colour repeats what the words say: without it the text is the same") {
  for (const Estimate& e : samples()) {
    const std::string colored = text_report(e, style(80, true, 1));
    CHECK(colored.find('\x1b') != std::string::npos);
    CHECK(strip(colored) == text_report(e, style(80, false, 1)));
  }
}

TEST_CASE("the answer comes first: question, verdict with grade, what would help") {
  const std::vector<std::string> text = lines(text_report(report_sample::kimi_on_3090(), style(200)));
  CHECK(text[0].find("Kimi Linear 48B A3B Instruct (kimi-linear-48b-a3b-instruct)") == 0);
  CHECK(text[0].find("GeForce RTX 3090 (rtx-3090)") != std::string::npos);
  CHECK(text[1].find("NO  F0  ") == 0);
  CHECK(text[2].find("34 % of the weights in system RAM") != std::string::npos);
}

TEST_CASE("a locale without UTF-8 gets ASCII only") {
  Style ascii = style();
  ascii.utf8 = false;
  for (const Estimate& e : samples())
    for (const char c : text_report(e, ascii)) CHECK(static_cast<unsigned char>(c) < 0x80);
}

TEST_CASE("names from files cannot act on the terminal") {
  Estimate e = report_sample::kimi_on_3090();
  e.model.name =
      "evil\x1b[2Jname\r\n\x9b"
      "31m";
  e.quant.id = "Q4\x07";
  e.notes = {"\x1b]0;title\x07"};
  e.limits[0].text = "a\nb\x1b[31m";
  e.command = "x\x1b[1m";
  for (const Format format : {Format::text, Format::markdown, Format::html, Format::csv}) {
    const std::string text = render(std::vector<Estimate>{e}, format, style(80, false, 1));
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\x07') == std::string::npos);
    CHECK(text.find('\x9b') == std::string::npos);
  }
}

TEST_CASE("brief is one line a question") {
  Style brief = style();
  brief.brief = true;
  CHECK(lines(render(samples(), Format::text, brief)).size() == 2);
}

TEST_CASE("--show picks sections") {
  Style some = style();
  some.show = {Section::quants};
  const std::string text = text_report(report_sample::kimi_on_3090(), some);
  CHECK(text.find("Quantisations") != std::string::npos);
  CHECK(text.find("Workloads") == std::string::npos);
  CHECK(text.find("Memory\n") == std::string::npos);
}

TEST_CASE("wrapping keeps to its width, whatever the words") {
  for (const std::size_t columns : {std::size_t{10}, std::size_t{24}, std::size_t{80}})
    for (const std::string& line :
         wrap("short words and https://example.org/a/very/long/path/without/any/space#fragment-of-it end", columns)) {
      INFO(line);
      CHECK(display_width(line) <= columns);
    }
  CHECK(wrap("see https://example.org/a/b now", 20) ==
        std::vector<std::string>{"see", "https://example.org/", "a/b now"});
  CHECK(wrap("", 10).empty());
}

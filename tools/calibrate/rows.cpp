#include "rows.hpp"

#include <cmath>

namespace calibrate {

using namespace canrun;

namespace {

double seconds_of(const Question& question) {
  const Measurement& m = *question.measurement;
  switch (m.metric) {
    case Metric::decode:
      return 1 / m.value;
    case Metric::prefill:
      return question.tokens / m.value;
    case Metric::ttft:
      break;
  }
  return m.value;
}

}  // namespace

std::vector<const Row*> Rows::pointers() const {
  std::vector<const Row*> all;
  for (const Row& row : rows) all.push_back(&row);
  return all;
}

Rows read_rows(const Catalog& catalog) {
  Rows result;
  result.measurements = read_measurements(catalog.document("measurements"));
  Questions questions(catalog);
  for (const Measurement& m : result.measurements) {
    std::string why_not;
    auto question = questions.ask(m, why_not);
    if (!question) {
      ++result.skipped[why_not];
      continue;
    }
    Row row;
    row.question = std::move(*question);
    row.terms = terms_of(row.question);
    row.log_seconds = std::log(seconds_of(row.question));
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace calibrate

#include <nlohmann/json.hpp>

#include "report/listing.hpp"
#include "report/render.hpp"
#include "report/words.hpp"

namespace canrun::report {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Interval& i) {
  return Json{{"value", i.value}, {"low", i.low}, {"high", i.high}};
}
Json to_json(const std::optional<Interval>& i) {
  return i ? to_json(*i) : Json(nullptr);
}

std::string dumped(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// What every listing says of a row's fit and pace.
template <class Row>
void add_outcome(Json& json, const Row& row) {
  json["verdict"] = word(row.verdict);
  json["grade"] = row.grade.letter;
  json["score"] = row.grade.score;
  json["decode"] = to_json(row.decode);
  json["ttft"] = to_json(row.ttft);
  json["safe_context"] = row.safe_context;
}

}  // namespace

std::string rank_json(std::span<const RankRow> rows) {
  Json list = Json::array();
  for (const RankRow& r : rows) {
    Json row{{"id", r.id},
             {"name", r.name},
             {"organisation", r.organisation},
             {"released", r.released},
             {"capabilities", r.capabilities},
             {"params_total", r.params_total},
             {"params_active", r.params_active},
             {"quant", r.quant},
             {"quality", r.quality},
             {"bits_per_weight", r.bits_per_weight},
             {"required_bytes", r.required_bytes}};
    add_outcome(row, r);
    row["note"] = r.note;
    list.push_back(std::move(row));
  }
  return dumped(Json{{"schema", "canrun.rank/1"}, {"rows", list}});
}

std::string hardware_json(std::span<const HardwareRow> rows) {
  Json list = Json::array();
  for (const HardwareRow& r : rows) {
    Json row{{"id", r.id},
             {"name", r.name},
             {"vendor", r.vendor},
             {"memory_bytes", r.memory_bytes},
             {"bandwidth", r.bandwidth}};
    add_outcome(row, r);
    row["price"] = r.price > 0 ? Json(r.price) : Json(nullptr);
    row["price_date"] = r.price_date;
    row["note"] = r.note;
    list.push_back(std::move(row));
  }
  return dumped(Json{{"schema", "canrun.hardware/1"}, {"rows", list}});
}

std::string plan_json(const Plan& plan) {
  return dumped(Json{{"schema", "canrun.plan/1"},
                     {"unknown", word(plan.unknown)},
                     {"found", plan.found},
                     {"value", plan.value},
                     {"number", plan.number},
                     {"limit", plan.limit},
                     {"estimate", Json::parse(json_line(plan.estimate))}});
}

}  // namespace canrun::report

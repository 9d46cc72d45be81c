#include <nlohmann/json.hpp>

#include <limits>
#include <string>
#include <vector>

#include "report/render.hpp"
#include "sample.hpp"
#include "support/catch.hpp"

using namespace canrun;
using namespace canrun::report;
using nlohmann::json;

TEST_CASE("an answer has every key of canrun.estimate/1") {
  const json j = json::parse(json_line(report_sample::kimi_on_3090()));
  CHECK(j["schema"] == "canrun.estimate/1");
  const std::vector<std::pair<std::string, std::vector<std::string>>> keys{
      {"model", {"id", "name", "source", "params_total", "params_active", "layers", "context_max", "capabilities"}},
      {"quant", {"id", "bits_per_weight", "exact"}},
      {"runtime", {"id", "backend", "supported", "reason"}},
      {"machine", {"devices", "host"}},
      {"workload", {"id", "prompt", "output", "context", "depth", "users"}},
      {"fit",
       {"verdict", "grade", "score", "subscores", "required_bytes", "available_bytes", "utilization", "shortfall_bytes",
        "offload_fraction", "safe_context", "max_context"}},
      {"memory",
       {"weights_bytes", "kv_cache_bytes", "state_bytes", "compute_bytes", "runtime_bytes", "headroom_bytes",
        "total_bytes", "devices", "host"}},
      {"speed",
       {"decode", "prefill", "ttft", "ttft_cold", "load_seconds", "latency_seconds", "throughput", "bottleneck",
        "basis"}},
      {"placement", {"gpu_layers", "cpu_moe_layers", "tensor_split"}},
      {"improvement", {"id", "text"}}};
  for (const auto& [object, members] : keys)
    for (const std::string& member : members) {
      INFO(object << "." << member);
      CHECK(j.at(object).contains(member));
    }
  for (const char* key : {"id", "mode", "notes", "command", "workloads", "quants", "upgrades", "limits", "evidence"})
    CHECK(j.contains(key));
}

TEST_CASE("memory parts add up to the total") {
  const json m = json::parse(json_line(report_sample::small_on_two_cards()))["memory"];
  std::uint64_t devices = 0;
  for (const json& d : m["devices"]) devices += d["total_bytes"].get<std::uint64_t>();
  CHECK(m["total_bytes"] == devices + m["host"]["total_bytes"].get<std::uint64_t>());
}

TEST_CASE("the id is echoed as the scalar that it was") {
  Estimate e = report_sample::kimi_on_3090();
  for (const char* id : {"7", "\"a\"", "true", "1.5"}) {
    e.id = id;
    CHECK(json::parse(json_line(e))["id"] == json::parse(id));
  }
  e.id.clear();
  CHECK(json::parse(json_line(e))["id"].is_null());
}

TEST_CASE("figures leave the listings out") {
  Estimate e = report_sample::kimi_on_3090();
  e.detail = Detail::figures;
  CHECK_FALSE(json::parse(json_line(e)).contains("quants"));
}

TEST_CASE("encoders have no decode and hostile names still give JSON") {
  Estimate e = report_sample::kimi_on_3090();
  e.speed.has_decode = false;
  e.speed.ttft_cold = std::numeric_limits<double>::infinity();
  e.model.name = "\xff\xfe\x1b[31m";
  const json j = json::parse(json_line(e));
  CHECK(j["speed"]["decode"].is_null());
  CHECK(j["speed"]["ttft_cold"].is_null());
}

TEST_CASE("an error takes the place of an answer") {
  const json j = json::parse(json_error_line("3", ErrorCode::unknown_name, "unknown GPU \"x\""));
  CHECK(j["id"] == 3);
  CHECK(j["error"]["code"] == "unknown_name");
  CHECK(j["error"]["message"] == "unknown GPU \"x\"");
}

TEST_CASE("several answers are an array, one is an object") {
  const std::vector<Estimate> two{report_sample::kimi_on_3090(), report_sample::small_on_two_cards()};
  CHECK(json::parse(render(two, Format::json, {})).size() == 2);
  CHECK(json::parse(render(std::vector<Estimate>{two[0]}, Format::json, {})).is_object());
}

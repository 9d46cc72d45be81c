#pragma once
/// What a model file holds, for people and programs.

#include <string>

#include "advice/inspection.hpp"
#include "report/style.hpp"

namespace canrun::report {

std::string inspection_text(const Inspection& inspection, const Style& style);
/// `{"schema":"canrun.inspect/1", …}`.
std::string inspection_json(const Inspection& inspection);

}  // namespace canrun::report

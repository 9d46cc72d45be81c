#pragma once
/// What a machine was found to have, for people and programs.

#include <string>

#include "machine/detect.hpp"
#include "report/style.hpp"

namespace canrun::report {

std::string detection_text(const Detection& found, const Style& style);
/// `{"schema":"canrun.detect/1", …}`.
std::string detection_json(const Detection& found);

}  // namespace canrun::report

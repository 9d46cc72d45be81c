#pragma once
/// What the process returns.

namespace canrun::cli {

enum ExitStatus : int {
  answered = 0,   ///< and every --require met
  failed = 1,     ///< a --require or a catalog check
  bad_usage = 2,  ///< unknown option, name or value
  bad_file = 3,   ///< unreadable or malformed input file
};

}  // namespace canrun::cli

#pragma once
/// What detection read of a system, as one text from which tests unpack it again.

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace canrun {

/// Fills as files are read. Paths are those below the root.
struct Recording {
  std::map<std::string, std::string> texts;   ///< contents without trailing white space
  std::map<std::string, std::string> tables;  ///< contents of binary files
  std::map<std::string, std::string> links;   ///< symbolic links that were followed, and where they end
  std::set<std::string> names;                ///< of what was listed or found to exist
};

/// The recording in the format of the project's recorded machines: `== /path`, `== hex /path` and `== link /path`, each
/// with the contents below it. What identifies a machine or a person is left out: lines of serial numbers, UUIDs and
/// unique ids, makers' strings of the firmware's table but slots and banks, long hexadecimal numbers in the names of
/// control groups.
std::string recording_text(const Recording& recording);

}  // namespace canrun

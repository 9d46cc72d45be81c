#pragma once
/// One verb's options, declared and parsed. CLI11 does the work and stays inside command_line.cpp, for it is slow to
/// compile.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/verbs.hpp"

namespace canrun::cli {

class CommandLine {
public:
  /// How help presents an option: under which heading, and what stands for its value.
  struct Look {
    const char* group = "Options";
    const char* type = "";
  };

  /// `program` is what help calls the verb: "canrun rank".
  CommandLine(const std::string& description, const std::string& program);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Printed below the options by --help.
  void footer(const std::string& text);
  /// Adds --version.
  void version(const std::string& text);

  /// A word by its place on the line; `name` is for help alone.
  void operand(const char* name, std::string& value, const char* help, bool required);
  /// Every word that is left.
  void operands(const char* name, std::vector<std::string>& values, const char* help, bool required);
  /// `names` as in "-g,--gpu".
  void text(const char* names, std::string& value, const char* help, Look look);
  /// May be given again; `delimiter`, where not 0, also separates words inside one value.
  void texts(const char* names, std::vector<std::string>& values, const char* help, Look look, char delimiter = 0);
  void flag(const char* names, bool& value, const char* help, const char* group = "Options");
  /// Counts how often it is given: -vv is 2.
  void counted(const char* names, int& value, const char* help, const char* group);
  void remove(const char* name);

  [[nodiscard]] std::string help() const;
  /// Every long option's name, without its hyphens.
  [[nodiscard]] std::vector<std::string> long_names() const;

  /// Fills the values. Help and version are printed and end the verb with 0, wrong options with 2 and the nearest
  /// option named; nothing when the verb may go on.
  std::optional<int> parse(const Arguments& arguments);

private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace canrun::cli

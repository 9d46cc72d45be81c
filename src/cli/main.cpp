#include <exception>
#include <string>

#include "canrun/error.hpp"
#include "cli/exit_status.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"

namespace {

int run(const canrun::cli::Arguments& arguments) {
  if (!arguments.empty())
    for (const canrun::cli::Verb& verb : canrun::cli::verbs())
      if (verb.name == arguments.front()) return verb.run({arguments.begin() + 1, arguments.end()});
  return canrun::cli::run_ask(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  const canrun::cli::Streams streams;
  try {
    return run({argv + 1, argv + argc});
  } catch (const canrun::Error& error) {
    canrun::cli::complain(error.what());
    return error.code() == canrun::ErrorCode::malformed ? canrun::cli::bad_file : canrun::cli::bad_usage;
  } catch (const canrun::cli::OutputError& error) {
    canrun::cli::complain(error.what());
    return canrun::cli::bad_file;
  } catch (const std::exception& error) {
    canrun::cli::complain(error.what());
    return canrun::cli::bad_usage;
  }
}

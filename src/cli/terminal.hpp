#pragma once
/// What standard output is: a terminal or not, how wide, whether it takes UTF-8 and colour.

#include <string_view>

namespace canrun::cli {

/// Makes the standard streams carry bytes as they are, and a console show UTF-8 and colours, for as long as it lives.
/// Only Windows needs it: its streams translate line ends and end at a control character.
class Streams {
public:
  Streams();
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

private:
#ifdef _WIN32
  unsigned code_page_ = 0;  ///< the console's own, put back at the end; 0 = not changed
  unsigned long mode_ = 0;  ///< likewise
#endif
};

/// A variable of the environment, empty where it is not set.
std::string_view environment(const char* name);

bool output_is_terminal();
bool input_is_terminal();
/// Columns of the terminal, 0 when standard output is none or does not say.
int terminal_width();
/// Whether the locale (LC_ALL, LC_CTYPE, LANG) is UTF-8. Without any of them: true, as today's terminals are.
bool locale_is_utf8();
/// `always`, `never`, or `auto`: a terminal that is not dumb, without NO_COLOR. Throws Error(bad_value).
bool wants_color(std::string_view choice);

}  // namespace canrun::cli

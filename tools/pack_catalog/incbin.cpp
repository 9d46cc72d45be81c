// The packed catalog as bytes of the program: the assembler copies the file, the compiler never parses it.
#include <cstddef>

#include "catalog/builtin.hpp"

#if defined(__APPLE__)
#define CANRUN_SECTION ".const_data"
#define CANRUN_SYMBOL(name) "_" name
#else
#define CANRUN_SECTION ".section .rodata"
#define CANRUN_SYMBOL(name) name
#endif

__asm__(CANRUN_SECTION "\n"
        ".global " CANRUN_SYMBOL("canrun_catalog_begin") "\n"
        ".global " CANRUN_SYMBOL("canrun_catalog_end") "\n"
        ".balign 8\n" CANRUN_SYMBOL("canrun_catalog_begin") ":\n"
        ".incbin \"" CANRUN_CATALOG_FILE "\"\n" CANRUN_SYMBOL("canrun_catalog_end") ":\n"
        ".byte 0\n"
        ".text\n");

extern "C" {
extern const char canrun_catalog_begin[];
extern const char canrun_catalog_end[];
}

namespace canrun::catalog {

std::string_view builtin_blob() {
  return {canrun_catalog_begin, static_cast<std::size_t>(canrun_catalog_end - canrun_catalog_begin)};
}

}  // namespace canrun::catalog

/// pack_catalog [--array] DATA OUTPUT: checks the catalog files of DATA and packs them for embedding; with --array as
/// a C++ source for compilers without an assembler. Fails with file, JSON path and reason.

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "catalog/builtin.hpp"
#include "catalog/data_folder.hpp"
#include "catalog/pack.hpp"

// The packer runs before there is anything to embed.
std::string_view canrun::catalog::builtin_blob() {
  return {};
}

namespace {

std::string as_array(const std::string& blob) {
  std::string out =
      "#include <cstddef>\n#include \"catalog/builtin.hpp\"\nnamespace {\nconstexpr unsigned char kBlob[] = {\n";
  for (std::size_t i = 0; i < blob.size(); ++i) {
    out += fmt::format("{},{}", static_cast<unsigned>(static_cast<unsigned char>(blob[i])), i % 32 == 31 ? "\n" : "");
  }
  out +=
      "};\n}\nstd::string_view canrun::catalog::builtin_blob() {\n"
      "  return {reinterpret_cast<const char*>(kBlob), sizeof kBlob};\n}\n";
  return out;
}

void write(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream stream(file, std::ios::binary);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream.flush()) throw std::runtime_error(file.string() + ": cannot be written");
}

}  // namespace

int main(int argc, char** argv) {
  const bool array = argc == 4 && std::string(argv[1]) == "--array";
  if (argc != 3 && !array) {
    fmt::print(stderr, "usage: pack_catalog [--array] DATA OUTPUT\n");
    return 2;
  }
  try {
    const std::filesystem::path data = argv[argc - 2];
    const std::string blob =
        canrun::catalog::pack(canrun::catalog::read_folder(data), canrun::catalog::read_schemas(data / "schemas"),
                              canrun::catalog::read_measurements(data / "measurements"));
    write(argv[argc - 1], array ? as_array(blob) : blob);
  } catch (const std::exception& error) {
    fmt::print(stderr, "catalog error: {}\n", error.what());
    return 1;
  }
  return 0;
}

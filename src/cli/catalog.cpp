#include <fmt/format.h>

#include <array>

#include "canrun/error.hpp"
#include "cli/exit_status.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "ingest/catalog_record.hpp"
#include "ingest/model_file.hpp"
#include "report/entry.hpp"
#include "report/listing.hpp"
#include "report/plain.hpp"

namespace canrun::cli {
namespace {

constexpr std::array<std::string_view, 7> kinds{"models", "devices", "quants", "runtimes", "workloads", "ram", "cpus"};

struct Shown {
  std::string json;
  report::Table table;
  std::vector<std::string> notes;
};

template <class Found>
Shown shown(const Catalog& catalog, std::string_view kind, const std::string& id, const Found& found) {
  std::string json = catalog.entry_json(kind, id);
  report::Table table = report::entry_table(json);
  return {std::move(json), std::move(table), found.notes};
}

Shown look_up(const Catalog& catalog, std::string_view kind, const std::string& name) {
  const auto show = [&](const auto& found) { return shown(catalog, kind, found.record.id, found); };
  if (kind == "models") return show(catalog.model(name));
  if (kind == "quants") return show(catalog.quant(name));
  if (kind == "runtimes") return show(catalog.runtime(name));
  if (kind == "workloads") return show(catalog.workload(name));
  if (kind == "ram") return show(catalog.ram(name));
  if (kind == "cpus") return show(catalog.cpu(name));
  if (kind == "devices") {
    const ResolvedDevice found = catalog.device(name);
    return shown(catalog, kind, found.device.id, found);
  }
  throw Error(ErrorCode::bad_value, fmt::format("--kind takes models, devices, quants, runtimes, workloads, ram or "
                                                "cpus, found \"{}\"",
                                                report::clean(kind, 60)));
}

/// The first catalog that knows the name; where none does, what each says.
Shown look_up_anywhere(const Catalog& catalog, const std::string& name) {
  std::string said;
  for (const std::string_view kind : kinds) {
    try {
      return look_up(catalog, kind, name);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unknown_name) throw;
      if (kind == "models" || kind == "devices" || kind == "quants")
        said += fmt::format("{}{}", said.empty() ? "" : "; ", error.what());
    }
  }
  throw Error(ErrorCode::unknown_name, said);
}

int list(const Catalog& catalog, const std::string& kind, const OutputOptions& output) {
  const report::Format format = output.parsed_format();
  const report::Style style = output.style();
  if (format == report::Format::json) {
    std::string out;
    for (const std::string& id : catalog.ids(kind.empty() ? "models" : kind))
      out += (out.empty() ? "[\n" : ",\n") + catalog.entry_json(kind.empty() ? "models" : kind, id);
    write_output(output.file, out.empty() ? "[]\n" : out + "\n]\n");
    return answered;
  }
  if (kind.empty()) {
    std::string out;
    for (const std::string_view each : kinds) out += fmt::format("{:<10} {:>5}\n", each, catalog.ids(each).size());
    write_output(output.file, out + "\ncanrun catalog list KIND lists one of them.\n");
    return answered;
  }
  const report::Table table = report::catalog_table(catalog, kind, style);
  write_output(output.file, report::render_listing(fmt::format("{} ({})", table.title, table.rows.size()), table,
                                                   table.rows.size(), format, style));
  return answered;
}

int show(const Catalog& catalog, const std::string& name, const std::string& kind, const OutputOptions& output) {
  const Shown found = kind.empty() ? look_up_anywhere(catalog, name) : look_up(catalog, kind, name);
  if (output.parsed_format() == report::Format::json)
    write_output(output.file, found.json + "\n");
  else
    write_output(output.file, report::draw(found.table, output.style()));
  for (const std::string& note : found.notes) complain("note: " + note);
  return answered;
}

int check(const std::vector<std::string>& folders) {
  int status = answered;
  for (const std::string& folder : folders)
    for (const std::string& problem : check_catalog(folder)) {
      complain(problem);
      status = failed;
    }
  if (status != answered) return status;
  Catalog catalog = Catalog::builtin();
  for (const std::string& folder : folders) catalog = catalog.with_overlay(folder);
  std::string out;
  for (const std::string_view kind : kinds) {
    const std::vector<std::string> ids = catalog.ids(kind);
    for (const std::string& id : ids) static_cast<void>(catalog.entry_json(kind, id));
    out += fmt::format("{:<10} {:>5} entries\n", kind, ids.size());
  }
  write_output({}, out + "no errors\n");
  return answered;
}

int add(const std::string& path, std::string id, const OutputOptions& output) {
  const ModelRecord record = catalog_record(open_catalog(output), read_model_file(path), std::move(id));
  write_output(output.file, report::model_catalog_file(entry_json(record)));
  return answered;
}

}  // namespace

int run_catalog(const Arguments& arguments) {
  CommandLine app(
      "What is known. list [KIND]: ids with their main figures; show NAME: everything about an entry; check "
      "[DIR]: the built-in catalogs with DIR laid over; add FILE: a catalog entry for a model; ids KIND: bare ids.",
      "canrun catalog");
  app.footer(
      "Examples:\n  canrun catalog list devices\n  canrun catalog show rtx3090\n"
      "  canrun catalog check ./my-catalog\n"
      "  canrun catalog add ./model/config.json -o my-catalog/models.json\n");
  OutputOptions output;
  std::string action, operand, kind, id;
  app.operand("ACTION", action, "list, show, check, add or ids", true);
  app.operand("OPERAND", operand, "what it is about", false);
  app.text("--kind", kind, "show: models, devices, quants, runtimes, workloads, ram or cpus", {"Options", "KIND"});
  app.text("--id", id, "add: the entry's id", {"Options", "ID"});
  add_output_options(app, output);
  if (const auto status = app.parse(arguments)) return *status;
  const auto needs_operand = [&](std::string_view what) {
    if (operand.empty()) throw Error(ErrorCode::bad_value, fmt::format("canrun catalog {} takes {}", action, what));
  };
  if (action == "check") {
    std::vector<std::string> folders = output.catalogs;
    if (!operand.empty()) folders.push_back(operand);
    return check(folders);
  }
  if (action == "add") {
    needs_operand("the path of a model file: a config.json, a .gguf, a .safetensors or a folder");
    return add(operand, id, output);
  }
  const Catalog catalog = open_catalog(output);
  if (action == "list") return list(catalog, operand, output);
  if (action == "show") {
    needs_operand("the name of an entry");
    return show(catalog, operand, kind, output);
  }
  if (action == "ids") {
    needs_operand("one of models, devices, quants, runtimes, workloads, ram, cpus");
    std::string out;
    for (const std::string& each : catalog.ids(operand)) out += each + "\n";
    write_output(output.file, out);
    return answered;
  }
  throw Error(ErrorCode::bad_value,
              fmt::format("catalog takes list, show, check, add or ids, found \"{}\"", report::clean(action, 60)));
}

}  // namespace canrun::cli

#include "catalog/blob.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "catalog/wire.hpp"

namespace canrun::catalog {
namespace {

constexpr std::string_view kMagic = "canrun catalog 1";
constexpr std::array<std::string_view, kKinds> kKindNames{"models",    "quants", "devices", "runtimes",
                                                          "workloads", "ram",    "cpus",    "links"};

// Layout, in 32-bit little-endian words unless said otherwise:
//   magic (16 bytes), document count, document table offset, then per kind
//   record count, record table offset, name count, name table offset.
//   record table: offset, size. Name table, sorted by key: key offset, key size, entry, offset of `others` (0 = none).
//   document table: name offset, name size, text offset, text size.
constexpr std::size_t kHeaderWords = 2 + 4 * kKinds;
constexpr std::size_t kRecordRow = 8;
constexpr std::size_t kNameRow = 16;
constexpr std::size_t kDocumentRow = 16;

void append_word(std::string& out, std::size_t value) {
  if (value > std::numeric_limits<std::uint32_t>::max()) throw std::runtime_error("the catalog is larger than 4 GiB");
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xff);
}

std::string packed_list(const std::vector<std::string>& values) {
  Writer writer;
  writer.count(values.size());
  for (const std::string& value : values) writer.text(value);
  return writer.bytes();
}

}  // namespace

std::string_view to_string(Kind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<Kind> kind_named(std::string_view name) {
  const auto it = std::find(kKindNames.begin(), kKindNames.end(), name);
  if (it == kKindNames.end()) return std::nullopt;
  return static_cast<Kind>(it - kKindNames.begin());
}

std::string kind_list() {
  std::string list;
  for (const std::string_view name : kKindNames) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

std::string write_blob(const std::vector<SectionSource>& sections, const std::vector<DocumentSource>& documents) {
  std::string header(kMagic);
  std::string heap;
  const std::size_t base = kMagic.size() + 4 * kHeaderWords;
  const auto store = [&](std::string_view bytes) {
    const std::size_t offset = base + heap.size();
    heap += bytes;
    return offset;
  };
  std::string table;
  for (const DocumentSource& document : documents) {
    append_word(table, store(document.name));
    append_word(table, document.name.size());
    append_word(table, store(document.text));
    append_word(table, document.text.size());
  }
  append_word(header, documents.size());
  append_word(header, store(table));
  for (const SectionSource& section : sections) {
    std::string records;
    for (const std::string& record : section.records) {
      append_word(records, store(record));
      append_word(records, record.size());
    }
    std::vector<SectionSource::Name> names = section.names;
    std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    std::string index;
    for (const SectionSource::Name& name : names) {
      append_word(index, store(name.key));
      append_word(index, name.key.size());
      append_word(index, name.entry);
      append_word(index, name.others.empty() ? 0 : store(packed_list(name.others)));
    }
    append_word(header, section.records.size());
    append_word(header, store(records));
    append_word(header, names.size());
    append_word(header, store(index));
  }
  return header + heap;
}

Blob::Blob(std::string_view bytes) : bytes_(bytes) {
  if (bytes.size() < kMagic.size() + 4 * kHeaderWords || bytes.substr(0, kMagic.size()) != kMagic) {
    throw std::runtime_error("the packed catalog is damaged or of another version");
  }
}

std::uint32_t Blob::word(std::size_t offset) const {
  if (offset + 4 > bytes_.size()) throw std::runtime_error("the packed catalog is damaged: it ends early");
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = (value << 8) | static_cast<unsigned char>(bytes_[offset + i]);
  return value;
}

std::string_view Blob::slice(std::size_t table_offset) const {
  const std::size_t offset = word(table_offset);
  const std::size_t size = word(table_offset + 4);
  if (offset > bytes_.size() || size > bytes_.size() - offset) {
    throw std::runtime_error("the packed catalog is damaged: an entry lies outside");
  }
  return bytes_.substr(offset, size);
}

std::size_t Blob::section(Kind kind) const {
  return kMagic.size() + 8 + 16 * static_cast<std::size_t>(kind);
}

std::uint32_t Blob::size(Kind kind) const {
  return word(section(kind));
}

std::string_view Blob::record(Kind kind, std::uint32_t index) const {
  if (index >= size(kind)) throw std::out_of_range("no such catalog entry");
  return slice(word(section(kind) + 4) + kRecordRow * index);
}

std::string_view Blob::id(Kind kind, std::uint32_t index) const {
  return Reader(record(kind, index)).text();
}

std::uint32_t Blob::name_count(Kind kind) const {
  return word(section(kind) + 8);
}

std::string_view Blob::name(Kind kind, std::uint32_t index) const {
  return slice(word(section(kind) + 12) + kNameRow * index);
}

std::uint32_t Blob::name_entry(Kind kind, std::uint32_t index) const {
  return word(word(section(kind) + 12) + kNameRow * index + 8);
}

std::optional<NameHit> Blob::find(Kind kind, std::string_view key) const {
  std::uint32_t low = 0;
  std::uint32_t high = name_count(kind);
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (name(kind, middle) < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low >= name_count(kind) || name(kind, low) != key) return std::nullopt;
  NameHit hit{name_entry(kind, low), {}};
  const std::uint32_t others = word(word(section(kind) + 12) + kNameRow * low + 12);
  if (others != 0) {
    Reader reader(bytes_.substr(others));
    hit.others.resize(reader.count());
    for (std::string& other : hit.others) other = reader.text();
  }
  return hit;
}

std::optional<std::string_view> Blob::document(std::string_view name) const {
  const std::size_t count = word(kMagic.size());
  const std::size_t table = word(kMagic.size() + 4);
  for (std::size_t i = 0; i < count; ++i) {
    if (slice(table + kDocumentRow * i) == name) return slice(table + kDocumentRow * i + 8);
  }
  return std::nullopt;
}

}  // namespace canrun::catalog

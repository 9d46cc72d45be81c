#include "catalog/layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "canrun/error.hpp"
#include "catalog/name_forms.hpp"
#include "catalog/nearest.hpp"

namespace canrun::catalog {

void Layers::add(std::string_view bytes, std::shared_ptr<const std::string> owner, std::string origin) {
  layers_.push_back(std::make_shared<const Layer>(Layer{std::move(owner), std::move(origin), Blob(bytes)}));
}

std::optional<Found> Layers::find_id(Kind kind, std::string_view id) const {
  const std::string key = key_of(kind, id);
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const Blob& blob = (*layer)->blob;
    if (const auto hit = blob.find(kind, key); hit && blob.id(kind, hit->entry) == id) {
      return Found{&blob, kind, hit->entry, {}, (*layer)->origin, {}};
    }
  }
  return std::nullopt;
}

std::optional<Found> Layers::find(Kind kind, std::string_view key) const {
  std::optional<Found> found;
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const Blob& blob = (*layer)->blob;
    auto hit = blob.find(kind, key);
    if (!hit) continue;
    const std::string_view id = blob.id(kind, hit->entry);
    if (found) {
      if (id != found->id()) found->hides = id;
      break;
    }
    found = find_id(kind, id);
    if (!found) found = Found{&blob, kind, hit->entry, {}, (*layer)->origin, {}};
    found->others = std::move(hit->others);
  }
  return found;
}

std::vector<Found> Layers::all(Kind kind) const {
  std::vector<Found> out;
  if (layers_.size() == 1) {
    const Blob& blob = layers_.front()->blob;
    out.reserve(blob.size(kind));
    for (std::uint32_t i = 0; i < blob.size(kind); ++i) out.push_back({&blob, kind, i, {}, {}, {}});
    return out;
  }
  std::unordered_map<std::string_view, std::size_t> place;
  for (const auto& layer : layers_) {
    for (std::uint32_t i = 0; i < layer->blob.size(kind); ++i) {
      Found found{&layer->blob, kind, i, {}, layer->origin, {}};
      const auto [it, fresh] = place.try_emplace(found.id(), out.size());
      if (fresh) {
        out.push_back(std::move(found));
      } else {
        out[it->second] = std::move(found);
      }
    }
  }
  return out;
}

std::optional<std::string_view> Layers::document(std::string_view name) const {
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    if (auto text = (*layer)->blob.document(name)) return text;
  }
  return std::nullopt;
}

std::vector<std::string_view> Layers::documents(std::string_view name) const {
  std::vector<std::string_view> texts;
  for (const auto& layer : layers_)
    if (const auto text = layer->blob.document(name)) texts.push_back(*text);
  return texts;
}

std::vector<std::string> Layers::nearest(Kind kind, std::string_view typed, std::size_t count) const {
  const std::string key = key_of(kind, typed);
  std::map<std::string, double> best;
  for (const auto& layer : layers_) {
    const Blob& blob = layer->blob;
    for (std::uint32_t i = 0; i < blob.name_count(kind); ++i) {
      const double distance = name_distance(key, blob.name(kind, i));
      const std::string id(blob.id(kind, blob.name_entry(kind, i)));
      const auto [it, fresh] = best.try_emplace(id, distance);
      if (!fresh) it->second = std::min(it->second, distance);
    }
  }
  std::vector<std::pair<double, std::string>> ranked;
  for (const auto& [id, distance] : best) ranked.emplace_back(distance, id);
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> ids;
  for (const auto& [distance, id] : ranked) {
    if (ids.size() == count || distance > kFarthestSuggestion) break;
    ids.push_back(id);
  }
  return ids;
}

std::vector<std::string> notes_on(std::string_view typed, const Found& found) {
  std::vector<std::string> notes;
  if (!found.others.empty()) {
    std::string list;
    for (std::size_t i = 0; i < found.others.size(); ++i) {
      list += (i == 0 ? "" : i + 1 == found.others.size() ? " or " : ", ") + found.others[i];
    }
    notes.push_back(fmt::format("\"{}\" may also mean {}: taking {}", printable(typed), list, found.id()));
  }
  if (!found.origin.empty()) {
    std::string note = fmt::format("{} is taken from {}", found.id(), found.origin);
    if (!found.hides.empty()) note += fmt::format(", which hides {}", found.hides);
    notes.push_back(std::move(note));
  }
  return notes;
}

void unknown_name(const Layers& layers, Kind kind, std::string_view what, std::string_view typed) {
  const std::vector<std::string> ids = layers.nearest(kind, typed, 3);
  std::string message = fmt::format("unknown {} \"{}\"", what, printable(typed));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    message += (i == 0 ? ": did you mean " : i + 1 == ids.size() ? " or " : ", ") + ids[i];
  }
  message += ids.empty() ? fmt::format("; `canrun catalog list {}` shows what is known", to_string(kind)) : "?";
  throw Error(ErrorCode::unknown_name, message);
}

}  // namespace canrun::catalog

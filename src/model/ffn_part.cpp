#include "model/ffn_part.hpp"

namespace canrun {
namespace {

bool takes(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::uint8_t ffn_part_of(std::string_view name) {
  if (!takes(name, "ffn_")) return 0;
  std::uint8_t part = 0;
  if (takes(name, "gate_up") || takes(name, "gate"))
    part = ffn::gate;
  else if (takes(name, "up"))
    part = ffn::up;
  else if (takes(name, "down"))
    part = ffn::down;
  else
    return 0;
  const bool routed = name.starts_with("_exps") || name.starts_with("_chexps");
  return routed ? static_cast<std::uint8_t>(part / ffn::up) : part;
}

std::uint8_t ffn_part_of_tensor(std::string_view name) {
  if (!name.starts_with("blk.")) return 0;
  const std::size_t dot = name.find('.', 4);
  return dot == std::string_view::npos ? std::uint8_t{0} : ffn_part_of(name.substr(dot + 1));
}

}  // namespace canrun

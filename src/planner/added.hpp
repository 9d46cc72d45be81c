#pragma once
/// What a request loads beside the model: a multimodal projector, adapters, a draft model, the state and cache that
/// drafting with the model's own MTP blocks needs.

#include <cstdint>
#include <string>
#include <vector>

#include "canrun/estimate.hpp"
#include "planner/question.hpp"
#include "planner/setup.hpp"

namespace canrun {

/// One named part. Bytes on each device in order, then on the host.
struct AddedPart {
  std::string id, label, formula, source;
  std::vector<AddedLoad> devices;
  AddedLoad host;
};

/// Parts that the request names; empty for most requests. `target` is the model's own.
/// Under llama.cpp: a projector and its warm-up buffers lie on the first device (tools/mtmd/clip.cpp), adapters where
/// the layers lie (src/llama-adapter.cpp; here in equal parts), a draft model on all devices with a context as long as
/// the model's and f16 caches (common/speculative.cpp), MTP drafting shares the weights, keeps a cache of its own and
/// as many more recurrent states as it drafts tokens. Pooled runtimes hold a vision tower among the weights and MTP
/// blocks' caches among the pages: neither is a part here; a draft model's cache is, and takes pages. Throws what
/// reading the files or finding the draft model throws; Error(bad_value) where a file is of another kind.
std::vector<AddedPart> added_parts(const Catalog& catalog, const Request& request, const Question& question,
                                   const Calibration& calibration, const Setup& setup, const Target& target);

/// The parts' sums, put where `memory_of` finds them.
void load_added(Target& target, const std::vector<AddedPart>& parts);

/// `memory_lines` of the parts at a context.
std::vector<MemoryLine> added_lines(const std::vector<AddedPart>& parts, const Machine& machine, std::uint32_t context);

}  // namespace canrun

#pragma once
/// What a name of each kind may leave out: vendors, series words, release suffixes.

#include <string>
#include <string_view>
#include <vector>

#include "catalog/blob.hpp"

namespace canrun::catalog {

/// The words of a name of this kind, synonyms unified (`mobile` is `laptop`, `cores` is `c`) and words that distinguish
/// nothing left out (`NVIDIA GeForce`, `(R)`, `Graphics`).
std::vector<std::string> words_of(Kind kind, std::string_view name);

/// The look-up key of a name of this kind.
std::string key_of(Kind kind, std::string_view name);

/// Shorter keys by which the same thing is also known: `3090` and `rtx3090` of `RTX 3090 24GB`, `llama3.1-8b` of
/// `Meta-Llama-3.1-8B-Instruct`. Two entries may share one; the packer then remembers both. With `keep_size` a memory
/// size is never left out.
std::vector<std::string> derived_keys(Kind kind, std::string_view name, bool keep_size = false);

}  // namespace canrun::catalog

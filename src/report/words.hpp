#pragma once
/// The sentences and names of a report, shared by all formats that people read. All return plain text, names made
/// harmless.

#include <string>
#include <string_view>
#include <vector>

#include "canrun/estimate.hpp"
#include "report/style.hpp"

namespace canrun::report {

/// Contract words: fits, tight, offload, no.
std::string_view word(Verdict verdict);
std::string_view word(Mode mode);
/// Contract words of `speed.bottleneck`: none, device_bandwidth, host_bandwidth, link, compute, latency.
std::string_view word(Bottleneck bottleneck);
std::string_view word(SplitMode split);
/// YES, YES (tight), YES (offload), NO.
std::string_view answer_word(Verdict verdict);
/// `S94`, `F0`.
std::string grade(const Grade& grade);
/// `fits S94`, `no F0`.
std::string fit(Verdict verdict, const Grade& grade);

/// What was understood: model, quant, devices with their ids.
std::vector<std::string> question_parts(const Estimate& estimate);
std::string question(const Estimate& estimate);
/// The rest of it: runtime and backend, workload in tokens, users, mode.
std::vector<std::string> setting_parts(const Estimate& estimate);
std::string setting(const Estimate& estimate);
/// The devices with ids and counts: `2 × RTX 4090 (rtx-4090)`, `host memory alone`.
std::string devices(const Estimate& estimate);
/// The sentence with the two numbers that decide.
std::string answer(const Estimate& estimate, const Style& style);
/// What the reader asks next: the pace when it runs, what would make it run when it does not.
std::string follow_up(const Estimate& estimate, const Style& style);
/// The contexts that fit with and without headroom, and the model's own maximum.
std::string context_line(const Estimate& estimate);
/// What a runtime with a pool of cache pages leaves for the cache. Only where the estimate has a pool.
std::string pool_line(const Estimate& estimate, const Style& style);
/// Capacity, bandwidth, stack and bottleneck in one line.
std::string setup(const Estimate& estimate, const Style& style);
/// How sure the speeds are.
std::string certainty(const Estimate& estimate);
/// Model size, layers, context and capabilities.
std::string model_facts(const Estimate& estimate);

}  // namespace canrun::report

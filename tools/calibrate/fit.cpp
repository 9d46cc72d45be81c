#include "fit.hpp"

#include <ceres/ceres.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <tuple>

#include "speed/node_keys.hpp"

namespace calibrate {

using namespace canrun;

namespace {

/// Spread of a measurement around its law and what it shares with others of its model on its device. With that share
/// (nodes.cpp) single measurements spread by 8 %: users of one card differ by 5-12 %.
constexpr double noise = 0.055;
/// Residuals beyond so many spreads count less and less (Cauchy).
constexpr double outlier = 3.0;

constexpr const char* centre_key = "centre";

/// One block of variables per node.
struct Block {
  std::vector<Parameter> parameters;
  std::vector<double> values;
};
using Blocks = std::map<std::string, Block>;

/// Keys of a row's processors, and of its classes, each asked for once.
class Keys {
public:
  explicit Keys(const Row& row) : row_(row) {}

  const std::vector<std::string>& processor(bool on_host) {
    auto& keys = processor_[on_host ? 1 : 0];
    if (!keys) keys = keys_of(row_.question, on_host);
    return *keys;
  }
  const std::vector<std::string>& of_class(std::uint8_t type_class, bool on_host) {
    auto& keys = classes_[{type_class, on_host}];
    if (keys.empty())
      keys = class_keys(static_cast<TypeClass>(type_class), row_.question.measurement->runtime,
                        on_host ? "cpu" : std::string_view(row_.question.backend));
    return keys;
  }

private:
  const Row& row_;
  std::optional<std::vector<std::string>> processor_[2];
  std::map<std::pair<std::uint8_t, bool>, std::vector<std::string>> classes_;
};

/// Calls `visit(key)` for every group that has an offset in the factor.
template <class Visit>
void for_each_node(Keys& keys, const Factor& factor, bool on_host, Visit visit) {
  for (const std::string& key : keys.processor(on_host))
    if (node_deviation(key, factor.parameter) > 0) visit(key);
  if (factor.type_class == Factor::no_class) return;
  for (const std::string& key : keys.of_class(factor.type_class, on_host))
    if (node_deviation(key, factor.parameter) > 0) visit(key);
}

std::size_t position(Block& block, Parameter parameter) {
  const auto found = std::ranges::find(block.parameters, parameter);
  if (found != block.parameters.end()) return static_cast<std::size_t>(found - block.parameters.begin());
  block.parameters.push_back(parameter);
  block.values.push_back(0);
  return block.parameters.size() - 1;
}

/// Where in the row's blocks a variable lies.
struct Variable {
  int block = 0;
  int index = 0;
};

/// A factor that several terms of a row share.
struct FitFactor {
  Parameter parameter{};
  std::vector<Variable> variables;
};

struct FitTerm {
  double log_seconds = 0;
  std::vector<std::size_t> factors;
};

/// log(sum of terms) - log(measured), in spreads of the noise.
class RowCost final : public ceres::CostFunction {
public:
  RowCost(std::vector<FitTerm> terms, std::vector<FitFactor> factors, const std::vector<int>& sizes, double log_seconds)
      : terms_(std::move(terms)), factors_(std::move(factors)), log_seconds_(log_seconds) {
    set_num_residuals(1);
    *mutable_parameter_block_sizes() = {sizes.begin(), sizes.end()};
  }

  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override {
    const std::size_t blocks = parameter_block_sizes().size();
    std::vector<double> values(factors_.size()), seconds(terms_.size());
    for (std::size_t f = 0; f < factors_.size(); ++f) values[f] = value(factors_[f], parameters);
    std::vector<double> bent(values);
    for (std::size_t f = 0; f < factors_.size(); ++f)
      if (is_bound_by_bandwidth(factors_[f].parameter)) bent[f] = above_bandwidth(values[f]);
    double total = 0;
    for (std::size_t t = 0; t < terms_.size(); ++t) {
      double logarithm = terms_[t].log_seconds;
      for (const std::size_t f : terms_[t].factors) logarithm += bent[f];
      seconds[t] = std::exp(logarithm);
      total += seconds[t];
    }
    residuals[0] = (std::log(total) - log_seconds_) / noise;
    if (jacobians == nullptr) return true;
    for (std::size_t b = 0; b < blocks; ++b)
      if (jacobians[b] != nullptr) std::fill_n(jacobians[b], parameter_block_sizes()[b], 0.0);
    std::vector<double> slopes(factors_.size(), 0.0);
    for (std::size_t t = 0; t < terms_.size(); ++t)
      for (const std::size_t f : terms_[t].factors) slopes[f] += seconds[t] / total / noise;
    for (std::size_t f = 0; f < factors_.size(); ++f) {
      if (is_bound_by_bandwidth(factors_[f].parameter)) slopes[f] *= slope_above_bandwidth(values[f]);
      for (const Variable& v : factors_[f].variables)
        if (jacobians[v.block] != nullptr) jacobians[v.block][v.index] += slopes[f];
    }
    return true;
  }

private:
  static double value(const FitFactor& factor, double const* const* parameters) {
    double sum = 0;
    for (const Variable& v : factor.variables) sum += parameters[v.block][v.index];
    return sum;
  }

  std::vector<FitTerm> terms_;
  std::vector<FitFactor> factors_;
  double log_seconds_;
};

/// Draws a block to its prior.
class PriorCost final : public ceres::CostFunction {
public:
  explicit PriorCost(std::vector<Prior> priors) : priors_(std::move(priors)) {
    set_num_residuals(static_cast<int>(priors_.size()));
    mutable_parameter_block_sizes()->push_back(static_cast<int>(priors_.size()));
  }
  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override {
    const std::size_t n = priors_.size();
    for (std::size_t i = 0; i < n; ++i) residuals[i] = (parameters[0][i] - priors_[i].mean) / priors_[i].deviation;
    if (jacobians == nullptr || jacobians[0] == nullptr) return true;
    std::fill_n(jacobians[0], n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) jacobians[0][i * n + i] = 1 / priors_[i].deviation;
    return true;
  }

private:
  std::vector<Prior> priors_;
};

void gather(Blocks& blocks, const Row& row) {
  Keys keys(row);
  for (const Term& term : row.terms)
    for (const Factor& factor : term.factors) {
      position(blocks[centre_key], factor.parameter);
      for_each_node(keys, factor, term.on_host,
                    [&](const std::string& key) { position(blocks[key], factor.parameter); });
    }
}

void start(Blocks& blocks) {
  Block& centre = blocks.at(centre_key);
  for (std::size_t i = 0; i < centre.parameters.size(); ++i) centre.values[i] = centre_prior(centre.parameters[i]).mean;
}

void add_priors(ceres::Problem& problem, Blocks& blocks) {
  for (auto& [key, block] : blocks) {
    std::vector<Prior> priors;
    for (const Parameter parameter : block.parameters)
      priors.push_back(key == centre_key ? centre_prior(parameter) : Prior{0, node_deviation(key, parameter)});
    problem.AddResidualBlock(new PriorCost(std::move(priors)), nullptr, block.values.data());
  }
}

void add_row(ceres::Problem& problem, Blocks& blocks, const Row& row) {
  Keys keys(row);
  std::vector<double*> pointers;
  std::vector<int> sizes;
  std::map<std::string, int> places;
  const auto variable = [&](const std::string& key, Parameter parameter) {
    Block& block = blocks.at(key);
    const auto [place, fresh] = places.try_emplace(key, static_cast<int>(pointers.size()));
    if (fresh) {
      pointers.push_back(block.values.data());
      sizes.push_back(static_cast<int>(block.values.size()));
    }
    return Variable{place->second, static_cast<int>(position(block, parameter))};
  };
  std::vector<FitTerm> terms;
  std::vector<FitFactor> factors;
  std::map<std::tuple<Parameter, std::uint8_t, bool>, std::size_t> known;
  for (const Term& term : row.terms) {
    FitTerm& fitted = terms.emplace_back(FitTerm{std::log(term.seconds), {}});
    for (const Factor& factor : term.factors) {
      const auto [place, fresh] =
          known.try_emplace({factor.parameter, factor.type_class, term.on_host}, factors.size());
      fitted.factors.push_back(place->second);
      if (!fresh) continue;
      FitFactor& out = factors.emplace_back(FitFactor{factor.parameter, {}});
      out.variables.push_back(variable(centre_key, factor.parameter));
      for_each_node(keys, factor, term.on_host,
                    [&](const std::string& key) { out.variables.push_back(variable(key, factor.parameter)); });
    }
  }
  problem.AddResidualBlock(new RowCost(std::move(terms), std::move(factors), sizes, row.log_seconds),
                           new ceres::CauchyLoss(outlier), pointers);
}

}  // namespace

Model fit(std::span<const Row* const> rows) {
  Blocks blocks;
  for (const Row* row : rows) gather(blocks, *row);
  start(blocks);
  ceres::Problem problem;
  add_priors(problem, blocks);
  for (const Row* row : rows) add_row(problem, blocks, *row);

  ceres::Solver::Options options;
  options.linear_solver_type = ceres::SPARSE_NORMAL_CHOLESKY;
  options.max_num_iterations = 150;
  options.dogleg_type = ceres::SUBSPACE_DOGLEG;  // follows the laws' curved valleys where plain steps stall
  options.function_tolerance = 3e-5;
  options.parameter_tolerance = 1e-8;
  options.num_threads = 1;
  options.logging_type = ceres::SILENT;
  // Either strategy may stall in a valley that the other one leaves, and says then that it has converged.
  constexpr int most_solves = 5;
  constexpr double settled = 1e-3;
  for (int solve = 0; solve < most_solves; ++solve) {
    options.trust_region_strategy_type = solve % 2 == 0 ? ceres::DOGLEG : ceres::LEVENBERG_MARQUARDT;
    ceres::Solver::Summary summary;
    ceres::Solve(options, &problem, &summary);
    if (solve > 0 && summary.initial_cost - summary.final_cost < settled * summary.initial_cost) break;
  }

  Model model;
  for (const auto& [key, block] : blocks)
    for (std::size_t i = 0; i < block.parameters.size(); ++i)
      (key == centre_key ? model.centre : model.nodes[key])[block.parameters[i]] = block.values[i];
  return model;
}

Prediction predict(const Model& model, const Row& row) {
  Keys keys(row);
  double total = 0, prefill = 0;
  for (const Term& term : row.terms) {
    double logarithm = std::log(term.seconds);
    for (const Factor& factor : term.factors) {
      const auto centre = model.centre.find(factor.parameter);
      double sum = centre != model.centre.end() ? centre->second : centre_prior(factor.parameter).mean;
      for_each_node(keys, factor, term.on_host, [&](const std::string& key) {
        if (is_nuisance(key)) return;
        const auto node = model.nodes.find(key);
        if (node == model.nodes.end()) return;
        if (const auto offset = node->second.find(factor.parameter); offset != node->second.end())
          sum += offset->second;
      });
      logarithm += is_bound_by_bandwidth(factor.parameter) ? above_bandwidth(sum) : sum;
    }
    const double seconds = std::exp(logarithm);
    total += seconds;
    if (term.prefill) prefill += seconds;
  }
  return {std::log(total), prefill / total};
}

}  // namespace calibrate

#include "support/catch.hpp"

#include "canrun/error.hpp"
#include "model/tensor_list.hpp"

TEST_CASE("a tensor's role and block follow from its canonical name") {
  using canrun::Role;
  CHECK(canrun::role_of("token_embd.weight") == Role::token_embedding);
  CHECK(canrun::role_of("output.weight") == Role::output);
  CHECK(canrun::role_of("output_norm.weight") == Role::norm);
  CHECK(canrun::role_of("blk.3.attn_q.weight") == Role::attention);
  CHECK(canrun::role_of("blk.3.attn_q_norm.weight") == Role::norm);
  CHECK(canrun::role_of("blk.12.ffn_down_exps.weight") == Role::expert);
  CHECK(canrun::role_of("blk.12.ffn_down_shexp.weight") == Role::shared_expert);
  CHECK(canrun::role_of("blk.12.ffn_gate_inp.weight") == Role::router);
  CHECK(canrun::role_of("blk.12.ffn_down.weight") == Role::ffn);
  CHECK(canrun::role_of("blk.1.ssm_conv1d.weight") == Role::mixer);
  CHECK(canrun::role_of("something.new") == Role::other);
  CHECK(canrun::layer_of("blk.12.ffn_down.weight") == 12);
  CHECK(canrun::layer_of("output.weight") == -1);
  CHECK(canrun::layer_of("blk.x.attn") == -1);
  CHECK(canrun::layer_of("blk.99999999999999.attn") == -1);
  CHECK(canrun::layer_of("blk.7") == -1);
}

TEST_CASE("the quantiser visits tensors outside the blocks first, then block by block and name by name") {
  canrun::TensorList list;
  list.add(10, "attn_q.weight", {4, 4});
  list.add(2, "ffn_up.weight", {4, 4});
  list.add(2, "attn_v.weight", {4, 4});
  list.add("token_embd.weight", {4, 4});
  list.add("output.weight", {4, 4});
  const auto tensors = list.take();
  REQUIRE(tensors.size() == 5);
  CHECK(tensors[0].name == "output.weight");
  CHECK(tensors[1].name == "token_embd.weight");
  CHECK(tensors[2].name == "blk.2.attn_v.weight");
  CHECK(tensors[3].name == "blk.2.ffn_up.weight");
  CHECK(tensors[4].name == "blk.10.attn_q.weight");
}

TEST_CASE("vectors, norms, routers and convolutions stay 32-bit in a 16-bit file") {
  CHECK(canrun::source_type("blk.0.attn_q.weight", 2).block_bytes == 2);
  CHECK(canrun::source_type("blk.0.attn_q.bias", 1).block_bytes == 4);
  CHECK(canrun::source_type("blk.0.attn_q_norm.weight", 2).block_bytes == 4);
  CHECK(canrun::source_type("blk.0.ffn_gate_inp.weight", 2).block_bytes == 4);
  CHECK(canrun::source_type("blk.0.ssm_conv1d.weight", 2).block_bytes == 4);
  CHECK(canrun::source_type("blk.0.ssm_a", 2).block_bytes == 4);
}

TEST_CASE("a tensor with an impossible size is refused") {
  canrun::TensorList list;
  CHECK_THROWS_AS(list.add("a.weight", {0}), canrun::Error);
  CHECK_THROWS_AS(list.add("a.weight", {1ULL << 40U, 1ULL << 40U}), canrun::Error);
  CHECK_THROWS_AS(list.add("a.weight", {~0ULL, ~0ULL, ~0ULL}), canrun::Error);
}

TEST_CASE("the list sorts as whole names would") {
  canrun::TensorList list;
  for (const std::uint32_t layer : {11U, 0U, 2U}) {
    list.linear(layer, "ffn_gate", 4, 4);
    list.linear(layer, "ffn_gate_inp", 4, 4);
    list.linear(layer, "attn_q", 4, 4, true);
    list.norm(layer, "attn_q_norm", 4);
    list.add(layer, "ssm_a", {4});
  }
  list.add("output_norm.weight", {4});
  list.add("output.weight", {4, 4});
  list.add("blk.2.output.weight", {4, 4});
  std::vector<canrun::Tensor> taken = list.take();
  std::vector<canrun::Tensor> sorted = taken;
  canrun::sort_as_quantised(sorted);
  REQUIRE(taken.size() == 21);
  for (std::size_t i = 0; i < taken.size(); ++i) CHECK(taken[i].name == sorted[i].name);
}

// SPDX-License-Identifier: BSD-3-Clause
// One visitor of several lambdas, for std::visit: Match{[](A) {…}, [](B) {…}}.
#pragma once

namespace astral {

template <typename... F>
struct Match : F... {
  using F::operator()...;
};
template <typename... F>
Match(F...) -> Match<F...>;  // clang 14 needs this deduction guide

}  // namespace astral

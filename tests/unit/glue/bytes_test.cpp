// SPDX-License-Identifier: BSD-3-Clause
#include "glue/bytes.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace astral {
namespace {

TEST(Slice, APartIsClampedToTheEnd) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  const Slice slice = Slice::copy(as_bytes("abcdef"));
  struct Row {
    std::size_t offset, length;
    std::string_view part;
  };
  for (const Row &row :
       {Row{0, 6, "abcdef"}, Row{2, 3, "cde"}, Row{2, 40, "cdef"}, Row{6, 0, ""}, Row{6, 1, ""},
        Row{7, 0, ""}, Row{most, 1, ""}, Row{1, most, "bcdef"}, Row{most, most, ""}, Row{most - 3, 5, ""}})
    EXPECT_EQ(as_text(slice.part(row.offset, row.length).bytes()), row.part)
        << row.offset << " " << row.length;
  EXPECT_EQ(as_text(slice.from(4).bytes()), "ef");
  EXPECT_TRUE(slice.from(7).empty());
  EXPECT_TRUE(Slice().part(1, 1).empty());
}

}  // namespace
}  // namespace astral

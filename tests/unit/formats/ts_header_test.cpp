// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ts_header.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "formats/pes.hpp"

namespace astral::formats {
namespace {

using Packets = std::vector<std::uint8_t>;
constexpr std::uint16_t pat = 0, pmt = 0x20, video = 0x41;

struct Numbered {
  std::uint16_t pid;
  unsigned counter;
};

Packets packets(const std::vector<Numbered> &list) {
  Packets out;
  for (const auto &[pid, counter] : list) {
    const std::size_t begin = out.size();
    out.insert(out.end(), {0x47, static_cast<std::uint8_t>(pid >> 8), static_cast<std::uint8_t>(pid),
                           static_cast<std::uint8_t>(0x10 | counter)});
    out.resize(begin + ts_packet_size, 0xab);
  }
  return out;
}

TsHeader header(const std::vector<Numbered> &list) {
  return TsHeader(Slice::copy(packets(list)));
}

bool is(const TsHeader &header, const std::vector<Numbered> &list) {
  const Bytes view = header.packets().bytes();
  return Packets(view.begin(), view.end()) == packets(list);
}

TEST(TsHeader, LeadsToTheTablesOfTheNewestGroup) {
  TsHeader tables = header({{pat, 1}, {pmt, 1}});
  tables.begin_group();
  EXPECT_FALSE(tables.see(packets({{video, 3}})));
  EXPECT_TRUE(tables.see(packets({{pat, 9}, {pmt, 0}, {video, 4}})));
  EXPECT_TRUE(is(tables, {{pat, 8}, {pmt, 15}}));
  EXPECT_FALSE(tables.see(packets({{pat, 10}, {pmt, 1}})));  // the same group goes on
  tables.begin_group();
  EXPECT_TRUE(tables.see(packets({{pat, 11}})));
  EXPECT_TRUE(is(tables, {{pat, 10}, {pmt, 15}}));
}

TEST(TsHeader, ATableOfTwoPacketsIsCountedThrough) {
  TsHeader tables = header({{pat, 0}, {pmt, 0}, {pmt, 1}});
  tables.begin_group();
  EXPECT_TRUE(tables.see(packets({{pmt, 7}, {pmt, 8}})));
  EXPECT_TRUE(is(tables, {{pat, 0}, {pmt, 5}, {pmt, 6}}));
}

TEST(TsHeader, WhatIsNoPacketIsLeftAlone) {
  TsHeader empty;
  empty.begin_group();
  EXPECT_FALSE(empty.see(packets({{pat, 9}})));
  TsHeader tables = header({{pat, 1}});
  tables.begin_group();
  EXPECT_FALSE(tables.see(Packets(500, 0)));
  EXPECT_FALSE(tables.see({}));
}

}  // namespace
}  // namespace astral::formats

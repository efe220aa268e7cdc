// SPDX-License-Identifier: BSD-3-Clause
#include "node/gateway.hpp"

#include <gtest/gtest.h>

#include <bit>

namespace astral::node {
namespace {

constexpr char head[] =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

std::string gateway(const std::string &routes) {
  return default_gateway(head + routes).value_or("none");
}

TEST(Gateway, IsThatOfTheDefaultRoute) {
  if (std::endian::native != std::endian::little) GTEST_SKIP() << "the routes below are little-endian";
  EXPECT_EQ(gateway("eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
                    "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"),
            "192.168.1.1");
}

TEST(Gateway, OfTwoDefaultRoutesTheOneWithTheLowerMetricCounts) {
  if (std::endian::native != std::endian::little) GTEST_SKIP() << "the routes below are little-endian";
  const std::string wifi = "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n",
                    cable = "eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
  EXPECT_EQ(gateway(wifi + cable), "10.0.0.1");
  EXPECT_EQ(gateway(cable + wifi), "10.0.0.1");
}

TEST(Gateway, ARouteThatIsDownOrHasNoGatewayOrIsNoDefaultDoesNotCount) {
  EXPECT_EQ(gateway("eth0\t00000000\t0101A8C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n"), "none");
  EXPECT_EQ(gateway("tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"), "none");
  EXPECT_EQ(gateway("eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"), "none");
}

TEST(Gateway, WhatIsNoRouteIsSkipped) {
  EXPECT_EQ(default_gateway(""), std::nullopt);
  EXPECT_EQ(gateway("\n\n \t\n eth0\neth0\t00000000\tWXYZ\t0003\t0\t0\t0\t00000000\n"), "none");
}

TEST(Gateway, PrivateIsWhatNobodyOnTheInternetHas) {
  for (const char *address : {"10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1"})
    EXPECT_TRUE(is_private_ipv4(address)) << address;
  for (const char *address : {"", "192.0.2.1", "172.32.0.1", "172.15.0.1", "100.128.0.1", "192.169.0.1",
                              "203.0.113.9", "fe80::1", "10.0.0", "10.0.0.256"})
    EXPECT_FALSE(is_private_ipv4(address)) << address;
}

}  // namespace
}  // namespace astral::node

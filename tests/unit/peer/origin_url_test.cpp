// SPDX-License-Identifier: BSD-3-Clause
#include "peer/origin_url.hpp"

#include <gtest/gtest.h>

namespace astral::peer {
namespace {

TEST(OriginUrlTest, HasTheUsualPortOfItsScheme) {
  const auto plain = OriginUrl::parse("http://origin.example");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->port, 80);
  EXPECT_FALSE(plain->is_secure);
  const auto secure = OriginUrl::parse("https://origin.example/");
  ASSERT_TRUE(secure);
  EXPECT_EQ(secure->port, 443);
  EXPECT_TRUE(secure->is_secure);
  EXPECT_EQ(secure->path, "");
}

TEST(OriginUrlTest, KeepsAProxysPathWithoutItsLastSlash) {
  const auto found = OriginUrl::parse("https://[2001:db8::1]:4567/astral/");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->host, "2001:db8::1");
  EXPECT_EQ(found->port, 4567);
  EXPECT_EQ(found->path, "/astral");
}

TEST(OriginUrlTest, WithoutAHostIsNone) {
  for (const char *url : {"", "/origin", "http://", "file:///origin"})
    EXPECT_FALSE(OriginUrl::parse(url)) << url;
}

}  // namespace
}  // namespace astral::peer

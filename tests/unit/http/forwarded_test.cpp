// SPDX-License-Identifier: BSD-3-Clause
#include "http/forwarded.hpp"

#include <gtest/gtest.h>

namespace astral::http {
namespace {

TrustedProxies proxies(const std::vector<std::string> &addresses) {
  return *TrustedProxies::read(addresses);
}

Call call_from(const std::string &caller, const std::string &addresses) {
  Call call;
  call.caller = caller;
  call.authority = call.host = "127.0.0.1";
  call.is_loopback = call.is_near = caller == "127.0.0.1";
  call.forwarded.addresses = addresses;
  return call;
}

struct Forwarding {
  const char *caller, *addresses, *client;
  bool is_loopback, is_near;
};

TEST(TrustedProxies, TheClientIsTheLastOneThatNoTrustedProxyIs) {
  const TrustedProxies trusted = proxies({"127.0.0.1", "10.1.0.0/16", "2001:db8::1"});
  for (const Forwarding &one : {
           Forwarding{"127.0.0.1", "", "127.0.0.1", true, true},
           Forwarding{"127.0.0.1", "203.0.113.5", "203.0.113.5", false, false},
           Forwarding{"127.0.0.1", "192.168.1.5", "192.168.1.5", false, true},
           Forwarding{"127.0.0.1", "127.0.0.1", "127.0.0.1", true, true},
           Forwarding{"127.0.0.1", "127.0.0.1, 203.0.113.5", "203.0.113.5", false, false},  // forged
           Forwarding{"127.0.0.1", "203.0.113.5, 10.1.2.3", "203.0.113.5", false, false},   // two proxies
           Forwarding{"10.1.2.3", "203.0.113.5:4711", "203.0.113.5", false, false},
           Forwarding{"127.0.0.1", "[2001:db8::5]:4711", "2001:db8::5", false, false},
           Forwarding{"127.0.0.1", "2001:db8::5 , 2001:db8::1", "2001:db8::5", false, false},
       }) {
    Call call = call_from(one.caller, one.addresses);
    trusted.apply(call);
    EXPECT_EQ(call.caller, one.client) << one.addresses;
    EXPECT_EQ(call.is_loopback, one.is_loopback) << one.addresses;
    EXPECT_EQ(call.is_near, one.is_near) << one.addresses;
  }
}

TEST(TrustedProxies, WhatIsNoAddressEndsTheList) {
  Call call = call_from("127.0.0.1", "127.0.0.1, unknown");
  proxies({"127.0.0.1"}).apply(call);
  EXPECT_FALSE(call.is_loopback || call.is_near);
}

TEST(TrustedProxies, WhatAnyOtherProgramForwardsIsNobodys) {
  Call forwarded = call_from("127.0.0.1", "127.0.0.1");
  forwarded.forwarded.host = "evil.example";
  forwarded.forwarded.protocol = "https";
  forwarded.forwarded.prefix = "/live";
  proxies({"10.0.0.1"}).apply(forwarded);
  EXPECT_FALSE(forwarded.is_loopback || forwarded.is_near || forwarded.is_secure);
  EXPECT_EQ(forwarded.base(), "http://127.0.0.1");
  Call own = call_from("127.0.0.1", "");
  proxies({}).apply(own);
  EXPECT_TRUE(own.is_loopback && own.is_near);
}

TEST(TrustedProxies, TheAddressIsTheOneThatTheClientSees) {
  Call call = call_from("127.0.0.1", "203.0.113.5");
  call.forwarded.protocol = "http, https";
  call.forwarded.host = "video.example:8443";
  call.forwarded.prefix = "/live/";
  proxies({"127.0.0.1"}).apply(call);
  EXPECT_EQ(call.base(), "https://video.example:8443/live");
  EXPECT_EQ(call.host, "video.example");
}

TEST(TrustedProxies, APrefixIsAPlainPath) {
  for (const char *bad : {"//evil.example", "live", "/a\"b", "/a b", "https://evil.example", "/", ""}) {
    Call call = call_from("127.0.0.1", "203.0.113.5");
    call.forwarded.prefix = bad;
    proxies({"127.0.0.1"}).apply(call);
    EXPECT_EQ(call.prefix, "") << bad;
  }
}

TEST(TrustedProxies, AreAddressesAndNetworks) {
  for (const char *bad : {"localhost", "10.0.0.0/33", "10.0.0.1/8", ""})
    EXPECT_FALSE(TrustedProxies::read({bad})) << bad;
}

}  // namespace
}  // namespace astral::http

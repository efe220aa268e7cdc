// SPDX-License-Identifier: BSD-3-Clause
// Which requests are allowed, by Host, Origin, address and token; and what the server knows of an address.
#include "http/access.hpp"

#include <gtest/gtest.h>

#include "http/remote_address.hpp"

namespace astral::http {
namespace {

constexpr const char *secret = "0123456789abcdef";

Access node() {
  return Access({.checks_host = true,
                 .hosts = {"Studio", "node.example"},
                 .origins = {"https://node.example", "http://pages.example:81"},
                 .token = secret});
}

Call call_to(const std::string &host, const std::string &port = "") {
  Call call;
  call.host = host;
  call.authority = host + port;
  return call;
}

TEST(Access, TheHostMustBeAnAddressOrAKnownName) {
  for (const char *host :
       {"127.0.0.1", "192.0.2.2", "::1", "fe80::1", "localhost", "LocalHost", "studio", "node.example"}) {
    EXPECT_TRUE(node().may_come(call_to(host))) << host;
  }
  for (const char *host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost.",
                           "", "studio.local", "1.2.3", "0x7f000001", "xnode.example"}) {
    const auto may = node().may_come(call_to(host));
    ASSERT_FALSE(may) << host;
    EXPECT_EQ(may.error().code, Code::refused);
    EXPECT_NE(may.error().detail.find("--allowed-host " + std::string(*host ? host : "NAME")),
              std::string::npos)
        << may.error().detail;
  }
  EXPECT_TRUE(Access({}).may_come(call_to("any.example")));
}

TEST(Access, APrivateStreamIsForTheOwnersOwnPages) {
  Call call = call_to("127.0.0.1", ":8000");
  call.is_near = true;
  EXPECT_FALSE(node().may_watch_private(call));
  call.is_loopback = true;
  EXPECT_TRUE(node().may_watch_private(call));
  call.origin = "http://127.0.0.1:8000";
  EXPECT_TRUE(node().may_watch_private(call));
  call.origin = "http://evil.example";
  EXPECT_FALSE(node().may_watch_private(call));
  call.token = secret;
  EXPECT_TRUE(node().may_watch_private(call));
  EXPECT_FALSE(Access({.is_public = true}).may_watch_private(call_to("node.example")));
}

TEST(Access, OnlyOwnPagesAndAllowedOriginsMayChangeAnything) {
  Call call = call_to("127.0.0.1", ":8000");
  call.is_loopback = true;
  for (const char *origin : {"", "http://127.0.0.1:8000", "HTTP://127.0.0.1:8000", "https://node.example",
                             "http://pages.example:81"}) {
    call.origin = origin;
    EXPECT_TRUE(node().may_change(call, Who::owner)) << origin;
    EXPECT_TRUE(node().may_open(call)) << origin;
  }
  for (const char *origin : {"null", "http://evil.example", "http://127.0.0.1", "https://127.0.0.1:8000",
                             "http://127.0.0.1:80000", "http://node.example", "https://node.example:444"}) {
    call.origin = origin;
    for (const Who who : {Who::owner, Who::anyone}) {
      const auto may = node().may_change(call, who);
      ASSERT_FALSE(may) << origin;
      EXPECT_EQ(
          may.error().detail,
          "header 'Origin': another site's page may not do that, unless allowed_origins in the settings "
          "file has " +
              std::string(origin));
    }
    EXPECT_FALSE(node().may_open(call)) << origin;
    call.token = secret;
    EXPECT_FALSE(node().may_change(call, Who::owner)) << origin;
    call.token = "";
  }
}

TEST(Access, WhoMayShowThePlayerInAFrame) {
  EXPECT_EQ(Access({}).framers(), "'self'");
  EXPECT_EQ(Access({.origins = {"https://node.example", "http://a.example:81"}}).framers(),
            "'self' https://node.example http://a.example:81");
  EXPECT_EQ(Access({.is_public = true}).framers(), "*");
}

TEST(Access, ARemoteCallerNeedsTheToken) {
  Call call = call_to("192.0.2.2");
  EXPECT_TRUE(node().may_change(call, Who::anyone));
  EXPECT_NE(node().may_change(call, Who::owner).error().detail.find("Bearer TOKEN"), std::string::npos);
  for (const std::string token : {"0123456789abcdeF", "0123456789abcde", "0123456789abcdef0", "x", "01234567",
                                  "0123456789abcdef0123456789abcdef"}) {
    call.token = token;
    EXPECT_EQ(node().may_change(call, Who::owner).error().detail,
              "header 'Authorization': that is not this node's token");
    EXPECT_FALSE(node().is_owner(call)) << token;
  }
  call.token = secret;
  EXPECT_TRUE(node().may_change(call, Who::owner));
  EXPECT_TRUE(node().is_owner(call));
}

TEST(Access, WithoutATokenInTheSettingsNoTokenIsRight) {
  Call call = call_to("192.0.2.2");
  EXPECT_FALSE(Access({}).is_owner(call));
  call.token = secret;
  EXPECT_FALSE(Access({}).may_change(call, Who::owner));
  call.is_loopback = true;
  EXPECT_TRUE(Access({}).may_change(call, Who::owner));
}

TEST(Access, APairedDeviceMayDoWhatTheOwnerMayFromThisNodesPagesOnly) {
  Devices devices("astral-n");
  const auto phone = devices.add("phone", {}, {});
  const Access access({.checks_host = true, .origins = {"https://node.example"}, .devices = &devices});
  Call call = call_to("192.0.2.1", ":8000");
  access.recognize(call, {});
  EXPECT_FALSE(call.is_owner || call.may_watch);
  EXPECT_FALSE(access.may_change(call, Who::owner));
  call.cookies = "astral-n=" + phone->secret;
  access.recognize(call, {});
  EXPECT_TRUE(call.is_owner && call.may_watch);
  EXPECT_EQ(call.device, phone->id);
  for (const char *origin : {"", "http://192.0.2.1:8000", "https://node.example"}) {
    call.origin = origin;
    EXPECT_TRUE(access.may_change(call, Who::owner)) << origin;
  }
  for (const char *origin :
       {"null", "http://evil.example", "http://192.0.2.1:8001", "https://192.0.2.1:8000"}) {
    call.origin = origin;
    EXPECT_FALSE(access.may_change(call, Who::owner)) << origin;
    EXPECT_FALSE(access.may_change(call, Who::owner, true)) << origin;  // what pages of all sites may call
  }
  call.origin = "";
  devices.remove(phone->id);
  access.recognize(call, {});
  EXPECT_FALSE(call.is_owner || access.may_change(call, Who::owner));
  EXPECT_EQ(call.device, "");
}

struct Seen {
  const char *address;
  const char *place;
  bool is_loopback, is_near;
};

TEST(RemoteAddress, HasAPlaceAndMayBeLocal) {
  for (const Seen &seen : {
           Seen{"127.0.0.1", "", true, true},
           Seen{"127.9.9.9", "", true, true},
           Seen{"::1", "", true, true},
           Seen{"192.168.1.2", "192.168.1.2", false, true},
           Seen{"10.0.0.1", "10.0.0.1", false, true},
           Seen{"169.254.1.1", "169.254.1.1", false, true},
           Seen{"192.0.2.2", "192.0.2.2", false, false},
           Seen{"8.8.8.8", "8.8.8.8", false, false},
           Seen{"fd00:1:2:3:4::5", "fd00:1:2:3::", false, true},
           Seen{"fe80::1", "fe80::", false, true},
           Seen{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", false, false},
       }) {
    const auto address = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(seen.address, 1));
    const RemoteAddress caller = remote_address_of(address.get());
    EXPECT_EQ(caller.address, seen.address);
    EXPECT_EQ(caller.place, seen.place) << seen.address;
    EXPECT_EQ(caller.is_loopback, seen.is_loopback) << seen.address;
    EXPECT_EQ(caller.is_near, seen.is_near) << seen.address;
  }
  const auto mapped =
      Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("::ffff:127.0.0.1", 1));
  EXPECT_EQ(remote_address_of(mapped.get()).address, "127.0.0.1");
  EXPECT_TRUE(remote_address_of(mapped.get()).is_loopback);
  EXPECT_EQ(remote_address_of(nullptr).address, "");
  EXPECT_FALSE(remote_address_of(nullptr).is_loopback);
}

TEST(RemoteAddress, AMachineKnowsWhatAddressesItHas) {
  EXPECT_TRUE(has_address("127.0.0.1"));
  EXPECT_FALSE(has_address("203.0.113.7"));  // of TEST-NET-3
  EXPECT_TRUE(has_address("")) << "it cannot be found out";
}

// A browser sends a token only if the page knows it, and this machine's address whatever the page is.
TEST(Access, PagesOfAllSitesMayMakeOpenCallsAndTheOwnersOnesWithTheToken) {
  Call call = call_to("127.0.0.1");
  call.origin = "https://elsewhere.example";
  call.is_loopback = true;
  EXPECT_TRUE(node().may_change(call, Who::anyone, true));
  EXPECT_FALSE(node().may_change(call, Who::anyone, false));
  EXPECT_FALSE(node().may_change(call, Who::owner, true));
  call.token = secret;
  EXPECT_TRUE(node().may_change(call, Who::owner, true));
  EXPECT_FALSE(node().may_change(call, Who::owner, false));
  call.token = "wrong";
  EXPECT_FALSE(node().may_change(call, Who::owner, true));
}

TEST(Access, DevicesOfOneIpv6NetworkAreNear) {
  const auto at = [](const char *text) {
    return Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(text, 1));
  };
  const auto is_near = [&](const char *remote, const char *local) {
    return remote_address_of(at(remote).get(), at(local).get()).is_near;
  };
  EXPECT_TRUE(is_near("2001:db8:1:2::9", "2001:db8:1:2:3:4:5:6"));
  EXPECT_FALSE(is_near("2001:db8:1:3::9", "2001:db8:1:2:3:4:5:6"));
  EXPECT_FALSE(is_near("192.0.2.2", "192.0.2.3"));
  EXPECT_TRUE(is_near("192.0.2.2", "192.0.2.2"));
  EXPECT_TRUE(is_near("::ffff:192.0.2.2", "192.0.2.2"));
}

TEST(Access, WhoIsNearOrHasTheTokenMayWatchAndOnAPublicNodeEverybody) {
  const auto from = [](bool is_near, const std::string &token) {
    Call call;
    call.is_near = is_near;
    call.token = token;
    return call;
  };
  EXPECT_TRUE(node().may_watch(from(true, "")));
  EXPECT_TRUE(node().may_watch(from(false, secret)));
  EXPECT_FALSE(node().may_watch(from(false, "")));
  EXPECT_FALSE(node().may_watch(from(false, "wrong")));
  EXPECT_TRUE(Access({.is_public = true}).may_watch(from(false, "")));
  const RemoteAddress near{.address = "192.168.0.2", .is_near = true}, far{.address = "192.0.2.7"};
  EXPECT_TRUE(node().may_watch(near, "", {}));
  EXPECT_TRUE(node().may_watch(far, std::string("token=") + secret, {}));
  EXPECT_FALSE(node().may_watch(far, "", {}));
  EXPECT_TRUE(Access({.is_public = true}).may_watch(far, "", {}));
}

TEST(Access, ThisMachineAndCallersWithTheTokenMayPublish) {
  const RemoteAddress here{.address = "127.0.0.1", .is_loopback = true}, far{.address = "192.0.2.7"};
  EXPECT_TRUE(node().may_publish(here, "", {}));
  EXPECT_TRUE(node().may_publish(far, std::string("token=") + secret, {}));
  EXPECT_TRUE(node().may_publish(far, std::string("a=b&token=%30") + (secret + 1) + "&c", {}));
  for (const char *query : {"", "token", "token=", "tokens=0123456789abcdef", "token=0123456789abcdeg",
                            "token=%", "x=token=0123456789abcdef"}) {
    const auto may = node().may_publish(far, query, {});
    ASSERT_FALSE(may) << query;
    EXPECT_EQ(may.error().code, Code::refused);
  }
  EXPECT_FALSE(Access({}).may_publish(far, "token=", {}));
}

}  // namespace
}  // namespace astral::http

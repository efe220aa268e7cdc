// SPDX-License-Identifier: BSD-3-Clause
// The calls about nodes: reports, removal, and which nodes the origin checks.
#include "calls_fixture.hpp"

namespace astral::origin {
namespace {

TEST_F(OriginCalls, ANodeReportsAndLapses) {
  const Seen created = call("POST", "/nodes",
                            R"({"uuid":"n","port":8000,"supernode":true,"upstream_kbps":1000,"rtt_ms":2.5,)"
                            R"("children":3,"capacity":100})");
  EXPECT_EQ(created.status, 201u);
  EXPECT_EQ(created.location, "/node/n");
  EXPECT_EQ(created.body, R"({"node":{"uuid":"n","ip_address":"192.0.2.9","port":8000,"supernode":true,)"
                          R"("version":"","upstream_kbps":1000,"children":3,"capacity":100,"rtt_ms":2.5},)"
                          R"("reachable":null})");
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":8001,"ip_address":"192.0.2.10"})").status, 200u);
  EXPECT_EQ(
      call("GET", "/nodes").body,
      R"({"nodes":[{"uuid":"n","ip_address":"192.0.2.9","port":8001,"supernode":false,"version":""}]})");
  EXPECT_EQ(call("GET", "/node/n").status, 200u);
  now_ += 100s;
  EXPECT_EQ(call("GET", "/nodes").body, R"({"nodes":[]})");
  EXPECT_EQ(call("GET", "/node/n").status, 404u);
  EXPECT_EQ(call("DELETE", "/node/n").status, 404u);
}

// With it, what the origin lists could replace newer gossip.
TEST_F(OriginCalls, TheStartOfANodeIsDropped) {
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":8000,"updated":1700000000000})").status, 201u);
  EXPECT_THAT(call("GET", "/node/n").body, Not(HasSubstr("updated")));
}

// A node refuses a whole list if one entry breaks a rule.
TEST_F(OriginCalls, RefusesWhatNodesCouldNotRead) {
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":8000,"children":1000001})").status, 400u);
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":8000,"capacity":1000001})").status, 400u);
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a\u0007b","source":"n"})").status, 400u);
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a","source":"n","description":"\u001b[2J"})").status, 400u);
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a","source":"n","media":"\u0001"})").status, 400u);
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a","source":"n"})").status, 201u);
  EXPECT_EQ(call("PUT", "/stream/a", R"({"uuid":"n","description":"\u007f"})").status, 400u);
}

TEST_F(OriginCalls, ListsASampleOfTheNodes) {
  for (int i = 0; i < 300; ++i) {
    call("POST", "/nodes", R"({"supernode":true,"port":8000,"uuid":"n)" + std::to_string(i) + "\"}");
  }
  const auto count = [&](std::map<std::string, std::string> query) {
    const std::string body = call("GET", "/nodes", {}, std::move(query)).body;
    std::size_t found = 0;
    for (auto at = body.find("\"uuid\""); at != std::string::npos; at = body.find("\"uuid\"", at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count({}), 16u);
  EXPECT_EQ(count({{"limit", "3"}}), 3u);
  EXPECT_EQ(count({{"limit", "256"}}), 256u);
  EXPECT_NE(call("GET", "/nodes").body, call("GET", "/nodes").body);
}

TEST_F(OriginCalls, ANodeRemovesItself) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  EXPECT_EQ(call("DELETE", "/node/n").body, R"({"removed":true})");
  EXPECT_EQ(call("DELETE", "/node/n").status, 404u);
  EXPECT_FALSE(kept_.nodes.at("n"));
}

TEST_F(OriginCalls, ADeleteFromAnotherAddressStartsACheck) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  found(registry_, edges_, "n", true);
  asked_.clear();
  caller_ = "198.51.100.1";
  Seen hint = call("DELETE", "/node/n");
  EXPECT_EQ(hint.status, 202u);
  EXPECT_EQ(hint.body, R"({"removed":false,"checking":true})");
  EXPECT_EQ(asked_, std::vector<std::string>{"n 192.0.2.9 8000"});
  may_ask_ = false;
  EXPECT_EQ(call("DELETE", "/node/n").body, R"({"removed":false,"checking":false})");
  found(registry_, edges_, "n", true);  // it answers
  EXPECT_EQ(call("GET", "/node/n").status, 200u);
  found(registry_, edges_, "n", false);  // it does not answer any more
  EXPECT_EQ(call("GET", "/node/n").status, 404u);
  EXPECT_FALSE(kept_.nodes.at("n"));
  found(registry_, edges_, "n", false);
}

TEST_F(OriginCalls, AHintDoesNotRemoveANodeThatWasNeverReachable) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  for (int i = 0; i < 3; ++i) found(registry_, edges_, "n", false);
  EXPECT_EQ(call("GET", "/node/n").status, 200u);
}

TEST_F(OriginCalls, TellsANodeWhetherItIsReachable) {
  const std::string report = R"({"uuid":"n","port":8000})";
  EXPECT_THAT(call("POST", "/nodes", report).body, HasSubstr(R"("reachable":null})"));
  EXPECT_EQ(asked_, std::vector<std::string>{"n 192.0.2.9 8000"});
  found(registry_, edges_, "n", false);
  EXPECT_THAT(call("POST", "/nodes", report).body, HasSubstr(R"("reachable":false})"));
  EXPECT_EQ(asked_.size(), 1u);
  now_ += 60s;  // its owner may have opened a port
  call("POST", "/nodes", report);
  EXPECT_EQ(asked_.size(), 2u);
  found(registry_, edges_, "n", true);
  EXPECT_THAT(call("POST", "/nodes", report).body, HasSubstr(R"("reachable":true})"));
  EXPECT_THAT(call("GET", "/nodes").body, HasSubstr(R"("reachable":true)"));
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(OriginCalls, ChecksOnlyTheAddressThatItSees) {
  for (const char *address :
       {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "224.0.0.1", "198.51.100.7"}) {
    asked_.clear();
    call("POST", "/nodes", std::string(R"({"uuid":"n","port":80,"ip_address":")") + address + "\"}");
    EXPECT_EQ(asked_, std::vector<std::string>{"n 192.0.2.9 80"}) << address;
  }
}

TEST_F(OriginCalls, AMachineOfItsNetworkMayReportAnother) {
  caller_ = "127.0.0.1";
  call("POST", "/nodes", R"({"uuid":"n","port":80,"ip_address":"198.51.100.7"})");
  EXPECT_EQ(asked_, std::vector<std::string>{"n 198.51.100.7 80"});
}

TEST_F(OriginCalls, ASecondNodeOfOneUuidIsRefusedWhileTheFirstAnswers) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  found(registry_, edges_, "n", true);
  asked_.clear();
  caller_ = "198.51.100.1";
  const Seen second = call("POST", "/nodes", R"({"uuid":"n","port":666,"ip_address":"192.0.2.9"})");
  EXPECT_EQ(second.status, 409u);
  EXPECT_THAT(second.body, HasSubstr(R"("code":"conflict")"));
  EXPECT_THAT(call("GET", "/node/n").body, HasSubstr(R"("port":8000)"));
  EXPECT_EQ(asked_, std::vector<std::string>{"n 192.0.2.9 8000"});  // the origin checks the first one
  found(registry_, edges_, "n", false);
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":666})").status, 201u);
}

}  // namespace
}  // namespace astral::origin

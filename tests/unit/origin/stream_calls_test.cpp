// SPDX-License-Identifier: BSD-3-Clause
// The calls about streams: who may create, change and end one, and how long it is live.
#include "calls_fixture.hpp"
#include "protocol/object_codec.hpp"
#include "protocol/slug.hpp"
#include "protocol/statement.hpp"

namespace astral::origin {
namespace {

TEST_F(OriginCalls, AStreamIsCreatedThenUpdatedAndItsNameIsTaken) {
  const Seen created = call("POST", "/streams", R"({"name":"My Talk!","source":"n","streaming":true})");
  EXPECT_EQ(created.status, 201u);
  EXPECT_EQ(created.location, "/stream/my-talk");
  EXPECT_EQ(created.body,
            R"({"stream":{"slug":"my-talk","name":"My Talk!","description":"","source":"n","streaming":true,)"
            R"("media":"","bitrate_kbps":0,"created":1700000000,"updated":0,"state":"live"}})");
  now_ += 5s;
  const Seen updated = call("POST", "/streams", R"({"slug":"my-talk","source":"n","viewers":3})");
  EXPECT_EQ(updated.status, 200u);
  EXPECT_THAT(updated.body, HasSubstr(R"("created":1700000000,"updated":0,"state":"waiting","viewers":3)"));
  const Seen taken = call("POST", "/streams", R"({"name":"my talk","source":"m"})");
  EXPECT_EQ(taken.status, 409u);
  EXPECT_EQ(taken.body, R"({"error":{"code":"conflict","message":"slug my-talk is taken by another node"}})");
}

TEST_F(OriginCalls, AStreamOfASilentNodeIsNotLive) {
  call("POST", "/streams", R"({"name":"a","source":"n","streaming":true})");
  EXPECT_THAT(call("GET", "/streams").body, HasSubstr(R"("streaming":true)"));
  now_ += 99s;
  EXPECT_THAT(call("GET", "/stream/a").body, HasSubstr(R"("streaming":true)"));
  now_ += 1s;
  EXPECT_THAT(call("GET", "/stream/a").body, HasSubstr(R"("streaming":false)"));
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  EXPECT_THAT(call("GET", "/streams").body, HasSubstr(R"("streaming":true)"));
}

TEST_F(OriginCalls, AStreamHasItsStateUntilItStreamsAgain) {
  call("POST", "/streams", R"({"name":"a","source":"n","streaming":false,"ended":true})");
  EXPECT_THAT(call("GET", "/stream/a").body, HasSubstr(R"("state":"ended")"));
  call("POST", "/streams", R"({"name":"a","source":"n","streaming":false,"paused":true})");
  EXPECT_THAT(call("GET", "/stream/a").body, HasSubstr(R"("state":"paused")"));
  call("POST", "/streams", R"({"name":"a","source":"n","streaming":true})");
  EXPECT_THAT(call("GET", "/stream/a").body, HasSubstr(R"("state":"live")"));
  EXPECT_EQ(call("GET", "/stream/a").body.find("paused"), std::string::npos);
}

TEST_F(OriginCalls, OnlyTheOwnerChangesAStream) {
  call("POST", "/streams", R"({"name":"a","source":"n","description":"old","media":"m"})");
  EXPECT_EQ(call("PUT", "/stream/a", R"({"uuid":"m","streaming":true})").status, 403u);
  EXPECT_EQ(call("PUT", "/stream/a", R"({"streaming":true})").status, 400u);
  EXPECT_EQ(call("DELETE", "/stream/a").status, 400u);
  EXPECT_EQ(call("DELETE", "/stream/a", {}, {{"uuid", "m"}}).status, 403u);
  const Seen changed = call("PUT", "/stream/a", R"({"streaming":true,"bitrate_kbps":9})", {{"uuid", "n"}});
  EXPECT_EQ(changed.status, 200u);
  EXPECT_EQ(changed.body, call("GET", "/stream/a").body);
  EXPECT_THAT(changed.body,
              HasSubstr(R"("description":"old","source":"n","streaming":true,"media":"m","bitrate_kbps":9)"));
  EXPECT_EQ(call("DELETE", "/stream/a", R"({"source":"n"})").status, 200u);
  EXPECT_EQ(call("GET", "/stream/a").status, 404u);
  EXPECT_EQ(call("DELETE", "/stream/a", {}, {{"uuid", "n"}}).status, 404u);
}

TEST_F(OriginCalls, AChangeKeepsTheNameTheSlugAndTheSource) {
  call("POST", "/streams", R"({"name":"a","source":"n"})");
  const Seen changed =
      call("PUT", "/stream/a", R"({"uuid":"n","slug":"b","name":"B","source":"m","created":5,"media":"x"})");
  EXPECT_EQ(changed.status, 200u);
  EXPECT_THAT(changed.body, HasSubstr(R"("slug":"a","name":"a","description":"","source":"n")"));
  EXPECT_THAT(changed.body, HasSubstr(R"("media":"x","bitrate_kbps":0,"created":1700000000)"));
  EXPECT_EQ(call("GET", "/stream/b").status, 404u);
}

// Nobody has signed whose key it is, and nodes would believe it.
TEST_F(OriginCalls, TheFingerprintOfAnUnsignedStreamIsDropped) {
  const std::string key = R"("fingerprint":")" + std::string(64, 'a') + "\"";
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a","source":"n",)" + key + "}").status, 201u);
  EXPECT_EQ(call("PUT", "/stream/a", R"({"uuid":"n",)" + key + "}").status, 200u);
  EXPECT_THAT(call("GET", "/stream/a").body, Not(HasSubstr("fingerprint")));
}

TEST_F(OriginCalls, StreamsBelongToAnAddress) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  call("POST", "/streams", R"({"name":"a","source":"n"})");
  caller_ = "198.51.100.1";
  EXPECT_EQ(call("POST", "/streams", R"({"name":"b","source":"n"})").status, 403u);
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a","source":"n"})").status, 403u);
  EXPECT_EQ(call("PUT", "/stream/a", R"({"uuid":"n","streaming":true})").status, 403u);
  EXPECT_EQ(call("DELETE", "/stream/a", {}, {{"uuid", "n"}}).status, 403u);
  EXPECT_THAT(call("GET", "/streams").body, HasSubstr(R"("streaming":false)"));
  caller_ = "192.0.2.9";
  EXPECT_EQ(call("DELETE", "/stream/a", {}, {{"uuid", "n"}}).status, 200u);
}

TEST_F(OriginCalls, TheKeyThatSignsOwnsTheStream) {
  key_ = *Key::generate();
  const std::string n = protocol::uuid_of(key_->fingerprint()),
                    report = R"({"port":8000,"uuid":")" + n + "\"}",
                    stream = R"({"name":"a","source":")" + n + "\"}";
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":8000})").status, 403u);
  EXPECT_EQ(call("POST", "/nodes", report).status, 201u);
  const Seen created = call("POST", "/streams", stream);
  EXPECT_EQ(created.status, 201u);
  EXPECT_THAT(created.body, HasSubstr(R"("owner":")" + key_->fingerprint() + '"'));
  EXPECT_EQ(call("PUT", "/stream/a", R"({"streaming":true})").status, 200u);
  const auto refused = [&] {
    EXPECT_EQ(call("POST", "/nodes", report).status, 403u);
    EXPECT_EQ(call("POST", "/streams", stream).status, 403u);
    EXPECT_EQ(call("POST", "/streams", R"({"name":"b","source":")" + n + "\"}").status, 403u);
    EXPECT_EQ(call("PUT", "/stream/a", R"({"description":"mine","uuid":")" + n + "\"}").status, 403u);
    EXPECT_EQ(call("DELETE", "/stream/a", R"({"uuid":")" + n + "\"}").status, 403u);
    EXPECT_EQ(call("DELETE", "/node/" + n, R"({"uuid":")" + n + "\"}").status, 202u);  // a hint
  };
  const Key owner = *std::exchange(key_, std::nullopt);
  refused();
  key_ = *Key::generate();
  refused();
  key_ = owner;
  EXPECT_EQ(call("DELETE", "/stream/a").status, 200u);
  EXPECT_EQ(call("DELETE", "/node/" + n).status, 200u);
  key_.reset();
  EXPECT_EQ(call("POST", "/streams", stream).status, 403u);
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a","source":"m"})").status, 409u);  // the name is the key's
  EXPECT_EQ(call("POST", "/nodes", report).status, 403u);
}

TEST_F(OriginCalls, WhatAStreamsKeyHasSignedIsKeptWithItsSignature) {
  const Key streams = *Key::generate();
  key_ = *Key::generate();
  const auto ms = static_cast<std::uint64_t>(std::chrono::milliseconds(now_.time_since_epoch()).count());
  protocol::StreamInfo said{.slug = "a",
                            .name = "A",
                            .source = protocol::uuid_of(key_->fingerprint()),
                            .streaming = true,
                            .updated = ms,
                            .expires = ms + 60'000};
  protocol::sign(said, streams);
  const auto text = [&] { return protocol::stream_json(said).text(); };
  const Seen created = call("POST", "/streams", text());
  EXPECT_EQ(created.status, 201u);
  EXPECT_THAT(created.body, HasSubstr(R"("owner":")" + streams.fingerprint() + '"'));
  EXPECT_THAT(created.body, HasSubstr(said.signature));
  // Its signature says that it is live, so it is left out once the node is silent.
  now_ += 100s;
  EXPECT_THAT(call("GET", "/stream/a").body, Not(HasSubstr(said.signature)));
  // What has expired, is from the future or was changed belongs to the key of the call, so it is refused
  // here.
  EXPECT_EQ(call("POST", "/streams", text()).status, 409u);
  said.updated = ms + 500'000;
  said.expires = ms + 900'000;
  protocol::sign(said, streams);
  EXPECT_EQ(call("POST", "/streams", text()).status, 409u);
  said.updated = ms + 100'000;
  protocol::sign(said, streams);
  said.name = "B";
  EXPECT_EQ(call("POST", "/streams", text()).status, 409u);
  protocol::sign(said, streams);
  EXPECT_EQ(call("POST", "/streams", text()).status, 200u);
  EXPECT_EQ(call("DELETE", "/stream/a").status, 403u);
  key_ = streams;
  EXPECT_EQ(call("DELETE", "/stream/a").status, 200u);
}

TEST_F(OriginCalls, ASignedCallCountsOnceAndSoon) {
  key_ = *Key::generate();
  const http::Call report =
      made("POST", "/nodes", R"({"port":8000,"uuid":")" + protocol::uuid_of(key_->fingerprint()) + "\"}");
  EXPECT_EQ(send(report).status, 201u);
  const Seen again = send(report);
  EXPECT_EQ(again.status, 403u);
  EXPECT_THAT(again.body, HasSubstr("the request came before"));
  http::Call other = made("POST", "/nodes", R"({"uuid":"n","port":8000})");
  other.body = R"({"uuid":"m","port":8000})";
  EXPECT_EQ(send(other).status, 403u);
  const http::Call late = made("POST", "/nodes", R"({"uuid":"n","port":8000})");
  now_ += 301s;
  EXPECT_THAT(send(late).body, HasSubstr("was signed 301 s ago"));
  http::Call broken = made("POST", "/nodes", R"({"uuid":"n","port":8000})");
  broken.signature.signature = "key=:AAAA:";
  EXPECT_EQ(send(broken).status, 400u);
}

TEST_F(OriginCalls, AnAdministratorHidesDeletesAndBans) {
  const auto admin = [&](const std::string &method, const std::string &path, const std::string &body = {},
                         std::map<std::string, std::string> query = {}) {
    http::Call one = made(method, path, body, std::move(query));
    one.token = token_;
    return send(one);
  };
  call("POST", "/streams", R"({"name":"a","source":"n"})");
  token_ = "wrong";
  EXPECT_EQ(admin("PUT", "/stream/a", R"({"hidden":true})").status, 403u);
  EXPECT_EQ(admin("DELETE", "/stream/a").status, 403u);
  EXPECT_EQ(admin("GET", "/moderation").status, 403u);
  EXPECT_EQ(admin("POST", "/bans", R"({"who":"192.0.2.9"})").status, 403u);
  EXPECT_EQ(admin("DELETE", "/bans", {}, {{"who", "192.0.2.9"}}).status, 403u);
  token_ = "the administrator's";
  EXPECT_EQ(admin("PUT", "/stream/a", R"({"name":"x"})").status, 400u);
  EXPECT_EQ(admin("PUT", "/stream/a", R"({"hidden":true})").status, 200u);
  EXPECT_EQ(call("GET", "/stream/a").status, 404u);
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a","source":"n"})").status, 200u);
  EXPECT_EQ(call("GET", "/stream/a").status, 404u);
  EXPECT_EQ(admin("GET", "/moderation").body, R"({"bans":[],"hidden":["a"]})");
  EXPECT_EQ(admin("PUT", "/stream/a", R"({"hidden":false})").status, 200u);
  EXPECT_EQ(admin("DELETE", "/stream/a").status, 200u);
  EXPECT_EQ(admin("POST", "/bans", R"({"who":"nobody"})").status, 400u);
  EXPECT_EQ(admin("POST", "/bans", R"({"who":"192.0.2.0/24","reason":"spam"})").body,
            R"({"bans":[{"who":"192.0.2.0/24","reason":"spam","since":1700000000}],"hidden":[]})");
  EXPECT_TRUE(kept_.bans.contains("192.0.2.0/24"));
  const Seen refused = call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  EXPECT_EQ(refused.status, 403u);
  EXPECT_THAT(refused.body, HasSubstr("takes nothing from you: spam"));
  EXPECT_EQ(admin("DELETE", "/bans", {}, {{"who", "192.0.2.9"}}).status, 404u);
  EXPECT_EQ(admin("DELETE", "/bans", {}, {{"who", "192.0.2.0/24"}}).status, 200u);
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":8000})").status, 201u);
}

}  // namespace
}  // namespace astral::origin

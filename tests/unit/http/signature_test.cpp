// SPDX-License-Identifier: BSD-3-Clause
// The form of a signature, what it covers, and when a request is fresh.
#include "http/signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace astral::http {
namespace {

using namespace std::chrono_literals;
using ::testing::MatchesRegex;
constexpr std::chrono::sys_seconds start{1'700'000'000s};

class Signatures : public ::testing::Test {
 protected:
  Call signed_call() const {
    Call call;
    call.method = "PUT";
    call.prefix = "/tv";  // a proxy cuts it off
    call.path = "/stream/talk";
    call.raw_query = "uuid=n";
    call.body = "{}";
    call.signature = sign(key_, "PUT", "/tv/stream/talk", "uuid=n", "{}", start);
    return call;
  }

  const Key key_ = *Key::generate();
};

TEST_F(Signatures, HaveTheFormOfTheRfc) {
  const Call::Signature made = sign(key_, "GET", "/", "", "", start);
  // RFC 9530 appendix D has this digest of no bytes.
  EXPECT_EQ(made.digest, "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
  EXPECT_THAT(made.input,
              MatchesRegex(R"(key=\("@method" "@path" "@query" "content-digest"\);created=1700000000;)"
                           R"re(nonce="[0-9a-f]{32}";keyid="[0-9a-f]{88}";alg="ed25519")re"));
  EXPECT_THAT(made.signature, MatchesRegex("key=:[A-Za-z0-9+/]{86}==:"));
  EXPECT_NE(made.input, sign(key_, "GET", "/", "", "", start).input);  // a new nonce
}

TEST_F(Signatures, SayWhoseTheCallIs) {
  const auto signer = verify(signed_call());
  ASSERT_TRUE(signer && *signer);
  EXPECT_EQ((*signer)->key, key_.fingerprint());
  EXPECT_EQ((*signer)->created, start);
  EXPECT_FALSE(*verify(Call{}));
}

TEST_F(Signatures, CoverTheRequest) {
  const std::function<void(Call &)> changes[] = {
      [](Call &call) { call.method = "POST"; },
      [](Call &call) { call.path = "/stream/other"; },
      [](Call &call) { call.prefix = ""; },
      [](Call &call) { call.raw_query = "uuid=m"; },
      [](Call &call) { call.body = "{ }"; },
      [](Call &call) { call.signature.digest.clear(); },
      [](Call &call) {
        call.signature.signature = sign(*Key::generate(), "PUT", "/", "", "", start).signature;
      },
      [](Call &call) { call.signature.input.replace(call.signature.input.find("17"), 2, "18"); },
  };
  for (std::size_t at = 0; at < std::size(changes); ++at) {
    Call call = signed_call();
    changes[at](call);
    const auto signer = verify(call);
    ASSERT_FALSE(signer) << at;
    EXPECT_EQ(signer.error().code, Code::refused) << at;
  }
}

TEST_F(Signatures, OfAnotherFormAreInvalid) {
  const std::function<void(Call::Signature &)> changes[] = {
      [](Call::Signature &said) { said.input.clear(); },
      [](Call::Signature &said) { said.signature.clear(); },
      [](Call::Signature &said) { said.input += ", " + said.input; },
      [](Call::Signature &said) { said.input.replace(0, 3, "sig"); },
      [](Call::Signature &said) { said.input += std::string(1000, ' '); },
      [](Call::Signature &said) { said.signature.pop_back(); },
      [](Call::Signature &said) { said.signature.insert(5, "A"); },
      [](Call::Signature &said) { said.signature = "key=:" + std::string(10'000, 'A') + ":"; },
  };
  for (std::size_t at = 0; at < std::size(changes); ++at) {
    Call call = signed_call();
    changes[at](call.signature);
    const auto signer = verify(call);
    ASSERT_FALSE(signer) << at;
    EXPECT_EQ(signer.error().code, Code::invalid) << at;
  }
}

TEST(SignedAnswers, CoverTheAnswerAndWhatWasAsked) {
  const Key key = *Key::generate();
  const SignedAnswer answer{.status = 200, .path = "/nodes", .query = "limit=2", .body = "{}"};
  const Call::Signature said = sign(key, answer, start);
  const auto signer = verify(answer, said);
  ASSERT_TRUE(signer && *signer);
  EXPECT_EQ((*signer)->key, key.fingerprint());
  EXPECT_FALSE(*verify(answer, {}));
  for (const SignedAnswer &other :
       {SignedAnswer{201, "/nodes", "limit=2", "{}"}, SignedAnswer{200, "/streams", "limit=2", "{}"},
        SignedAnswer{200, "/nodes", "", "{}"}, SignedAnswer{200, "/nodes", "limit=2", "{ }"}}) {
    EXPECT_EQ(verify(other, said).error().code, Code::refused);
  }
  Call call;  // is no request
  call.method = "GET";
  call.path = "/nodes";
  call.signature = said;
  EXPECT_EQ(verify(call).error().code, Code::invalid);
}

TEST(Fresh, IsOnceAndFiveMinutesAround) {
  Freshness fresh;
  EXPECT_TRUE(fresh.accept({"K", start, "1"}, start));
  EXPECT_FALSE(fresh.accept({"K", start, "1"}, start));
  EXPECT_TRUE(fresh.accept({"K", start, "2"}, start));
  EXPECT_TRUE(fresh.accept({"L", start, "1"}, start));
  EXPECT_TRUE(fresh.accept({"K", start + 300s, "3"}, start));
  EXPECT_FALSE(fresh.accept({"K", start + 301s, "4"}, start));
  EXPECT_TRUE(fresh.accept({"K", start - 300s, "5"}, start));
  EXPECT_FALSE(fresh.accept({"K", start - 301s, "6"}, start));
  EXPECT_FALSE(fresh.accept({"K", start + 300s, "3"}, start + 600s));
  EXPECT_FALSE(fresh.accept({"K", start + 300s, "3"}, start + 601s));
}

TEST(Fresh, IsBounded) {
  Freshness fresh(2);
  EXPECT_TRUE(fresh.accept({"K", start, "1"}, start));
  EXPECT_TRUE(fresh.accept({"K", start + 1s, "2"}, start));
  EXPECT_TRUE(fresh.accept({"K", start + 2s, "3"}, start));  // forgets the oldest
  EXPECT_FALSE(fresh.accept({"K", start + 2s, "3"}, start));
  EXPECT_FALSE(fresh.accept({"K", start + 1s, "2"}, start));
}

}  // namespace
}  // namespace astral::http

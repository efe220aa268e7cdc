// SPDX-License-Identifier: BSD-3-Clause
// A node's answers as text for people.
#include "ctl/show.hpp"

#include <gtest/gtest.h>

#include "ctl/advice.hpp"

namespace astral::ctl {
namespace {

std::string shown(const std::vector<std::string> &words, const char *answer) {
  const auto text =
      show(*plan(words, [] { return std::string("made-up"); }), answer, "http://127.0.0.1:8000");
  return text ? *text : "error: " + text.error().detail;
}

TEST(Show, NodesAsATable) {
  EXPECT_EQ(
      shown({"-ln"},
            R"({"nodes":[{"uuid":"n1","label":"p","ip_address":"192.0.2.1","port":8000,"supernode":true,)"
            R"("rtt_ms":1.6,"upstream_kbps":1000,"children":3,"version":"0.1.0"},)"
            R"({"uuid":"node-2","ip_address":"::1","port":8001,"supernode":false}]})"),
      "NODE    ADDRESS         ROLE       RTT ms  UP kbit/s  CHILDREN  VERSION  UUID\n"
      "p       192.0.2.1:8000  supernode  2       1000       3         0.1.0    n1\n"
      "node-2  [::1]:8001      node       -       -          -         -        node-2\n");
}

TEST(Show, StreamsAsATable) {
  EXPECT_EQ(
      shown({"-ls"}, R"({"streams":[{"slug":"a","name":"Ä","source":"n","streaming":true,"bitrate_kbps":7},)"
                     R"({"slug":"bcdef","name":"B","source":"n","streaming":false,"viewers":0},)"
                     R"({"slug":"c","name":"C","source":"n","streaming":false,"state":"ended","viewers":0,"audience":12}]})"),
      "SLUG   NAME  STATE    kbit/s  VIEWERS  SOURCE\n"
      "a      Ä     live     7       -        n\n"
      "bcdef  B     waiting  -       0        n\n"
      "c      C     ended    -       12       n\n");
  EXPECT_EQ(shown({"-ls"}, R"({"streams":[]})"), "SLUG  NAME  STATE  kbit/s  VIEWERS  SOURCE\n");
}

TEST(Show, TicketsAsATable) {
  const char *row =
      "STREAM  SOURCE  DESTINATION  HOPS  ROLE    STATE      CONFIRMED\n"
      "a       p       v            2     active  confirmed  yes\n";
  const std::string ticket =
      R"({"stream":"a","source":"p","destination":"v","hops":2,"role":"active","state":"confirmed","confirmed":true})";
  EXPECT_EQ(shown({"-lt"}, (R"({"tickets":[)" + ticket + "]}").c_str()), row);
  EXPECT_EQ(shown({"-w", "a"}, (R"({"ticket":)" + ticket + "}").c_str()), row);
  EXPECT_EQ(shown({"-se", "a", "v"}, (R"({"ticket":)" + ticket + "}").c_str()), row);
  EXPECT_EQ(shown({"-se", "a", "v"}, R"({"seeded":"v","stream":"a"})"), "v carries a\n");
}

TEST(Show, TheTicketOfAWatchWithoutMediaWithTheReason) {
  EXPECT_EQ(
      shown({"-w", "a"},
            R"({"ticket":{"stream":"a","source":"p","destination":"v","hops":1,"role":"active",)"
            R"("state":"linking","confirmed":false,"reason":"no path to p: both behind symmetric NATs"}})"),
      "STREAM  SOURCE  DESTINATION  HOPS  ROLE    STATE    CONFIRMED\n"
      "a       p       v            1     active  linking  no\n"
      "no path to p: both behind symmetric NATs\n");
}

TEST(Show, PairedDevicesAndTheCodeForOneMore) {
  EXPECT_EQ(shown({"-ld"}, R"({"devices":[{"id":"0a1b2c3d","name":"iPhone, Safari","paired":1796000000000,)"
                           R"("seen":1796000600000,"is_caller":false}],"pairing_ms":0})"),
            "ID        DEVICE          PAIRED                LAST SEEN\n"
            "0a1b2c3d  iPhone, Safari  2026-11-30 00:53 UTC  2026-11-30 01:03 UTC\n");
  EXPECT_EQ(shown({"pair"},
                  R"({"pairing":{"code":"ABC-DEF","pairing_ms":300000,"url":"https://h:1/#pair/ABC-DEF"}})"),
            "code ABC-DEF, for one device, good for 5 minutes\n"
            "open on the device  https://h:1/#pair/ABC-DEF\n");
  EXPECT_NE(shown({"pair"}, R"({"pairing":{"code":"ABC-DEF","pairing_ms":300000}})").find("--listen 0.0.0.0"),
            std::string::npos);
  EXPECT_EQ(shown({"unpair", "0a1b2c3d"}, "{}"), "0a1b2c3d may only watch\n");
  EXPECT_EQ(shown({"ban", "192.0.2.1"}, R"({"bans":[],"hidden":[]})"), "192.0.2.1 banned\n");
  EXPECT_EQ(
      shown({"listbans"}, R"({"bans":[{"who":"192.0.2.1","reason":"spam","since":5}],"hidden":["talk"]})"),
      "WHO        REASON\n192.0.2.1  spam\nhidden  talk\n");
}

TEST(Show, OtherAnswersAsASentence) {
  EXPECT_EQ(shown({"-su", "a"}, "{}"), "http://127.0.0.1:8000/stream/a/hls/index.m3u8\n");
  EXPECT_EQ(shown({"-st", "A"}, R"({"stream":{"slug":"a","name":"A"}})"),
            "stream a created; publish into it with\n  … ! astralsink uri=astral://127.0.0.1:8000/a\n");
  EXPECT_EQ(shown({"-rt", "a"}, ""), "ticket for a revoked\n");
  EXPECT_EQ(shown({"-sh"}, ""), "shut down\n");
  EXPECT_EQ(shown({"key", "export", "a"}, R"({"key":{"slug":"a","fingerprint":"f","pem":"-----BEGIN\n"}})"),
            "-----BEGIN\n");
  EXPECT_EQ(shown({"key", "import", "a"}, "{}"), "this node has the key of a\n");
  EXPECT_EQ(shown({"invite", "a"}, R"({"invitation":{"id":"01","invitation":"AbC"}})"),
            "http://127.0.0.1:8000/#invite/AbC\n");
  EXPECT_EQ(shown({"accept"}, R"({"slug":"a"})"), "invited to a\n");
  const std::string guests = shown({"revoke", "a"}, R"({"name":"T","invitations":[
      {"id":"01","for":"Eve","expires":1800000000,"revoked":false},{"id":"02","for":"","expires":5,"revoked":true}]})");
  EXPECT_NE(guests.find("01"), std::string::npos);
  EXPECT_NE(guests.find("2027-01-15 08:00 UTC"), std::string::npos);
  EXPECT_NE(guests.find("revoked"), std::string::npos);
  EXPECT_EQ(shown({"-cn", "3"}, ""), "3 fake nodes registered\n");
}

TEST(Show, AnAnswerThatBreaksTheApiIsAnError) {
  EXPECT_EQ(shown({"-ln"}, "<html>"), "error: the node's answer: not JSON at byte 0: a value expected");
  EXPECT_EQ(shown({"-ln"}, R"({"nodes":{}})"), "error: the node's answer: field 'nodes': must be a list");
  EXPECT_EQ(shown({"-w", "a"}, "{}"), "error: the node's answer: field 'ticket': is missing");
}

TEST(ShowError, IsTheMessageOfTheNodeOrItsStatus) {
  EXPECT_EQ(show_error("watch", 404, R"({"error":{"code":"not-found","message":"no stream a"}})"),
            "no stream a (404); 'astralctl liststreams' lists the streams that the node knows");
  EXPECT_EQ(show_error("watch", 400, R"({"error":{"code":"invalid","message":"no"}})"), "no (400)");
  EXPECT_EQ(show_error("top", 503, "<html>"), "the node answered 503");
  EXPECT_EQ(show_error("top", 500, R"({"error":"x"})"), "the node answered 500");
}

// The commands that an advice names are commands.
TEST(ShowError, SaysWhatToDoThen) {
  for (const char *command : {"watch", "stop", "seed", "revoketicket", "pause", "resume", "delete", "unpair",
                              "deletenode", "streamurl"}) {
    const std::string text = advice(command, "not-found");
    ASSERT_NE(text.find("'astralctl list"), std::string::npos) << command;
    const std::size_t name = text.find("list"), end = text.find('\'', name);
    EXPECT_TRUE(plan({text.substr(name, end - name)}, [] { return std::string(); })) << text;
  }
  EXPECT_NE(advice("stop", "conflict").find("astralctl pause SLUG"), std::string::npos);
  EXPECT_NE(advice("stop", "conflict").find("astralctl delete SLUG"), std::string::npos);
  EXPECT_NE(advice("pause", "refused").find("--node"), std::string::npos);
  EXPECT_NE(advice("watch", "no-room").find("astralctl doctor"), std::string::npos);
  EXPECT_NE(advice("seed", "timeout").find("again"), std::string::npos);
}

}  // namespace
}  // namespace astral::ctl

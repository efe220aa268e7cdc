// SPDX-License-Identifier: BSD-3-Clause
// The arguments of astralctl and the HTTP calls of its commands.
#include "ctl/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace astral::ctl {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;

std::string made_up() {
  return "made-up";
}

Expected<Plan> plan_of(const Words &words) {
  return plan(words, made_up);
}

struct Case {
  Words words;
  const char *calls;  // "METHOD path body;"
};

void PrintTo(const Case &c, std::ostream *out) {
  for (const auto &word : c.words) *out << word << ' ';
}

class Plans : public ::testing::TestWithParam<Case> {};

TEST_P(Plans, AreTheCallsOfTheCommand) {
  const auto made = plan_of(GetParam().words);
  ASSERT_TRUE(made) << made.error().detail;
  std::string calls;
  for (const Call &call : made->calls) calls += call.method + " " + call.path + " " + call.body + ";";
  EXPECT_EQ(calls, GetParam().calls);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Plans,
    ::testing::Values(
        Case{{"listnodes"}, "GET /nodes ;"}, Case{{"-ln"}, "GET /nodes ;"},
        Case{{"--listnodes"}, "GET /nodes ;"}, Case{{"liststreams"}, "GET /streams ;"},
        Case{{"-ls"}, "GET /streams ;"}, Case{{"doctor"}, "GET /doctor ;"}, Case{{"-do"}, "GET /doctor ;"},
        Case{{"listtickets"}, "GET /tickets ;"}, Case{{"-lt"}, "GET /tickets ;"},
        Case{{"stream", "My Talk", "About"}, R"(POST /streams {"name":"My Talk","description":"About"};)"},
        Case{{"-st", "\"x\""}, R"(POST /streams {"name":"\"x\"","description":""};)"},
        Case{{"stream", "Talk", "--private"},
             R"(POST /streams {"name":"Talk","description":"","private":true};)"},
        Case{{"invite", "a"}, "POST /stream/a/invitations {};"},
        Case{{"invite", "a", "--for=Eve", "--expires=7d"},
             R"(POST /stream/a/invitations {"for":"Eve","expires_seconds":604800};)"},
        Case{{"-in", "a", "--expires=90m"}, R"(POST /stream/a/invitations {"expires_seconds":5400};)"},
        Case{{"revoke", "a"}, "GET /stream/a/invitations ;"},
        Case{{"revoke", "a", "Eve B"}, "DELETE /stream/a/invitation/Eve%20B ;"},
        Case{{"accept"}, "POST /invitations ;"},
        Case{{"watch", "my-talk"}, "POST /stream/my-talk/tickets {};"},
        Case{{"pause", "a"}, R"(PUT /stream/a {"streaming":false};)"},
        Case{{"-re", "a"}, R"(PUT /stream/a {"streaming":true};)"},
        Case{{"delete", "a"}, "DELETE /stream/a ;"}, Case{{"stop", "a"}, "DELETE /stream/a/ticket ;"},
        Case{{"-w", "my-talk"}, "POST /stream/my-talk/tickets {};"},
        Case{{"seed", "a", "n1"}, R"(POST /stream/a/tickets {"destination_uuid":"n1"};)"},
        Case{{"-se", "a", "n1"}, R"(POST /stream/a/tickets {"destination_uuid":"n1"};)"},
        Case{{"streamurl", "a"}, "GET /stream/a ;"}, Case{{"-su", "a"}, "GET /stream/a ;"},
        Case{{"revoketicket", "a"}, "DELETE /stream/a/ticket ;"},
        Case{{"-rt", "a", "n1"}, "DELETE /stream/a/ticket/n1 ;"},
        Case{{"key", "export", "a"}, "GET /stream/a/key ;"},
        Case{{"-ke", "import", "a"}, "PUT /stream/a/key ;"},
        Case{{"createfakenode", "2"},
             R"(POST /nodes {"uuid":"made-up","ip_address":"127.0.0.1","port":1};)"
             R"(POST /nodes {"uuid":"made-up","ip_address":"127.0.0.1","port":1};)"},
        Case{{"-cn", "1"}, R"(POST /nodes {"uuid":"made-up","ip_address":"127.0.0.1","port":1};)"},
        Case{{"top"}, ""}, Case{{"-t"}, ""},
        Case{{"deletenode", "n1", "n2"}, "DELETE /node/n1 ;DELETE /node/n2 ;"},
        Case{{"hide", "talk"}, R"(PUT /stream/talk {"hidden":true};)"},
        Case{{"-uh", "talk"}, R"(PUT /stream/talk {"hidden":false};)"},
        Case{{"ban", "192.0.2.0/24", "spam"}, R"(POST /bans {"who":"192.0.2.0/24","reason":"spam"};)"},
        Case{{"-ub", "192.0.2.0/24"}, "DELETE /bans?who=192.0.2.0%2F24 ;"},
        Case{{"-lb"}, "GET /moderation ;"}, Case{{"-dn", "n1"}, "DELETE /node/n1 ;"},
        Case{{"pair"}, "POST /pairing ;"}, Case{{"listdevices"}, "GET /devices ;"},
        Case{{"-up", "0a1b2c3d"}, "DELETE /device/0a1b2c3d ;"}, Case{{"shutdown"}, "DELETE /node ;"},
        Case{{"-sh"}, "DELETE /node ;"}));

TEST(Plan, RefusesWrongUsage) {
  for (const Words &words : {Words{},
                             Words{"fly"},
                             Words{"-x"},
                             Words{"listnodes", "x"},
                             Words{"stream"},
                             Words{"stream", "a", "b", "c"},
                             Words{"watch"},
                             Words{"pause"},
                             Words{"delete", "../node"},
                             Words{"watch", "My Talk"},
                             Words{"watch", "../node"},
                             Words{"seed", "a"},
                             Words{"seed", "a", "x/y"},
                             Words{"key", "export"},
                             Words{"key", "steal", "a"},
                             Words{"key", "import", "A!"},
                             Words{"invite"},
                             Words{"invite", "a", "b"},
                             Words{"invite", "a", "--expires=7"},
                             Words{"invite", "a", "--expires=0d"},
                             Words{"invite", "a", "--expires=367d"},
                             Words{"invite", "a", "--expires=18446744073709551615d"},
                             Words{"revoke", "A!"},
                             Words{"accept", "secret"},
                             Words{"unpair"},
                             Words{"unpair", "../node"},
                             Words{"deletenode"},
                             Words{"deletenode", "a", "b c"},
                             Words{"revoketicket", "a", "?"},
                             Words{"createfakenode"},
                             Words{"createfakenode", "0"},
                             Words{"createfakenode", "-1"},
                             Words{"createfakenode", "1001"},
                             Words{"createfakenode", "2x"},
                             Words{"createfakenode", "99999999999999999999999"},
                             Words{"top", "x"}}) {
    const auto made = plan_of(words);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Code::invalid);
  }
  EXPECT_THAT(plan_of({"watch", "My Talk!"}).error().detail, HasSubstr("did you mean my-talk?"));
  EXPECT_EQ(plan_of({"stream"}).error().detail, "usage: astralctl stream NAME [DESCRIPTION]");
}

TEST(Parse, TakesOptionsBeforeAndAfterTheCommand) {
  const auto parsed = parse({"--json", "-ls", "--node", "http://10.0.0.1:8001/"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->json);
  EXPECT_EQ(parsed->node, "http://10.0.0.1:8001");
  EXPECT_EQ(parsed->words, Words{"-ls"});
  EXPECT_EQ(parse({"--node=localhost:8001"})->node, "http://localhost:8001");
  EXPECT_EQ(parse({})->node, "http://127.0.0.1:8000");
  EXPECT_TRUE(parse({"-h"})->help);
  EXPECT_TRUE(parse({"--version"})->version);
  EXPECT_EQ(parse({"stream", "--", "--odd name"})->words, (Words{"stream", "--odd name"}));
  EXPECT_EQ(parse({"stream", "-"})->words, (Words{"stream", "-"}));
}

TEST(Parse, TheOptionReplacesTheTokenOfTheEnvironment) {
  EXPECT_EQ(parse({"-ls"})->token, "");
  EXPECT_EQ(parse({"-ls"}, "secret")->token, "secret");
  EXPECT_EQ(parse({"--token", "other", "-ls"}, "secret")->token, "other");
  EXPECT_EQ(parse({"-ls", "--token=a=b"})->token, "a=b");
  for (const char *bad : {"two words", "", "line\r\nX-Evil: yes", "ümlaut", "tab\t"}) {
    EXPECT_FALSE(parse({"--token", bad})) << bad;
  }
  EXPECT_FALSE(parse({"-ls"}, "line\nX-Evil: yes"));
  EXPECT_FALSE(parse({"--token", std::string(4097, 'x')}));
}

TEST(Parse, RefusesBadOptions) {
  for (const Words &words : {Words{"--node"}, Words{"--node", "ftp://x"}, Words{"--node", "http://"},
                             Words{"--node", "http://x/y"}, Words{"--node", "http://u@x"}, Words{"--token"},
                             Words{"-ls", "--colour"}}) {
    EXPECT_FALSE(parse(words)) << words.back();
  }
}

TEST(Help, NamesEveryCommandInBothForms) {
  for (const char *name : {"listnodes, -ln",      "liststreams, -ls", "listtickets, -lt", "stream, -st",
                           "pause, -pa",          "resume, -re",      "delete, -de",      "watch, -w",
                           "stop, -sp",           "seed, -se",        "streamurl, -su",   "revoketicket, -rt",
                           "createfakenode, -cn", "deletenode, -dn",  "top, -t",          "--token",
                           "shutdown, -sh",       "--node",           "--json",           "Exit status"}) {
    EXPECT_THAT(help(), HasSubstr(name));
  }
}

TEST(Invitation, IsFoundInALink) {
  EXPECT_EQ(invitation_in("http://127.0.0.1:8000/#invite/AbC-_9\n"), "AbC-_9");
  EXPECT_EQ(invitation_in("  AbC-_9 "), "AbC-_9");
  EXPECT_EQ(invitation_in(" \n"), "");
}

TEST(Arguments, OptionsOfACommandStayWithIt) {
  const auto parsed = parse({"invite", "a", "--for", "Eve", "--expires=7d"});
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->words, (Words{"invite", "a", "--for=Eve", "--expires=7d"}));
  EXPECT_FALSE(parse({"invite", "a", "--for"}));
}

}  // namespace
}  // namespace astral::ctl

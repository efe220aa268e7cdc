// SPDX-License-Identifier: BSD-3-Clause
// The options of astralnode: read from the command line and from a file; precedence; errors.
#include "node/settings.hpp"

#include <glib/gstdio.h>
#include <gtest/gtest.h>

#include "glue/ref.hpp"
#include "node/option_table.hpp"
#include "node/state_dir.hpp"

namespace astral::node {
namespace {

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() : folder_(g_dir_make_tmp("astral-settings-XXXXXX", nullptr)) {}
  ~SettingsTest() override {
    for (const char *name : {"file", "state"}) g_remove(path(name).c_str());
    g_rmdir(folder_.get());
  }
  std::string path(const std::string &name) const { return std::string(folder_.get()) + "/" + name; }
  std::string file(const std::string &text) const {
    g_file_set_contents(path("file").c_str(), text.c_str(), -1, nullptr);
    return path("file");
  }

 private:
  GString_ folder_;
};

TEST_F(SettingsTest, WithoutOptionsTheDefaultsHold) {
  const auto options = read_options({});
  ASSERT_TRUE(options) << options.error().detail;
  EXPECT_EQ(options->port, 8000);
  EXPECT_EQ(options->listen, "0.0.0.0");
  EXPECT_EQ(options->rtmp_port, 1935);
  EXPECT_FALSE(options->needs_rtmp);
  EXPECT_FALSE(options->upstream_limit);
  EXPECT_FALSE(options->daemonize);
  EXPECT_FALSE(options->is_public);
  EXPECT_EQ(options->supernode, Supernode::automatic);
  EXPECT_TRUE(default_state_dir(options->label).ends_with("/astral"));
}

TEST_F(SettingsTest, AFlagMayHaveAValue) {
  const auto no = read_options({"--public=false", "--daemonize=false"});
  ASSERT_TRUE(no) << no.error().detail;
  EXPECT_FALSE(no->is_public);
  EXPECT_FALSE(no->daemonize);
  const auto yes = read_options({"--public=true", "--daemonize=true"});
  ASSERT_TRUE(yes) << yes.error().detail;
  EXPECT_TRUE(yes->is_public);
  EXPECT_TRUE(yes->daemonize);
}

TEST_F(SettingsTest, AFlagOnTheCommandLineOverridesTheFile) {
  const std::string settings = file("[astralnode]\npublic=true\ndaemonize=true\n");
  const auto options = read_options({"--public=false", "-s", settings, "--daemonize=false"});
  ASSERT_TRUE(options) << options.error().detail;
  EXPECT_FALSE(options->is_public);
  EXPECT_FALSE(options->daemonize);
}

TEST_F(SettingsTest, AFlagsValueIsTrueOrFalseAndGivenOnce) {
  const struct {
    std::vector<std::string> args;
    const char *detail;
  } cases[] = {{{"--public="}, "--public: must be true or false, not ''"},
               {{"--public=0"}, "--public: must be true or false, not '0'"},
               {{"--daemonize=no"}, "--daemonize: must be true or false, not 'no'"},
               {{"--public", "--public=false"}, "--public: given twice"},
               {{"--public=true", "--public=false"}, "--public: given twice"},
               {{"-D", "--daemonize=false"}, "--daemonize: given twice"},
               {{"--version=false"}, "--version: takes no value"},
               {{"--help=false"}, "--help: takes no value"}};
  for (const auto &[args, detail] : cases) {
    const auto options = read_options(args);
    ASSERT_FALSE(options) << detail;
    EXPECT_EQ(options.error().detail, detail);
  }
}

TEST_F(SettingsTest, TheCommandLineSetsEachOption) {
  const auto options = read_options({"-u",          "n1",
                                     "-l",          "75",
                                     "--port=0",    "--rtmp-port=0",
                                     "--listen",    "::1",
                                     "--origin",    "https://o:4567/",
                                     "--bootstrap", "http://a:1",
                                     "--bootstrap", "http://[::1]:2/",
                                     "--bootstrap", "http://b",
                                     "--state-dir", "/tmp/x/../y",
                                     "--supernode", "yes",
                                     "--stun",      "s:3478",
                                     "--turn",      "turn://me:p%3Bss@t?transport=tcp",
                                     "-D"});
  ASSERT_TRUE(options) << options.error().detail;
  EXPECT_EQ(options->label, "n1");
  EXPECT_EQ(options->upstream_limit, 75u);
  EXPECT_EQ(options->port, 0);
  EXPECT_EQ(options->rtmp_port, 0);
  EXPECT_TRUE(options->needs_rtmp);
  EXPECT_EQ(options->listen, "::1");
  EXPECT_EQ(options->origin, "https://o:4567");
  ASSERT_EQ(options->bootstrap.size(), 3u);
  EXPECT_EQ(options->bootstrap[1].host, "::1");
  EXPECT_EQ(options->bootstrap[1].port, 2);
  EXPECT_EQ(options->bootstrap[2].port, 8000);
  EXPECT_EQ(options->state_dir, "/tmp/y");
  EXPECT_EQ(options->supernode, Supernode::yes);
  EXPECT_EQ(options->stun, "s:3478");
  EXPECT_EQ(options->turn, (TurnServer{.host = "t", .user = "me", .password = "p;ss", .over_tcp = true}));
  EXPECT_TRUE(options->daemonize);
  EXPECT_TRUE(default_state_dir(options->label).ends_with("/astral-n1"));
}

TEST_F(SettingsTest, TheUdpPortIsTheHttpPortUnlessSaidOtherwise) {
  auto options = read_options({});
  EXPECT_TRUE(options->has_udp);
  EXPECT_EQ(options->udp_port, std::nullopt);
  options = read_options({"--udp-port", "0"});
  EXPECT_EQ(options->udp_port, 0);
  options = read_options({"--udp-port", "no"});
  EXPECT_FALSE(options->has_udp);
  const std::string settings = file("[astralnode]\nudp-port=no\n");
  options = read_options({"-s", settings, "--udp-port", "9000"});
  EXPECT_TRUE(options->has_udp);
  EXPECT_EQ(options->udp_port, 9000);
}

TEST_F(SettingsTest, TheCommandLineOverridesTheFile) {
  const std::string settings =
      file("[astralnode]\nuuid=n1\nport=1\nbootstrap=http://a:1;http://b:2\ndaemonize=true\npublic=true\n");
  auto options = read_options({"-s", settings});
  ASSERT_TRUE(options) << options.error().detail;
  EXPECT_EQ(options->port, 1);
  EXPECT_EQ(options->bootstrap.size(), 2u);
  EXPECT_TRUE(options->daemonize);
  EXPECT_TRUE(options->is_public);
  options = read_options({"--settings", settings, "--port", "2", "--bootstrap", "http://c:3"});
  ASSERT_TRUE(options) << options.error().detail;
  EXPECT_EQ(options->label, "n1");
  EXPECT_EQ(options->port, 2);
  ASSERT_EQ(options->bootstrap.size(), 1u);
  EXPECT_EQ(options->bootstrap[0].host, "c");
}

TEST_F(SettingsTest, TheFileHoldsTheTokenAndTheLists) {
  const std::string settings = file(
      "[astralnode]\ntoken=0123456789-._~+/=A\nallowed_hosts=studio;node.example\n"
      "allowed_origins=https://node.example\n");
  auto options = read_options({"-s", settings});
  ASSERT_TRUE(options) << options.error().detail;
  EXPECT_EQ(options->token, "0123456789-._~+/=A");
  EXPECT_EQ(options->allowed_hosts, (std::vector<std::string>{"studio", "node.example"}));
  EXPECT_EQ(options->allowed_origins, std::vector<std::string>{"https://node.example"});
  options = read_options({"-s", settings, "--allowed-host", "a", "--allowed-host=b", "--allowed-origin",
                          "http://pages.example:81"});
  ASSERT_TRUE(options) << options.error().detail;
  EXPECT_EQ(options->allowed_hosts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options->allowed_origins, std::vector<std::string>{"http://pages.example:81"});
  EXPECT_EQ(options->token.size(), 18u);
}

TEST_F(SettingsTest, HelpAndVersionAreShown) {
  for (const char *words : {"--allowed-host=NAME", "--allowed-origin=URL", "token = SECRET"}) {
    EXPECT_NE(read_options({"-h"})->shown.find(words), std::string::npos) << words;
  }

  EXPECT_NE(read_options({"-h"})->shown.find("--upstream-limit"), std::string::npos);
  EXPECT_EQ(read_options({"--version"})->shown, "astralnode " ASTRAL_VERSION "\n");
}

TEST_F(SettingsTest, TheHelpShowsTheDefaultsOfOptions) {
  const Options defaults = *read_options({});
  for (const Option &option : option_table()) {
    if (!option.fallback) continue;
    auto options = read_options({std::string("--") + option.name + "=" + option.fallback});
    ASSERT_TRUE(options) << options.error().detail;
    options->needs_rtmp = false;  // set by --rtmp-port, whatever its value
    EXPECT_TRUE(*options == defaults) << option.name;
  }
}

TEST_F(SettingsTest, AnOptionOutsideItsRangeIsRefused) {
  for (const Option &option : option_table()) {
    if (option.max == 0) continue;
    const std::string name = std::string("--") + option.name + "=";
    EXPECT_TRUE(read_options({name + std::to_string(option.min)})) << name;
    EXPECT_TRUE(read_options({name + std::to_string(option.max)})) << name;
    EXPECT_FALSE(read_options({name + std::to_string(option.max + 1)})) << name;
    if (option.min > 0) {
      EXPECT_FALSE(read_options({name + std::to_string(option.min - 1)})) << name;
    }
  }
}

TEST_F(SettingsTest, MoreConnectionsAreAcceptedIfTheCapacityIsLarger) {
  EXPECT_EQ(read_options({})->capacity, 100u);
  EXPECT_EQ(max_connections(*read_options({})), 1500u);
  EXPECT_EQ(max_connections(*read_options({"--capacity=0", "--max-players=0"})), 512u);
  EXPECT_EQ(max_connections(*read_options({"--capacity=300"})), 1700u);
  EXPECT_EQ(max_connections(*read_options({"--capacity=1500"})), 2900u);
}

struct Bad {
  std::vector<std::string> args;
  const char *error;
};

TEST_F(SettingsTest, AnErrorNamesTheBadOption) {
  for (const Bad &bad : {
           Bad{{"--port", "70000"}, "--port: must be from 0 to 65535, not '70000'"},
           Bad{{"--port", "x"}, "--port: must be from 0 to 65535, not 'x'"},
           Bad{{"--port", ""}, "--port: must be from 0 to 65535, not ''"},
           Bad{{"--port", "1", "--port", "2"}, "--port: given twice"},
           Bad{{"-l", "-1"}, "--upstream-limit: must be from 0 to 100000000, not '-1'"},
           Bad{{"-u", "a b"},
               "--uuid: must be 1 to 64 letters, digits and hyphens, and no uuid of a key, not 'a b'"},
           Bad{{"--listen", "localhost"}, "--listen: must be an IP address, not 'localhost'"},
           Bad{{"--origin", "nonsense"}, "--origin: must be http[s]://HOST[:PORT], not 'nonsense'"},
           Bad{{"--origin", "ftp://x"}, "--origin: must be http[s]://HOST[:PORT], not 'ftp://x'"},
           Bad{{"--bootstrap", "x:1"}, "--bootstrap: must be http://HOST[:PORT], not 'x:1'"},
           Bad{{"--supernode", "perhaps"}, "--supernode: must be auto, yes or no, not 'perhaps'"},
           Bad{{"--capacity", "1501"}, "--capacity: must be from 0 to 1500, not '1501'"},
           Bad{{"--store-time", "61"}, "--store-time: must be from 0 to 60, not '61'"},
           Bad{{"--dvr", "3601"}, "--dvr: must be from 0 to 3600, not '3601'"},
           Bad{{"--max-lag", "60001"}, "--max-lag: must be from 0 to 60000, not '60001'"},
           Bad{{"--store-size", "70000"}, "--store-size: must be from 0 to 65536, not '70000'"},
           Bad{{"--store-total", "-1"}, "--store-total: must be from 0 to 65536, not '-1'"},
           Bad{{"--capacity", "many"}, "--capacity: must be from 0 to 1500, not 'many'"},
           Bad{{"--udp-port", "yes"}, "--udp-port: must be from 0 to 65535, or no, not 'yes'"},
           Bad{{"--udp-port", "70000"}, "--udp-port: must be from 0 to 65535, or no, not '70000'"},
           Bad{{"--udp-port", ""}, "--udp-port: must be from 0 to 65535, or no, not ''"},
           Bad{{"--stun", "host"}, "--stun: must be HOST:PORT, not 'host'"},
           Bad{{"--stun", ""}, "--stun: must be HOST:PORT, not ''"},
           Bad{{"--turn", "turn://me:secret@t/"},
               "--turn: must be turn://USER:PASSWORD@HOST[:PORT][?transport=udp|tcp]"},
           Bad{{"--turn", "turns://me:secret@t"},
               "--turn: must be turn://, because TURN over TLS (turns://) is not supported"},
           Bad{{"--allowed-host", "a:1"}, "--allowed-host: must be a host's name without a port, not 'a:1'"},
           Bad{{"--allowed-host", ""}, "--allowed-host: must be a host's name without a port, not ''"},
           Bad{{"--allowed-origin", "x"}, "--allowed-origin: must be http[s]://HOST[:PORT], not 'x'"},
           Bad{{"--allowed-origin", "http://x/"},
               "--allowed-origin: must be http[s]://HOST[:PORT], not 'http://x/'"},
           Bad{{"--token", "0123456789abcdef"}, "Unknown option --token"},
           Bad{{"--public", "yes"}, "--public: must be true or false, not 'yes'"},
           Bad{{"--port"}, "Missing argument for --port"},
           Bad{{"frob"}, "'frob' is no option"},
           Bad{{"--frob"}, "Unknown option --frob"},
           Bad{{"--settings", "/nonexistent"}, "--settings: /nonexistent: No such file or directory"},
       }) {
    const auto options = read_options(bad.args);
    ASSERT_FALSE(options) << bad.error;
    EXPECT_EQ(options.error().detail, bad.error);
  }
}

TEST_F(SettingsTest, AnErrorNamesTheFileAndTheBadKey) {
  for (const auto &[text, error] : std::vector<std::pair<const char *, const char *>>{
           {"[astralnode]\nport=x\n", ": port: must be from 0 to 65535, not 'x'"},
           {"[astralnode]\nfrob=1\n", ": frob: no such setting"},
           {"[astralnode]\npublic=1\n", ": public: must be true or false, not '1'"},
           {"[astralnode]\ndaemonize=maybe\n", ": daemonize: must be true or false, not 'maybe'"},
           {"[astralnode]\nport=1;2\n", ": port: has more than one value"},
           {"[astralnode]\ntoken=short\n", ": token: must be 16 to 256 letters, digits and -._~+/="},
           {"[astralnode]\ntoken=0123456789 abcdef\n",
            ": token: must be 16 to 256 letters, digits and -._~+/="},
           {"[astralnode]\nallowed-host=x\n", ": allowed-host: no such setting"},
           {"[astralnode]\nallowed_hosts=a;b c\n",
            ": allowed_hosts: must be a host's name without a port, not 'b c'"},
           {"[other]\nport=1\n", ": has no group [astralnode]"},
           {"rubbish\n", ""}}) {
    const auto options = read_options({"-s", file(text)});
    ASSERT_FALSE(options) << text;
    EXPECT_NE(options.error().detail.find(path("file") + error), std::string::npos) << options.error().detail;
  }
}

TEST_F(SettingsTest, AStateDirectoryThatCannotBeMadeIsAnError) {
  ASSERT_TRUE(make_state_dir(path("state")));
  EXPECT_FALSE(make_state_dir("/proc/nope"));
}

}  // namespace
}  // namespace astral::node

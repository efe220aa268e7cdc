// SPDX-License-Identifier: BSD-3-Clause
// openapi.json and the routes list the same calls. tests/e2e/test_openapi.py compares the replies with
// openapi.json.
#include <json-glib/json-glib.h>

#include <map>
#include <string>

#include "app_fixture.hpp"
#include "formats/endpoints.hpp"

namespace astral::test {
namespace {

class OpenApi : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    const HttpAnswer answer = http->get("/openapi.json");
    ASSERT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.headers.at("Content-Type"), "application/json");
    text = answer.body;
    parser_ = Ref<JsonParser>::adopt(json_parser_new());
    ASSERT_TRUE(json_parser_load_from_data(parser_.get(), answer.body.data(), -1, nullptr));
    paths = json_object_get_object_member(json_node_get_object(json_parser_get_root(parser_.get())), "paths");
    ASSERT_NE(paths, nullptr);
  }

  std::string text;
  JsonObject *paths = nullptr;

 private:
  Ref<JsonParser> parser_;
};

// Turns "/stream/:slug/ticket" into "/stream/{slug}/ticket".
std::string described(const std::string &pattern) {
  std::string out;
  for (std::size_t begin = 0; begin < pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', begin + 1), pattern.size());
    const std::string segment = pattern.substr(begin + 1, end - begin - 1);
    out += segment.starts_with(':') ? "/{" + segment.substr(1) + "}" : "/" + segment;
    begin = end;
  }
  return out;
}

TEST_F(OpenApi, EveryEndpointIsDescribedAndNamedInTheSettings) {
  const std::string settings = http->get("/settings").body;
  for (const formats::Endpoint &endpoint : formats::endpoints(media.live)) {
    const std::string path = "/stream/{slug}" + endpoint.path;
    EXPECT_TRUE(json_object_has_member(paths, path.c_str())) << path;
    EXPECT_NE(settings.find('"' + endpoint.setting() + "\":\"http://"), std::string::npos) << endpoint.name;
    EXPECT_NE(settings.find(path + '"'), std::string::npos) << path;
  }
}

TEST_F(OpenApi, HasNoPlaceholderLeft) {
  EXPECT_EQ(text.find('@'), std::string::npos) << text.substr(text.find('@'), 80);
}

TEST_F(OpenApi, HasEveryRouteAndNoOther) {
  std::map<std::string, http::Who> program, file;
  for (const http::Route &route : app->server().routes()) {
    const GString_ method(g_ascii_strdown(route.method.c_str(), -1));
    program.emplace(described(route.pattern) + " " + method.get(), route.who);
  }
  for (const http::SocketRoute &socket : app->server().sockets()) {
    program.emplace(socket.path + " get", http::Who::anyone);
  }
  JsonObjectIter path_iter, operation_iter;
  const char *path = nullptr, *method = nullptr;
  JsonNode *operations = nullptr, *operation = nullptr;
  json_object_iter_init(&path_iter, paths);
  while (json_object_iter_next(&path_iter, &path, &operations)) {
    json_object_iter_init(&operation_iter, json_node_get_object(operations));
    while (json_object_iter_next(&operation_iter, &method, &operation)) {
      if (std::string(method) == "parameters") continue;
      const bool secured = json_object_has_member(json_node_get_object(operation), "security");
      file.emplace(std::string(path) + " " + method, secured ? http::Who::owner : http::Who::anyone);
    }
  }
  EXPECT_GE(file.size(), 30u);
  for (const auto &[call, who] : program) {
    ASSERT_TRUE(file.contains(call)) << call << " is not in openapi.json";
    EXPECT_EQ(file.at(call), who) << call << ": \"security\" there, Who in its route";
  }
  for (const auto &[call, who] : file)
    EXPECT_TRUE(program.contains(call)) << call << " is not in the program";
}

}  // namespace
}  // namespace astral::test

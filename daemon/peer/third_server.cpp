// SPDX-License-Identifier: BSD-3-Clause
#include "peer/third_server.hpp"

#include "glue/json.hpp"
#include "http/exchange.hpp"

namespace astral::peer {
namespace {

constexpr guint third_silence_seconds = 3;
constexpr Time third_patience = 5s;

}  // namespace

ThirdServer::ThirdServer()
    : session_(Ref<SoupSession>::adopt(soup_session_new_with_options("timeout", third_silence_seconds,
                                                                     "user-agent", "astralnode", nullptr))),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())) {}

ThirdServer::~ThirdServer() {
  g_cancellable_cancel(cancellable_.get());
}

void ThirdServer::ask(const std::string &url, const std::string &id, std::uint16_t port) {
  const http::Question question{.method = "POST",
                                .url = url + "/stun",
                                .body = json::Builder().set("id", id).set("port", port).text(),
                                .patience = third_patience};
  const auto asked = http::exchange(session_, question, cancellable_, [](const Expected<http::Told> &) {});
  if (!asked) g_debug("no third STUN server at %s: %s", url.c_str(), asked.error().detail.c_str());
}

}  // namespace astral::peer

// SPDX-License-Identifier: BSD-3-Clause
// Two agents in one process on one context, with their signalling as function calls.
#pragma once

#include <glib.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "glue/ref.hpp"
#include "ice/agent.hpp"

namespace astral::ice {

// Runs the context until `done`, for 30 s at most.
inline bool pump(GMainContext *context, const std::function<bool()> &done) {
  bool late = false;
  GSource *timeout = g_timeout_source_new_seconds(30);
  g_source_set_callback(
      timeout,
      [](gpointer data) -> gboolean {
        *static_cast<bool *>(data) = true;
        return G_SOURCE_CONTINUE;
      },
      &late, nullptr);
  g_source_attach(timeout, context);
  while (!done() && !late) g_main_context_iteration(context, TRUE);
  g_source_destroy(timeout);
  g_source_unref(timeout);
  return !late;
}

struct Peer : Handler {
  void on_local_candidate(const std::string &candidate) override {
    candidates.push_back(candidate);
    if (when_candidate) when_candidate(candidate);
  }
  void on_gathered() override {
    ++gathered;
    if (when_gathered) when_gathered();
  }
  void on_connected() override {
    ++connected;
    if (when_connected) when_connected();
  }
  void on_datagram(Bytes data) override {
    received.emplace_back(data.begin(), data.end());
    if (when_datagram) when_datagram(data);
  }
  void on_drained() override {
    ++drained;
    if (when_drained) when_drained();
  }
  void on_failed(const Error &error) override {
    EXPECT_FALSE(failed);
    failed = error;
    if (when_failed) when_failed();
  }

  std::unique_ptr<Agent> agent;
  std::vector<std::string> candidates;
  std::vector<std::vector<std::uint8_t>> received;
  int gathered = 0, connected = 0, drained = 0;
  std::optional<Error> failed;
  std::function<void(const std::string &)> when_candidate;
  std::function<void()> when_gathered, when_connected, when_drained, when_failed;
  std::function<void(Bytes)> when_datagram;
};

class TwoAgents : public ::testing::Test {
 protected:
  TwoAgents() : context_(Ref<GMainContext>::adopt(g_main_context_new())) {}

  void open(Peer &peer, bool controlling, bool loopback = true) {
    Config config;
    config.controlling = controlling;
    config.context = context_.get();
    config.loopback = loopback;
    auto opened = Agent::open(config, peer);
    ASSERT_TRUE(opened) << opened.error().detail;
    peer.agent = std::move(*opened);
  }
  void open_both() {
    open(a_, true);
    open(b_, false);
  }
  bool run(const std::function<bool()> &done) { return pump(context_.get(), done); }
  bool gather_both() {
    return run([&] { return a_.gathered && b_.gathered; });
  }
  void exchange() {
    const auto set = [](Peer &to, const Peer &from) {
      const auto result = to.agent->set_remote(from.agent->local());
      ASSERT_TRUE(result) << result.error().detail;
    };
    set(a_, b_);
    set(b_, a_);
  }
  bool connect() {
    open_both();
    if (!gather_both()) return false;
    exchange();
    return run([&] { return a_.connected && b_.connected; });
  }

  Ref<GMainContext> context_;
  Peer a_, b_;
};

}  // namespace astral::ice

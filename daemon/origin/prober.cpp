// SPDX-License-Identifier: BSD-3-Clause
#include "origin/prober.hpp"

#include <utility>

#include "core/limits.hpp"
#include "core/slug.hpp"
#include "glue/json.hpp"
#include "http/exchange.hpp"

namespace astral::origin {
namespace {

constexpr json::Text said_uuid{1, core::max_uuid, core::is_uuid, "a uuid"};

std::string url_of(const Check &check) {
  const bool v6 = check.ip_address.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + check.ip_address + "]" : check.ip_address) + ":" +
         std::to_string(check.port) + "/node";
}

bool is_answer_of(const std::string &uuid, const std::string &body, std::size_t max) {
  auto in = json::Reader::parse(body, {.max_bytes = max});
  if (!in) return false;
  json::Reader node = in->object("node");
  const std::string said = node.text("uuid", said_uuid);
  return in->good() && said == uuid;
}

}  // namespace

Prober::Prober(Found found, const CheckLimits &limits)
    : found_(std::move(found)),
      limits_(limits),
      checks_(limits),
      // A node is not checked twice in a row, so connections are not kept.
      session_(Ref<SoupSession>::adopt(
          soup_session_new_with_options("user-agent", "astralorigin", "proxy-resolver", nullptr,
                                        "idle-timeout", 1u, "max-conns", static_cast<int>(limits.at_once),
                                        "max-conns-per-host", static_cast<int>(limits.at_once), nullptr))),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())),
      next_(g_main_context_default(), [this] { start_due(); }) {}

Prober::~Prober() {
  g_cancellable_cancel(cancellable_.get());
}

bool Prober::want(const Check &check) {
  const bool wanted = checks_.want(check, now());
  if (wanted) next_.set(checks_.next(now()));
  return wanted;
}

void Prober::start_due() {
  for (const Check &check : checks_.due(now())) start(check);
  next_.set(checks_.next(now()));
}

void Prober::start(const Check &check) {
  const http::Question question{
      .url = url_of(check), .max_answer = limits_.max_answer, .patience = limits_.deadline};
  const auto asked = http::exchange(
      session_, question, cancellable_, [this, uuid = check.uuid](const Expected<http::Told> &told) {
        finish(uuid,
               told && told->status == SOUP_STATUS_OK && is_answer_of(uuid, told->body, limits_.max_answer));
      });
  if (!asked) finish(check.uuid, false);
}

void Prober::finish(const std::string &uuid, bool answered) {
  checks_.done(uuid, answered, now());
  next_.set(checks_.next(now()));
  found_(uuid, answered);
}

}  // namespace astral::origin

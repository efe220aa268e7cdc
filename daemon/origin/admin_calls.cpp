// SPDX-License-Identifier: BSD-3-Clause
// The calls of an administrator about keys and networks, and the page for them. Those about a stream are with
// the calls about streams.
#include "origin/accept.hpp"
#include "origin/calls.hpp"
#include "origin/page.hpp"
#include "origin/wire.hpp"

namespace astral::origin {
namespace {

using http::Call;

class AdminCalls {
 public:
  AdminCalls(Registry &registry, const Edges &edges, std::shared_ptr<Authors> authors)
      : registry_(registry), edges_(edges), authors_(std::move(authors)) {}

  Outcome list(const Call &call) {
    if (wants_html(call.accept)) return html(moderation_page());
    if (auto admitted = authors_->admit_admin(call); !admitted) return tl::unexpected(admitted.error());
    return all();
  }

  Outcome ban(const Call &call) {
    if (auto admitted = authors_->admit_admin(call); !admitted) return tl::unexpected(admitted.error());
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    const auto wanted = read_ban(call.body);
    if (!wanted) return tl::unexpected<Error>(wanted.error());
    const auto done = registry_.ban(wanted->name, {.reason = wanted->reason, .since = edges_.clock()});
    return done ? all() : tl::unexpected(done.error());
  }

  Outcome unban(const Call &call) {
    if (auto admitted = authors_->admit_admin(call); !admitted) return tl::unexpected(admitted.error());
    const auto who = call.query.find("who");
    const auto name = Bans::name_of(who == call.query.end() ? "" : who->second);
    if (!name) return fail(Code::invalid, "query 'who': " + name.error().detail);
    if (!registry_.unban(*name)) return fail(Code::not_found, *name + " is not banned");
    return all();
  }

 private:
  Outcome all() { return json_reply(moderation_json(registry_.bans(), registry_.hidden_streams())); }

  Registry &registry_;
  const Edges edges_;
  const std::shared_ptr<Authors> authors_;
};

}  // namespace

void add_admin_calls(std::vector<http::Route> &table, Registry &registry, const Edges &edges,
                     std::shared_ptr<Authors> authors) {
  const auto calls = std::make_shared<AdminCalls>(registry, edges, std::move(authors));
  table.push_back({"GET", "/moderation", answer(calls, &AdminCalls::list)});
  table.push_back({"POST", "/bans", answer_when_kept(calls, &AdminCalls::ban, registry, edges.keep)});
  table.push_back({"DELETE", "/bans", answer_when_kept(calls, &AdminCalls::unban, registry, edges.keep)});
}

}  // namespace astral::origin

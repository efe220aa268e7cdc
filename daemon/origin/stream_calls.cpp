// SPDX-License-Identifier: BSD-3-Clause
// The calls about streams: their list, for people and for programs, and the changes that their own nodes
// make.
#include "core/slug.hpp"
#include "origin/accept.hpp"
#include "origin/calls.hpp"
#include "origin/frame.hpp"
#include "origin/memo.hpp"
#include "origin/page.hpp"
#include "origin/wire.hpp"

namespace astral::origin {
namespace {

using http::Call;

Expected<Order> order_of(const Call &call) {
  const auto found = call.query.find("sort");
  if (found == call.query.end() || found->second == "live") return Order::live;
  if (found->second == "name") return Order::name;
  if (found->second == "viewers") return Order::viewers;
  if (found->second == "bitrate") return Order::bitrate;
  if (found->second == "created") return Order::created;
  return fail(Code::invalid, "query 'sort': must be live, name, viewers, bitrate or created");
}

class StreamCalls {
 public:
  StreamCalls(Registry &registry, const Edges &edges, std::shared_ptr<Authors> authors)
      : registry_(registry), edges_(edges), authors_(std::move(authors)) {}

  Outcome home(const Call &call) {
    const auto text = list(call, "html", streams_page);
    return text ? Outcome(html(*text)) : tl::unexpected(text.error());
  }

  Outcome streams(const Call &call) {
    if (wants_html(call.accept)) return home(call);
    const auto text =
        list(call, "json", [](const std::vector<Stream> &streams, Order, UnixTime now) -> std::string {
          return streams_json(streams, now).text() + "\n";
        });
    return text ? Outcome(json_text(*text)) : tl::unexpected(text.error());
  }

  Outcome publish(const Call &call) {
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    const auto author = authors_->author_of(call, edges_.clock());
    if (!author) return tl::unexpected<Error>(author.error());
    auto stream = read_stream(call.body, *author, edges_.clock());
    if (!stream) return tl::unexpected(stream.error());
    if (auto allowed = speaks_as(*author, stream->source); !allowed) return tl::unexpected(allowed.error());
    return put(std::move(*stream));
  }

  Outcome show(const Call &call) {
    const auto stream = find(call);
    if (!stream) return tl::unexpected(stream.error());
    if (!wants_html(call.accept)) return json_reply(stream_json(*stream, edges_.clock()));
    const auto port = node_port_of(call);
    if (!port) return tl::unexpected(port.error());
    const UnixTime now = edges_.clock();
    const Node *source = registry_.node(stream->source, now);
    const Node *open = registry_.public_node(stream->source, now);
    return html(stream_page(*stream, {source, open}, *port, now), *port, open ? url_of(*open) : "");
  }

  Outcome how_to_publish(const Call &call) {
    const auto stream = find(call);
    if (!stream) return tl::unexpected(stream.error());
    const auto port = node_port_of(call);
    if (!port) return tl::unexpected(port.error());
    return html(publish_page(*stream, *port));
  }

  Outcome change(const Call &call) {
    if (!call.token.empty()) return hide(call);
    const auto author = authors_->author_of(call, edges_.clock());
    if (!author) return tl::unexpected<Error>(author.error());
    const auto stream = find_own(call, *author);
    if (!stream) return tl::unexpected(stream.error());
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    auto changes = read_changes(call.body, *stream, *author, edges_.clock());
    if (!changes) return tl::unexpected(changes.error());
    return put(std::move(*changes));
  }

  Outcome end(const Call &call) {
    if (!call.token.empty()) return take_down(call);
    const auto author = authors_->author_of(call, edges_.clock());
    if (!author) return tl::unexpected<Error>(author.error());
    const auto stream = find_own(call, *author);
    if (!stream) return tl::unexpected(stream.error());
    const auto removed = registry_.remove_stream(stream->slug, *author, edges_.clock());
    if (!removed) return tl::unexpected(removed.error());
    return json_reply({});
  }

 private:
  template <typename Make>
  Expected<std::string> list(const Call &call, const char *kind, Make make) {
    const auto order = order_of(call);
    if (!order) return tl::unexpected(order.error());
    const auto page = page_of(call);
    if (!page) return tl::unexpected(page.error());
    const UnixTime now = edges_.clock();
    const std::string key = std::string(kind) + " " + std::to_string(static_cast<int>(*order)) + " " +
                            std::to_string(page->limit) + " " + std::to_string(page->offset);
    return memo_.get(key, now, registry_.streams_version(),
                     [&] { return make(registry_.streams(*order, *page, now), *order, now); });
  }

  Outcome put(Stream stream) {
    const std::string slug = stream.slug;
    const auto change = registry_.put(std::move(stream));
    if (!change) return tl::unexpected(change.error());
    return changed(json_reply(stream_json(registry_.kept(slug), edges_.clock())), *change, "/stream/" + slug);
  }

  // An administrator's calls have a token.
  Outcome hide(const Call &call) {
    if (auto admitted = authors_->admit_admin(call); !admitted) return tl::unexpected(admitted.error());
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    const auto hidden = read_hidden(call.body);
    if (!hidden) return tl::unexpected<Error>(hidden.error());
    const auto done = registry_.hide(call.params.at("slug"), *hidden);
    return done ? Outcome(json_reply(stream_json(*done, edges_.clock())))
                : tl::unexpected<Error>(done.error());
  }

  Outcome take_down(const Call &call) {
    if (auto admitted = authors_->admit_admin(call); !admitted) return tl::unexpected(admitted.error());
    const auto done = registry_.take_down(call.params.at("slug"), edges_.clock());
    return done ? Outcome(json_reply({})) : tl::unexpected(done.error());
  }

  Expected<Stream> find(const Call &call) {
    const std::string &slug = call.params.at("slug");
    auto stream = registry_.stream(slug, edges_.clock());
    if (!stream) return fail(Code::not_found, "no stream " + slug.substr(0, core::max_slug));
    return std::move(*stream);
  }

  Expected<Stream> find_own(const Call &call, const Author &author) {
    auto stream = find(call);
    if (!stream) return stream;
    if (!stream->owner.empty()) {
      if (auto allowed = allow(author, &*stream, nullptr); !allowed) return tl::unexpected(allowed.error());
      return stream;
    }
    const auto uuid = uuid_of(call);
    if (!uuid) return tl::unexpected(uuid.error());
    if (auto allowed = allow_source(*stream, *uuid); !allowed) return tl::unexpected(allowed.error());
    return stream;
  }

  Registry &registry_;
  const Edges edges_;
  const std::shared_ptr<Authors> authors_;
  Memo memo_;
};

}  // namespace

void add_stream_calls(std::vector<http::Route> &table, Registry &registry, const Edges &edges,
                      std::shared_ptr<Authors> authors) {
  const auto calls = std::make_shared<StreamCalls>(registry, edges, std::move(authors));
  const auto kept = [&](Outcome (StreamCalls::*method)(const Call &)) {
    return answer_when_kept(calls, method, registry, edges.keep);
  };
  table.push_back({"GET", "/", answer(calls, &StreamCalls::home)});
  table.push_back({"GET", "/streams", answer(calls, &StreamCalls::streams)});
  table.push_back({"POST", "/streams", kept(&StreamCalls::publish)});
  table.push_back({"GET", "/stream/:slug", answer(calls, &StreamCalls::show)});
  table.push_back({"PUT", "/stream/:slug", kept(&StreamCalls::change)});
  table.push_back({"DELETE", "/stream/:slug", kept(&StreamCalls::end)});
  table.push_back({"GET", "/stream/:slug/publish", answer(calls, &StreamCalls::how_to_publish)});
}

}  // namespace astral::origin

// SPDX-License-Identifier: BSD-3-Clause
// The calls about nodes: reports, the sample, the map, and hints that a node is gone.
#include "core/slug.hpp"
#include "origin/accept.hpp"
#include "origin/address.hpp"
#include "origin/calls.hpp"
#include "origin/memo.hpp"
#include "origin/page.hpp"
#include "origin/wire.hpp"

namespace astral::origin {
namespace {

using http::Call;

class NodeCalls {
 public:
  NodeCalls(Registry &registry, const Edges &edges, std::shared_ptr<Authors> authors)
      : registry_(registry), edges_(edges), authors_(std::move(authors)) {}

  Outcome list(const Call &call) {
    if (wants_html(call.accept)) return page(call);
    const auto limit = number_of(call, "limit", default_sample, 1, max_sample);
    if (!limit) return tl::unexpected(limit.error());
    return json_reply(
        nodes_json(registry_.sample(call.caller, static_cast<std::size_t>(*limit), edges_.clock())));
  }

  Outcome report(const Call &call) {
    if (auto is_json = require_json(call); !is_json) return tl::unexpected(is_json.error());
    const auto author = authors_->author_of(call, edges_.clock());
    if (!author) return tl::unexpected<Error>(author.error());
    auto node = read_node(call.body, *author, edges_.clock());
    if (!node) return tl::unexpected(node.error());
    const std::string uuid = node->uuid;
    if (auto allowed = speaks_as(*author, uuid); !allowed) return tl::unexpected(allowed.error());
    const UnixTime now = node->heard;
    const auto change = registry_.put(std::move(*node));
    if (!change) {
      // Two nodes with one uuid. If the known one does not answer, it is removed, and the next report
      // succeeds.
      if (const Node *known = registry_.node(uuid, now); known && change.error().code == Code::conflict)
        check(*known);
      return tl::unexpected(change.error());
    }
    const Node &kept = *registry_.node(uuid, now);  // not null: put() has just added it
    if (wants_check(kept, now)) check(kept);
    return changed(json_reply(report_json(kept)), *change, "/node/" + uuid);
  }

  Outcome show(const Call &call) {
    const Node *node = registry_.node(call.params.at("uuid"), edges_.clock());
    if (!node) return unknown(call);
    return wants_html(call.accept) ? html(nodes_page({*node})) : json_reply(node_json(*node));
  }

  // A call of the node itself removes it. Any other call is a hint: the origin checks the node.
  Outcome forget(const Call &call) {
    const std::string &uuid = call.params.at("uuid");
    const Node *node = registry_.node(uuid, edges_.clock());
    if (!node) return unknown(call);
    const auto author = authors_->author_of(call, edges_.clock());
    if (!author) return tl::unexpected<Error>(author.error());
    if (speaks_for(*author, *node)) {
      registry_.remove_node(uuid);
      return json_reply(json::Builder().set("removed", true));
    }
    http::Reply reply = json_reply(json::Builder().set("removed", false).set("checking", check(*node)));
    reply.status = 202;
    return reply;
  }

  Outcome map(const Call &) {
    const UnixTime now = edges_.clock();
    return json_text(memo_.get("map", now, 0, [&] {
      const Page page{.limit = max_mapped};
      const auto nodes = registry_.nodes(page, now);
      const auto streams = registry_.streams(Order::live, page, now);
      const Totals totals{registry_.count_nodes(), registry_.count_listed(now)};
      return map_json(nodes, streams, totals, now).text() + "\n";
    }));
  }

 private:
  Outcome page(const Call &call) {
    const auto page = page_of(call);
    if (!page) return tl::unexpected(page.error());
    const UnixTime now = edges_.clock();
    const std::string key = std::to_string(page->limit) + " " + std::to_string(page->offset);
    return html(memo_.get(key, now, 0, [&] { return nodes_page(registry_.nodes(*page, now)); }));
  }

  static Outcome unknown(const Call &call) {
    return fail(Code::not_found, "no node " + call.params.at("uuid").substr(0, core::max_uuid));
  }

  bool check(const Node &node) {
    if (!may_be_checked(node.ip_address, node.reporter)) return false;
    return edges_.check({node.uuid, node.ip_address, node.port});
  }

  Registry &registry_;
  const Edges edges_;
  const std::shared_ptr<Authors> authors_;
  Memo memo_;
};

}  // namespace

void add_node_calls(std::vector<http::Route> &table, Registry &registry, const Edges &edges,
                    std::shared_ptr<Authors> authors) {
  const auto calls = std::make_shared<NodeCalls>(registry, edges, std::move(authors));
  table.push_back({"GET", "/nodes", answer(calls, &NodeCalls::list)});
  table.push_back({"POST", "/nodes", answer_when_kept(calls, &NodeCalls::report, registry, edges.keep)});
  table.push_back({"GET", "/node/:uuid", answer(calls, &NodeCalls::show)});
  table.push_back(
      {"DELETE", "/node/:uuid", answer_when_kept(calls, &NodeCalls::forget, registry, edges.keep)});
  table.push_back({"GET", "/map", answer(calls, &NodeCalls::map)});
}

}  // namespace astral::origin

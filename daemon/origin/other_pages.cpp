// SPDX-License-Identifier: BSD-3-Clause
// The pages about nodes, the map, how to get Astral and what it is.
#include "origin/frame.hpp"

namespace astral::origin {

std::string nodes_page(const std::vector<Node> &nodes) {
  std::string page = begin({.title = "Nodes", .refreshes = true});
  if (nodes.empty()) return end(page += "<p>No node has reported in the last 100 seconds.</p>\n");
  page +=
      "<div class=\"card\"><table><thead><tr><th>Node</th><th>Address</th><th>Role</th>"
      "<th class=\"number\">Children</th><th class=\"number\">Upstream, kbit/s</th><th>Reachable</th>"
      "<th>Version</th></tr></thead><tbody>\n";
  for (const Node &node : nodes) {
    const std::string room = node.capacity ? " of " + std::to_string(*node.capacity) : "";
    const auto cell = [](const char *label, const std::string &content, const char *attributes = "") {
      return std::string("<td data-label=\"") + label + "\"" + attributes + ">" + content + "</td>";
    };
    constexpr const char *right = " class=\"number\"";
    page += "<tr>" +
            cell("Node", (node.label.empty() ? "" : escape(node.label) + " ") + code(node.uuid) +
                             (node.owner.empty() ? " <span class=\"soft\">unsigned</span>" : "")) +
            cell("Address", link(url_of(node) + "/", url_of(node).substr(7))) +
            cell("Role", node.supernode ? "supernode" : "node") +
            cell("Children", number(node.children) + room, right) +
            cell("Upstream, kbit/s", number(node.upstream_kbps), right) +
            cell("Reachable", !node.reachable   ? "–"
                              : *node.reachable ? "yes"
                                                : "no") +
            cell("Version", escape(node.version)) + "</tr>\n";
  }
  return end(page += "</tbody></table></div>\n");
}

std::string moderation_page() {
  std::string page = begin({.title = "Moderation", .module = "moderation"});
  return end(page += R"(<form id="enter" class="card"><label>The administrator's token
<input name="token" type="password" autocomplete="current-password" required></label> <button>Show</button></form>
<p id="said" role="status"></p>
<div id="all" hidden>
<form id="stream" class="card"><label>Slug of a stream <input name="slug" required></label>
<button value="hide">Hide</button> <button value="delete">Delete</button></form>
<form id="ban" class="card"><label>Key (its fingerprint), address or network <input name="who" required></label>
<label>Reason, which the banned are told <input name="reason" maxlength="200"></label> <button>Ban</button></form>
<h2>Hidden streams</h2><ul id="hidden"></ul>
<h2>Bans</h2><ul id="bans"></ul>
</div>
)");
}

std::string map_page() {
  std::string page = begin({.title = "The network, now", .module = "map"});
  page +=
      R"(<p id="counts" role="status"><noscript>The map needs JavaScript; <a href="/nodes">the list</a> does not.</noscript></p>
<svg id="map" role="img" aria-label="Nodes and the supernodes they belong to"><g id="links"></g><g id="nodes"></g><g id="names"></g></svg>
<p class="soft legend"><svg class="sign" viewBox="-8 -8 16 16"><circle class="supernode" r="7"></circle></svg> supernode
<svg class="sign" viewBox="-8 -8 16 16"><circle class="node" r="4"></circle></svg> node
<svg class="sign" viewBox="-8 -8 16 16"><circle class="node" r="4"></circle><circle class="halo" r="7"></circle></svg> publishes</p>
)";
  return end(std::move(page));
}

std::string download_page(const std::string &site) {
  std::string page = begin({.title = "Download"});
  page +=
      "<p>A node is one program, " + code("astralnode") +
      ". It plays streams in your browser and forwards what you watch to others. On Debian 12 or 13, in "
      "Astral's source folder:</p>\n" +
      command(
          ". pipelines/packages.sh && install_missing $packages_to_build $packages_to_run\n"
          "meson setup build -Dtests=false && ninja -C build\n"
          "meson devenv -C build astralnode --origin " +
          site) +
      "<p>It serves its own page at " + link(own_node(8000) + "/", own_node(8000)) + ".</p>\n";
  return end(std::move(page));
}

std::string about_page() {
  std::string page = begin({.title = "About"});
  page +=
      "<p>Astral is live video from peer to peer. A publisher sends one copy; the viewers' nodes forward it "
      "to each other.</p>\n"
      "<p>This is an origin: nodes find each other here and people find streams. It carries no media. Nodes "
      "send media to each other with MOQT, the IETF's Media over QUIC Transport, over QUIC and ICE, and "
      "check each other's keys.</p>\n"
      "<p>Version " ASTRAL_VERSION ". The API for programs is described in " +
      link("/openapi.json", "OpenAPI") + ".</p>\n";
  return end(std::move(page));
}

}  // namespace astral::origin

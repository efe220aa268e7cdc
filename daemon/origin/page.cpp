// SPDX-License-Identifier: BSD-3-Clause
#include "origin/page.hpp"

#include <algorithm>
#include <array>

namespace astral::origin {
namespace {

// A visitor watches through the node on the visitor's own machine: that is what makes it peer to peer, and
// that node serves the player.
constexpr std::string_view own_node = "127.0.0.1:8000";

constexpr std::string_view head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; --ink: #1b2030; --soft: #667; --line: #dde; --page: #f6f7fb; --card: #fff; --star: #4054d6; --live: #d0293c }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf2; --soft: #9aa; --line: #2c3144; --page: #12141d; --card: #1b1f2c; --star: #8c9bff; --live: #ff5c6c } }
* { box-sizing: border-box } body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
header, main { max-width: 62rem; margin: 0 auto; padding: 1rem 1.25rem } header { display: flex; gap: 1.5rem; align-items: baseline; padding-top: 1.75rem }
header b { font-size: 1.35rem; letter-spacing: .02em } a { color: var(--star); text-decoration: none } a:hover { text-decoration: underline }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow-x: auto; padding: .25rem 1.1rem }
table { border-collapse: collapse; width: 100% } th { font-weight: 600; font-size: .85rem; text-align: left; color: var(--soft) }
th, td { padding: .65rem .6rem .65rem 0; border-bottom: 1px solid var(--line); vertical-align: top } tr:last-child td { border-bottom: 0 }
td small, .soft { color: var(--soft) } .number { text-align: right; white-space: nowrap } .live { color: var(--live); font-weight: 600; white-space: nowrap }
code { font: .88rem/1.6 ui-monospace, monospace; overflow-wrap: anywhere } dt { color: var(--soft); font-size: .85rem; margin-top: .8rem } dd { margin: 0 } .play { font-weight: 600 }
</style>
)";

std::string begin(std::string_view title, bool refresh) {
  std::string page(head);
  if (refresh) page += "<meta http-equiv=\"refresh\" content=\"10\">\n";
  page += "<title>" + escape(title) + "</title></head><body>\n";
  page += "<header><b>Astral</b> <a href=\"/\">Streams</a> <a href=\"/nodes\">Nodes</a></header>\n<main>\n";
  page += "<h1>" + escape(title) + "</h1>\n";
  return page;
}

std::string end(std::string page) {
  return std::move(page) += "</main></body></html>\n";
}

std::string link(std::string_view url, std::string_view text, std::string_view more = {}) {
  return "<a " + std::string(more) + "href=\"" + escape(url) + "\">" + escape(text) + "</a>";
}

std::string number(const std::optional<std::uint64_t> &value, std::string_view unit = {}) {
  if (!value) return "–";
  return std::to_string(*value) + std::string(unit);
}

std::string state(const Stream &stream, UnixTime now) {
  return is_live(stream, now) ? "<span class=\"live\">● live</span>" : "<span class=\"soft\">waiting</span>";
}

std::string host(const Node &node) {
  const bool v6 = node.ip_address.find(':') != std::string::npos;
  return (v6 ? "[" + node.ip_address + "]" : node.ip_address) + ":" + std::to_string(node.port);
}

std::string player(const Stream &stream) {
  return "http://" + std::string(own_node) + "/#watch/" + stream.slug;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string streams_page(const std::vector<Stream> &streams, Order order, UnixTime now) {
  std::string page = begin("Streams", true);
  if (streams.empty()) {
    page +=
        "<p class=\"card\"><br>Nothing is published yet. Publish from any machine that runs a node:<br>"
        "<code>gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=30 ! "
        "mpegtsmux ! astralsink uri=astral://127.0.0.1:8000/my-talk</code><br><br></p>\n";
    return end(std::move(page));
  }
  struct Column {
    Order order;
    const char *sort;
    const char *title;
    const char *attribute;
  };
  constexpr std::array<Column, 5> columns = {{{Order::name, "name", "Stream", ""},
                                              {Order::live, "live", "State", ""},
                                              {Order::viewers, "viewers", "Viewers", " class=\"number\""},
                                              {Order::bitrate, "bitrate", "kbit/s", " class=\"number\""},
                                              {Order::created, "created", "Since", " class=\"number\""}}};
  page += "<div class=\"card\"><table><thead><tr>";
  for (const Column &column : columns) {
    page += std::string("<th") + column.attribute + ">" +
            link(std::string("/?sort=") + column.sort, column.title) + (column.order == order ? " ↓" : "") +
            "</th>";
  }
  page += "<th></th></tr></thead><tbody>\n";
  for (const Stream &stream : streams) {
    const auto age = std::max<std::int64_t>(0, (now - stream.created).count()) / 60;
    page += "<tr><td>" + link("/stream/" + stream.slug, stream.name) + "<br><small>" +
            escape(stream.description) + "</small></td><td>" + state(stream, now) +
            "</td><td class=\"number\">" + number(stream.viewers) + "</td><td class=\"number\">" +
            number(stream.bitrate_kbps) + "</td><td class=\"number\">" +
            (age < 120 ? std::to_string(age) + " min" : std::to_string(age / 60) + " h") +
            "</td><td class=\"number\">" + link(player(stream), "Play", "class=\"play\" ") + "</td></tr>\n";
  }
  page += "</tbody></table></div>\n<p class=\"soft\">Play opens the node on your own machine, <code>" +
          std::string(own_node) + "</code>.</p>\n";
  return end(std::move(page));
}

std::string stream_page(const Stream &stream, const Node *source, UnixTime now) {
  const std::string own(own_node);
  const std::string hls = "/stream/" + stream.slug + "/hls/index.m3u8";
  std::string page = begin(stream.name, false);
  page += "<p>" + state(stream, now) + " &nbsp; " + escape(stream.description) +
          "</p>\n<div class=\"card\"><dl>\n";
  page += "<dt>In the browser, through the node on your machine</dt><dd>" +
          link(player(stream), "Play " + stream.name, "class=\"play\" ") + "</dd>\n";
  page += "<dt>In VLC, mpv or ffplay (HLS)</dt><dd><code>" +
          link("http://" + own + hls, "http://" + own + hls) + "</code></dd>\n";
  page += "<dt>In a GStreamer pipeline</dt><dd><code>gst-play-1.0 astral://" + own + "/" + stream.slug +
          "</code></dd>\n";
  if (source) {
    page += "<dt>At its publisher's node, for whoever has none (it costs the publisher's upstream)</dt><dd>" +
            link("http://" + host(*source) + "/#watch/" + stream.slug, host(*source)) + "</dd>\n";
  }
  page += "<dt>Published by node</dt><dd><code>" + escape(stream.source) + "</code>" +
          (source ? "" : " <span class=\"soft\">(away)</span>") + "</dd>\n";
  if (!stream.media.empty()) page += "<dt>Media</dt><dd><code>" + escape(stream.media) + "</code></dd>\n";
  page += "<dt>Viewers</dt><dd>" + number(stream.viewers) + "</dd><dt>Bit rate</dt><dd>" +
          number(stream.bitrate_kbps, " kbit/s") + "</dd>\n</dl></div>\n";
  return end(std::move(page));
}

std::string nodes_page(const std::vector<Node> &nodes) {
  std::string page = begin("Nodes", true);
  if (nodes.empty()) return end(page += "<p>No node has reported in the last seconds.</p>\n");
  page +=
      "<div class=\"card\"><table><thead><tr><th>Node</th><th>Address</th><th>Role</th>"
      "<th class=\"number\">Children</th><th class=\"number\">Upstream, kbit/s</th><th>Version</th>"
      "</tr></thead><tbody>\n";
  for (const Node &node : nodes) {
    page += "<tr><td><code>" + escape(node.uuid) + "</code></td><td>" +
            link("http://" + host(node) + "/", host(node)) + "</td><td>" +
            (node.supernode ? "supernode" : "node") + "</td><td class=\"number\">" + number(node.children) +
            "</td><td class=\"number\">" + number(node.upstream_kbps) + "</td><td>" + escape(node.version) +
            "</td></tr>\n";
  }
  return end(page += "</tbody></table></div>\n");
}

}  // namespace astral::origin

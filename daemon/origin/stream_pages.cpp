// SPDX-License-Identifier: BSD-3-Clause
// The pages about streams: the list, one stream to watch, how to publish it, and the form for a new one.
#include <algorithm>
#include <array>

#include "core/limits.hpp"
#include "origin/frame.hpp"

namespace astral::origin {
namespace {

struct Column {
  Order order;
  const char *sort;  // the value of ?sort=
  const char *title;
  const char *attributes;
};
constexpr std::array<Column, 5> columns = {{{Order::name, "name", "Stream", ""},
                                            {Order::live, "live", "State", ""},
                                            {Order::viewers, "viewers", "Viewers", " class=\"number\""},
                                            {Order::bitrate, "bitrate", "kbit/s", " class=\"number\""},
                                            {Order::created, "created", "Since", " class=\"number\""}}};

std::string state(const Stream &stream, UnixTime now) {
  if (is_live(stream, now)) return "<span class=\"live\">● live</span>";
  return std::string("<span class=\"soft\">") + state_of(stream, now) + "</span>";
}

std::string age(const Stream &stream, UnixTime now) {
  const auto minutes = std::max<std::int64_t>(0, now.time_since_epoch().count() - stream.created) / 60;
  return minutes < 120 ? std::to_string(minutes) + " min" : std::to_string(minutes / 60) + " h";
}

std::optional<std::uint64_t> bitrate(const Stream &stream) {  // 0: not measured yet
  return stream.bitrate_kbps == 0 ? std::nullopt : std::optional(stream.bitrate_kbps);
}

// table.js sorts by data-value. A narrow page shows the rows as blocks, with the titles of the columns as
// labels.
std::string cell(const std::string &value, const std::string &content, const char *label,
                 const char *attributes = "") {
  return "<td data-value=\"" + escape(value) + "\" data-label=\"" + label + "\"" + attributes + ">" +
         content + "</td>";
}

// The pointer shows what a narrow column cuts.
std::string long_text(const char *element, std::string_view text) {
  const std::string escaped = escape(text);
  return std::string("<") + element + " class=\"long\" dir=\"auto\" title=\"" + escaped + "\">" + escaped +
         "</" + element + ">";
}

std::string row(const Stream &stream, UnixTime now) {
  constexpr const char *right = " class=\"number\"";
  return "<tr>" +
         cell(stream.name,
              "<a href=\"/stream/" + stream.slug + "\">" + long_text("span", stream.name) + "</a>" +
                  long_text("small", stream.description),
              "Stream") +
         cell(is_live(stream, now) ? "1" : "0", state(stream, now), "State") +
         cell(std::to_string(stream.viewers.value_or(0)), number(stream.viewers), "Viewers", right) +
         cell(std::to_string(stream.bitrate_kbps), number(bitrate(stream)), "kbit/s", right) +
         cell(std::to_string(stream.created), age(stream, now), "Since", right) + "<td class=\"number\">" +
         link("/stream/" + stream.slug, "Play", "class=\"play\"") + "</td></tr>\n";
}

std::string pipeline_to(const std::string &host, const std::string &slug) {
  return "gst-launch-1.0 mpegtsmux name=mux latency=1000000000 ! astralsink uri=astral://" + host + "/" +
         slug +
         " \\\n"
         "    videotestsrc is-live=true ! video/x-raw,format=I420,width=640,height=360,framerate=30/1 "
         "! timeoverlay \\\n"
         "    ! x264enc tune=zerolatency key-int-max=30 bitrate=1000 ! queue ! mux. \\\n"
         "    audiotestsrc is-live=true wave=ticks ! avenc_aac ! queue ! mux.";
}

std::string host_of_own(std::uint16_t node_port) {
  return "127.0.0.1:" + std::to_string(node_port);
}

}  // namespace

std::string streams_page(const std::vector<Stream> &streams, Order order, UnixTime now) {
  std::string page = begin({.title = "Streams", .module = "table", .refreshes = true});
  page += "<div id=\"streams\">\n";
  if (streams.empty()) {
    page += "<p>Nothing is published yet. " + link("/upload", "Publish something") +
            " from any machine that runs a node.</p>\n";
  } else {
    page += "<div class=\"card\"><table><thead><tr>";
    for (const Column &column : columns) {
      page += std::string("<th data-sort=\"") + column.sort + "\"" + column.attributes +
              (column.order == order ? " aria-sort=\"other\"" : "") + ">" +
              link(std::string("/?sort=") + column.sort, column.title) + "</th>";
    }
    page += "<th></th></tr></thead><tbody>\n";
    for (const Stream &stream : streams) page += row(stream, now);
    page += "</tbody></table></div>\n";
  }
  return end(page += "</div>\n");
}

std::string stream_page(const Stream &stream, const StreamNodes &from, std::uint16_t node_port, UnixTime now) {
  const Node *source = from.source;
  const std::string own = own_node(node_port);
  const std::string hls = "/stream/" + stream.slug + "/hls/index.m3u8";
  std::string page = begin({.title = "", .name = stream.name, .module = "watch"});
  page += "<p>" + state(stream, now) + " &nbsp; " + typed(stream.description) + "</p>\n";
  page +=
      "<div id=\"watch\" data-node=\"" + escape(own) + "\" data-slug=\"" + escape(stream.slug) + "\"" +
      (from.open ? " data-open=\"" + escape(url_of(*from.open)) + "\"" : "") +
      ">\n<video id=\"video\" controls playsinline muted hidden></video>\n<p id=\"said\" role=\"status\">";
  page +=
      "<noscript>Without JavaScript, open the stream in your own node's page or in a player, "
      "below.</noscript>";
  page += "</p>\n<p id=\"no-node\" class=\"card\" hidden>No node answers on this machine. " +
          link("/download", "Get one") + ": it plays the stream here and forwards it to others." +
          (from.open ? " Until then the stream plays through a public node." : "") +
          "</p>\n"
          "</div>\n<div class=\"card\"><dl>\n";
  page += "<dt>In the page of the node on your machine</dt><dd>" + std::string("<a class=\"play\" href=\"") +
          escape(own) + "/#watch/" + stream.slug + "\">Play " + typed(stream.name) + "</a></dd>\n";
  page +=
      "<dt>In VLC, mpv or ffplay, through that node (HLS)</dt><dd>" + link(own + hls, own + hls) + "</dd>\n";
  page += "<dt>In a GStreamer pipeline</dt><dd>" +
          code("gst-play-1.0 astral://" + host_of_own(node_port) + "/" + stream.slug) + "</dd>\n";
  if (from.open) {
    const std::string url = url_of(*from.open) + hls;
    page += "<dt>Without a node of your own, through a public node (HLS)</dt><dd>" +
            link(url, url, "id=\"open\"") + "</dd>\n";
  }
  if (source && source != from.open) {
    page +=
        "<dt>Without a node of your own, from the publisher's node (HLS; uses the publisher's "
        "upstream)</dt><dd>" +
        link(url_of(*source) + hls, url_of(*source) + hls, "id=\"source\"") + "</dd>\n";
  }
  page += "<dt>Published by node</dt><dd>" + code(stream.source) +
          (source ? "" : " <span class=\"soft\">(away)</span>") + " " +
          link("/stream/" + stream.slug + "/publish", "How to publish it") + "</dd>\n";
  page += "<dt>Belongs to the key</dt><dd>" +
          (stream.owner.empty() ? std::string("<span class=\"soft\">none: nobody has signed it</span>")
                                : code(stream.owner)) +
          "</dd>\n";
  if (!stream.media.empty()) page += "<dt>Media</dt><dd>" + code(stream.media) + "</dd>\n";
  page += "<dt>Viewers</dt><dd>" + number(stream.viewers) + "</dd><dt>Bit rate</dt><dd>" +
          number(bitrate(stream), " kbit/s") + "</dd>\n</dl></div>\n";
  return end(std::move(page));
}

std::string publish_page(const Stream &stream, std::uint16_t node_port) {
  std::string page = begin({.title = "Publish", .name = stream.name});
  page += "<p>To publish, run a GStreamer pipeline that ends in " + code("astralsink") +
          " on the machine of node " + code(stream.source) +
          ", which owns the stream. Replace the test picture and sound with your own:</p>\n" +
          command(pipeline_to(host_of_own(node_port), stream.slug)) + "<p>Then watch it: <a href=\"/stream/" +
          stream.slug + "\">" + typed(stream.name) + "</a>.</p>\n";
  return end(std::move(page));
}

std::string upload_page(std::uint16_t node_port) {
  const std::string own = own_node(node_port);
  std::string page = begin({.title = "Publish"});
  page += "<p>Your own node publishes the stream. Enter a name; the page of the node on this machine, " +
          code(own) + ", opens next. There you create the stream and see how to send media into it." +
          "</p>\n<form class=\"card\" action=\"" + escape(own) +
          "/#publish\">\n<label>Name <input name=\"name\" dir=\"auto\" required maxlength=\"" +
          std::to_string(core::max_name) +
          "\"></label>\n<label>Description <input name=\"description\" dir=\"auto\" "
          "maxlength=\"" +
          std::to_string(core::max_description) +
          "\"></label>\n<button>Continue at my node</button>\n</form>\n<p>Or run this pipeline; the last "
          "part of its URI is the slug:</p>\n" +
          command(pipeline_to(host_of_own(node_port), "my-talk")) + "<p class=\"soft\">No node yet? " +
          link("/download", "Get one") + ".</p>\n";
  return end(std::move(page));
}

}  // namespace astral::origin

// SPDX-License-Identifier: BSD-3-Clause
#include "origin/frame.hpp"

namespace astral::origin {

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

std::string begin(const Head &head) {
  const std::string between = head.title.empty() || head.name.empty() ? "" : " ";
  const std::string title = escape(head.title) + between + escape(head.name);
  const std::string heading = escape(head.title) + between + (head.name.empty() ? "" : typed(head.name));
  std::string page =
      R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light"><link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/origin/origin.css">
)";
  if (head.refreshes) page += "<noscript><meta http-equiv=\"refresh\" content=\"10\"></noscript>\n";
  if (!head.module.empty())
    page += "<script type=\"module\" src=\"/origin/" + escape(head.module) + ".js\"></script>\n";
  page += "<title>" + title + " · Astral</title></head><body>\n<header>" +
          link("/", "Astral", "class=\"brand\"") + "<nav>" + link("/", "Streams") +
          link("/visualization", "Map") + link("/nodes", "Nodes") + link("/upload", "Publish") +
          link("/download", "Download") + link("/about", "About") + "</nav></header>\n<main>\n<h1>" +
          heading + "</h1>\n";
  return page;
}

std::string end(std::string page) {
  return std::move(page) += "</main></body></html>\n";
}

std::string typed(std::string_view text) {
  return "<bdi>" + escape(text) + "</bdi>";
}

std::string link(std::string_view url, std::string_view text, std::string_view attributes) {
  return "<a " + std::string(attributes) + (attributes.empty() ? "" : " ") + "href=\"" + escape(url) + "\">" +
         escape(text) + "</a>";
}

std::string code(std::string_view text) {
  return "<code>" + escape(text) + "</code>";
}

std::string command(std::string_view text) {
  return "<pre class=\"card\">" + code(text) + "</pre>\n";
}

std::string number(const std::optional<std::uint64_t> &value, std::string_view unit) {
  if (!value) return "–";
  return std::to_string(*value) + std::string(unit);
}

std::string url_of(const Node &node) {
  const bool v6 = node.ip_address.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + node.ip_address + "]" : node.ip_address) + ":" + std::to_string(node.port);
}

std::string own_node(std::uint16_t node_port) {
  return "http://127.0.0.1:" + std::to_string(node_port);
}

}  // namespace astral::origin

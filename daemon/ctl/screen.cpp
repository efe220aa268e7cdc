// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/screen.hpp"

#include <algorithm>
#include <map>

#include "ctl/table.hpp"
#include "ctl/text.hpp"

namespace astral::ctl {
namespace {

struct Section {
  std::string heading;
  Table table;
  std::vector<Style> styles;  // of its rows
  std::size_t room = 0;       // lines for its rows
};

std::string counted(std::size_t count, const char *one, const char *many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

Section streams(const Snapshot &snapshot) {
  Section section{"Streams", Table({"SLUG", "STATE", "kbit/s", "VIEWERS", "SOURCE", "NAME"}), {}};
  for (const StreamObject &stream : snapshot.streams) {
    section.table.add({stream.slug, stream.state, shown(stream.bitrate_kbps), shown(stream.viewers),
                       stream.source == snapshot.self.uuid ? "this node" : stream.source_name, stream.name});
    section.styles.push_back(stream.streaming ? Style::plain : Style::faint);
  }
  return section;
}

Section tickets(const Snapshot &snapshot) {
  std::map<std::string, Figure> rates;
  for (const StreamObject &stream : snapshot.streams) rates[stream.slug] = stream.bitrate_kbps;
  const auto end = [&](const TicketObject &ticket, const std::string &uuid, const std::string &name,
                       const char *program) {
    return uuid == snapshot.self.uuid ? "this node" : ticket.element ? program : name;
  };
  Section section{"Tickets", Table({"STREAM", "ROLE", "STATE", "HOPS", "kbit/s", "FROM", "TO"}), {}};
  for (const TicketObject &ticket : snapshot.tickets) {
    // The node does not measure each link: an active ticket takes the rate of its stream, a standby none.
    const bool standby = ticket.role == "standby";
    const Figure rate = ticket.bitrate_kbps || standby ? ticket.bitrate_kbps : rates[ticket.stream];
    section.table.add({ticket.stream, ticket.role, ticket.state, shown(ticket.hops), shown(rate),
                       end(ticket, ticket.source, ticket.source_name, "a publisher"),
                       end(ticket, ticket.destination, ticket.destination_name, "a player")});
    section.styles.push_back(standby ? Style::faint : Style::plain);
  }
  return section;
}

Section neighbours(const Snapshot &snapshot) {
  Section section{
      "Neighbours", Table({"NODE", "ADDRESS", "ROLE", "RTT ms", "CHILDREN", "UP kbit/s", "VERSION"}), {}};
  for (const NodeObject &node : snapshot.neighbours) {
    const bool ours = !snapshot.self.primary.empty() && node.uuid == snapshot.self.primary;
    const std::string role = ours ? "our supernode" : node.supernode ? "supernode" : "node";
    const std::string of = node.capacity.value_or(0) > 0 ? "/" + shown(node.capacity) : "";
    section.table.add({node.name, node.address, role, shown_ms(node.rtt_ms),
                       node.children ? shown(node.children) + of : "", shown(node.upstream_kbps),
                       node.version});
    section.styles.push_back(Style::plain);
  }
  return section;
}

std::string summary(const Snapshot &snapshot) {
  const NodeObject &self = snapshot.self;
  const auto live = std::count_if(snapshot.streams.begin(), snapshot.streams.end(),
                                  [](const StreamObject &stream) { return stream.streaming; });
  std::string text =
      std::to_string(live) + " of " + counted(snapshot.streams.size(), "stream", "streams") + " live";
  if (self.upstream_kbps) text += ", up " + shown(self.upstream_kbps) + " kbit/s";
  if (self.downstream_kbps) text += ", down " + shown(self.downstream_kbps) + " kbit/s";
  if (self.children) {
    text +=
        ", " + (self.capacity ? shown(self.children) + " of " + counted(*self.capacity, "child", "children")
                              : counted(*self.children, "child", "children"));
  }
  if (self.supernode) text += ", a supernode";
  if (!self.primary.empty()) text += ", supernode " + self.primary_name;
  return text;
}

std::string title(const View &view, std::size_t width) {
  std::string left = "astralctl top  ";
  if (view.known) left += "node " + printable(view.known->self.name) + "  ";
  left += printable(view.node);
  if (width == unlimited) return left + "  " + view.clock;
  const std::size_t right = columns(view.clock);
  if (right + 2 > width) return fit(left, width);
  left = fit(left, width - right - 2);
  left.append(width - right - columns(left), ' ');
  return left + view.clock;
}

// Divides the lines evenly; what a section does not need goes to the others.
void share(std::vector<Section> &sections, std::size_t room) {
  std::vector<Section *> order;
  for (Section &section : sections) order.push_back(&section);
  std::stable_sort(order.begin(), order.end(),
                   [](const Section *a, const Section *b) { return a->table.rows() < b->table.rows(); });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t need = std::max<std::size_t>(order[i]->table.rows(), 1);
    order[i]->room = std::min(need, room / (order.size() - i));
    room -= order[i]->room;
  }
}

void append(std::vector<Line> &lines, const Section &section, std::size_t width, bool is_old) {
  const std::size_t count = section.table.rows();
  const std::vector<std::string> table = section.table.lines(width);
  lines.push_back({fit(section.heading + " " + std::to_string(count), width), Style::heading});
  if (count == 0) {
    if (section.room > 0) lines.push_back({fit("none", width), Style::faint});
    return;
  }
  lines.push_back({table[0], Style::faint});
  const bool all = count <= section.room;
  const std::size_t whole = all ? count : section.room - std::min<std::size_t>(section.room, 1);
  for (std::size_t i = 0; i < whole; ++i) {
    lines.push_back({table[i + 1], is_old ? Style::faint : section.styles[i]});
  }
  if (!all && section.room > 0) {
    lines.push_back({fit("… " + std::to_string(count - whole) + " more", width), Style::faint});
  }
}

}  // namespace

std::vector<Line> draw(const View &view, std::size_t width, std::size_t height) {
  std::vector<Line> lines{{title(view, width), Style::title}};
  if (view.trouble) {
    const std::string age = view.known ? "State of " + std::to_string(view.age_s) + " s ago. " : "";
    lines.push_back({fit(age + "Retrying: " + printable(*view.trouble), width), Style::alert});
  } else {
    const std::string text = view.known ? printable(summary(*view.known)) : "asking " + printable(view.node);
    lines.push_back({fit(text, width), Style::plain});
  }
  if (view.known) {
    std::vector<Section> sections{streams(*view.known), tickets(*view.known), neighbours(*view.known)};
    std::size_t fixed = lines.size();
    for (const Section &section : sections)
      fixed += section.table.rows() > 0 ? 3 : 2;  // with the space above
    share(sections, height > fixed ? height - fixed : 0);
    for (const Section &section : sections) {
      lines.push_back({});
      append(lines, section, width, view.trouble.has_value());
    }
  }
  if (lines.size() > height) lines.resize(height);
  return lines;
}

}  // namespace astral::ctl

// SPDX-License-Identifier: BSD-3-Clause
#include "core/line.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace astral::core {
namespace {

// A line on which all went well may have room for as many children again, and their fifth.
constexpr std::uint64_t growth = 5, growth_of = 2;

}  // namespace

Line::Line(ThisNode &node, Outbox &outbox, const Sessions &sessions, const Tickets &tickets,
           UpstreamBudget &budget, const Directory &directory)
    : node_(node),
      outbox_(outbox),
      sessions_(sessions),
      tickets_(tickets),
      budget_(budget),
      directory_(directory) {
  if (learns() && node_.settings.measures) budget_.unknown_line(true);
}

void Line::settled() {
  next_ = node_.now;
  again_ = node_.settings.timeouts.measure_again;
  look();
}

void Line::beat() {
  if (node_.now >= doubted_) {
    doubted_ = never;
    next_ = node_.now;
    know(line_bps_, false);
  }
  look();
}

// No stream comes or goes. Players on this machine take nothing of the line.
bool Line::idle() const {
  if (budget_.children() > 0) return false;
  for (const TicketId &id : tickets_.all()) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.side == Side::held && ticket.kind == PeerKind::node && ticket.state >= TicketState::confirmed)
      return false;
  }
  return true;
}

// A supernode has nobody to ask: it measures with the nodes that measure with it.
void Line::look() {
  if (measuring_ || node_.leaving || node_.now < next_ || !idle()) return;
  const Peer *primary = sessions_.peers.find(sessions_.primary);
  const NodeInfo *at = primary == nullptr ? nullptr : directory_.node(primary->uuid);
  if (at == nullptr) return;
  next_ = never;
  const bool upstream = learns() && !well_;
  if (at->origin && !upstream) return;
  measuring_ = true;
  outbox_.emit(MeasureBandwidth{
      .ip_address = at->ip_address, .port = at->port, .upstream = upstream, .pings = at->origin});
}

void Line::begun() {
  if (!learns() || !node_.settings.measures || line_bps_ > 0 || node_.now < undisturbed_) return;
  undisturbed_ = node_.now + node_.settings.timeouts.disturb;
  budget_.unknown_line(false);
}

bool Line::measured(const BandwidthMeasured &input) {
  if (input.by_other && line_bps_ == 0 && learns() && node_.settings.measures) budget_.unknown_line(true);
  if (!input.by_other) {
    measuring_ = false;
    if (learns() && !well_ && (input.rough || input.upstream_bps == 0)) {
      next_ = node_.now + again_;
      again_ = std::min(2 * again_, node_.settings.timeouts.measure_seldom);
    }
  }
  if (input.downstream_bps > 0) node_.settings.self.downstream_kbps = input.downstream_bps / 1000;
  outbox_.announce(Change::node, node_.self());
  if (!learns() || input.upstream_bps == 0) return false;
  if (input.near && !near_ && line_bps_ > 0) return false;
  if (near_ && !input.near) {
    line_bps_ = 0;
    well_ = false;
  }
  near_ = input.near;
  const bool well = well_ || !input.rough;
  const bool by_guest = input.by_other && (by_guest_ || !well_);
  if (input.upstream_bps <= line_bps_ && well == well_ && by_guest == by_guest_) return false;
  by_guest_ = by_guest;
  know(std::max(line_bps_, input.upstream_bps), well);
  return true;
}

bool Line::seen(const std::vector<LinkSeen> &links) {
  const LineLearner::Verdict verdict = learner_.see(links, node_.now);
  if (!learns() || !node_.settings.measures) return false;
  const bool tries = verdict.thin && budget_.thin_children(*verdict.thin);
  if (verdict.at_most && *verdict.at_most > 0 && (line_bps_ == 0 || *verdict.at_most < line_bps_)) {
    by_guest_ = false;
    know(*verdict.at_most, true);
    doubted_ = node_.now + node_.settings.timeouts.doubt;
    return true;
  }
  if (!verdict.at_least) return tries;
  if (by_guest_ && *verdict.at_least > line_bps_) well_ = by_guest_ = false;
  const std::uint64_t bps = well_ ? *verdict.at_least : *verdict.at_least / growth_of * growth;
  if (bps <= line_bps_) return tries;
  know(bps, well_);
  return true;
}

void Line::know(std::uint64_t bps, bool well) {
  line_bps_ = bps;
  well_ = well;
  budget_.line(bps, !well || by_guest_);
  node_.settings.self.upstream_kbps = bps / 1000;
  outbox_.announce(Change::node, node_.self());
}

}  // namespace astral::core

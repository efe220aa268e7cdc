// SPDX-License-Identifier: BSD-3-Clause
#include "elements/outlet.hpp"

#include <algorithm>
#include <utility>

namespace astral::elements {

std::string random_uuid() {
  const GString_ text(g_uuid_string_random());
  return text.get();
}

Outlet::Outlet(ElementSettings settings, const LinkSettings &link, Hooks hooks)
    : settings_(std::move(settings)), hooks_(std::move(hooks)), uuid_(random_uuid()), loop_("astral-out") {
  loop_.run([&] {
    Provider::Settings provider{
        settings_.slug,
        uuid_,
        link,
        settings_.max_children,
        {.bytes = settings_.store_bytes, .age = std::chrono::milliseconds(settings_.store_time_ms)}};
    provider_ = std::make_unique<Provider>(std::move(provider), loop_.context(),
                                           static_cast<Provider::Owner &>(*this));
    timer_ = std::make_unique<Timer>(loop_.context(), [this] { snapshot(); });
    timer_->set(now() + snapshot_interval);
    retry_timer_ = std::make_unique<Timer>(loop_.context(), [this] { connect(); });
    connect();
  });
}

void Outlet::connect() {
  welcome_ = publish_sent_ = false;
  if (settings_.signaller == SignallerKind::application)
    signaller_ = std::make_unique<ApplicationSignaller>(hooks_.signalling);
  else
    signaller_ = std::make_unique<NodeSignaller>(settings_.node, loop_.context(),
                                                 static_cast<Signaller::Owner &>(*this));
}

Outlet::~Outlet() {
  loop_.run([this] {
    provider_.reset();
    signaller_.reset();
    timer_.reset();
    retry_timer_.reset();
  });
}

void Outlet::announce(const std::string &media, unsigned bitrate_kbps) {
  const bool changed = media_ && *media_ != media;
  media_ = media;
  bitrate_kbps_ = settings_.bitrate_kbps > 0 ? settings_.bitrate_kbps : bitrate_kbps;
  if (!welcome_) return;
  if (!publish_sent_)
    signaller_->send(
        signalling::publish(settings_.slug, settings_.title, settings_.description, media, bitrate_kbps_));
  else if (changed)
    signaller_->send(signalling::media(settings_.slug, media));
  publish_sent_ = true;
}

void Outlet::announce_end() {
  if (publish_sent_) signaller_->send(signalling::ended(settings_.slug));
}

void Outlet::on_signaller_open() {
  signaller_->send(signalling::hello(uuid_));
}

void Outlet::on_signaller_message(const std::string &text) {
  auto message = signalling::parse(text);
  if (!message && !was_connected_)
    hooks_.failed({Code::invalid, "the node sent an invalid message: " + message.error().detail});
  if (!message || !*message) return;  // links that work do not depend on the node
  if (std::holds_alternative<signalling::Welcome>(**message)) {
    welcome_ = true;
    backoff_ = first_retry;
    if (std::exchange(was_connected_, true) && hooks_.node) hooks_.node(true, "");
    if (media_) announce(*media_, bitrate_kbps_);
  } else if (const auto *published = std::get_if<signalling::Published>(&**message)) {
    published_ = true;
    if (on_published) on_published(published->largest_group);
  } else if (const auto *refusal = std::get_if<signalling::Refusal>(&**message);
             refusal && refusal->ticket.empty()) {
    const Error why = signalling::error_of(refusal->code, refusal->message);
    published_ ? on_signaller_lost(why) : hooks_.failed(why);
  } else {
    provider_->handle(**message);
  }
}

void Outlet::on_signaller_lost(const Error &error) {
  if (!was_connected_) return hooks_.failed(error);
  if (hooks_.node) hooks_.node(false, error.detail);
  retry_timer_->set(now() + backoff_);
  backoff_ = std::min(backoff_ * 2, last_retry);
}

void Outlet::take_signalling(std::string text) {
  loop_.post([this, text = std::move(text)] {
    if (auto message = signalling::parse(text); message && *message) provider_->handle(**message);
  });
}

void Outlet::on_provider_signal(const std::string &text) {
  if (signaller_) signaller_->send(text);
}

void Outlet::on_child_added(const std::string &ticket, const std::string &fingerprint) {
  snapshot();
  hooks_.peer_added(ticket, fingerprint);
}

void Outlet::on_child_removed(const std::string &ticket, const Error &why) {
  snapshot();
  hooks_.peer_removed(ticket, why.detail);
}

void Outlet::on_child_slow(const std::string &ticket) {
  if (hooks_.slow) hooks_.slow(ticket);
}

void Outlet::on_child_silent(const std::string &ticket) {
  snapshot();  // who hears of it reads the statistics
  if (hooks_.child_silent) hooks_.child_silent(ticket);
}

void Outlet::snapshot() {
  Statistics statistics;
  if (count) count(statistics);
  provider_->fill(statistics);
  statistics_.with([&](Statistics &shared) { std::swap(shared, statistics); });
  timer_->set(now() + snapshot_interval);
}

Statistics Outlet::statistics() {
  return statistics_.with([](const Statistics &shared) { return shared; });
}

}  // namespace astral::elements

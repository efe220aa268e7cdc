// SPDX-License-Identifier: BSD-3-Clause
#include "elements/source_impl.hpp"

#include <algorithm>

#include "glue/descriptors.hpp"

namespace astral::elements {

SourceImpl::SourceImpl(const ElementSettings &settings, const LinkSettings &link,
                       std::optional<trust::Guest> guest, Hooks hooks)
    : settings_(settings),
      link_(link),
      hooks_(std::move(hooks)),
      uuid_(random_uuid()),
      standby_(settings.standby),
      stream_key_(stream_key_of(settings)),
      opener_(std::move(guest)),
      loop_("astral-in") {
  loop_.run([&] {
    offer_timer_ = std::make_unique<Timer>(loop_.context(), [this] {
      reconnect(Error{Code::timeout, "no peer has offered the stream '" + settings_.slug + "'"});
    });
    retry_timer_ = std::make_unique<Timer>(loop_.context(), [this] { connect(); });
    doubt_timer_ = std::make_unique<Timer>(loop_.context(), [this] {
      warn({Code::timeout,
            "no media of '" + settings_.slug + "' has come yet; the node still looks for a way"});
    });
    doubt_timer_->set(settings_.signaller == SignallerKind::node ? now() + patience : never);
    snapshot_timer_ = std::make_unique<Timer>(loop_.context(), [this] { snapshot(); });
    snapshot_timer_->set(now() + snapshot_interval);
    connect();
  });
}

void SourceImpl::connect() {
  if (consumer_) {
    refused_ += consumer_->refused();
    forged_ += consumer_->forged();
    if (const Fingerprint &key = consumer_->stream_key(); !key.empty()) stream_key_ = key;
  }
  Consumer::Settings consumer{
      settings_.slug,
      link_,
      {.bytes = settings_.store_bytes, .age = std::chrono::milliseconds(settings_.store_time_ms)},
      standby_,
      std::chrono::milliseconds(settings_.max_lag_ms),
      stream_key_};
  ticket_ = random_uuid();
  connected_.clear();
  offered_ = false;
  consumer_ =
      std::make_unique<Consumer>(std::move(consumer), loop_.context(), static_cast<Consumer::Owner &>(*this));
  offer_timer_->set(now() + offer_timeout);
  if (settings_.signaller == SignallerKind::application)
    signaller_ = std::make_unique<ApplicationSignaller>(hooks_.signalling);
  else
    signaller_ = std::make_unique<NodeSignaller>(settings_.node, loop_.context(),
                                                 static_cast<Signaller::Owner &>(*this));
}

void SourceImpl::reconnect(const Error &why) {
  if (ended_) return;
  const Time time = now();
  if (!may_retry(why)) return end(why);
  warn(why);
  if (!lost_) {
    lost_ = time;
    backoff_ = time - linked_ >= lasting ? Time{} : first_retry;
    if (hooks_.node) hooks_.node(false, why.detail);
  }
  offer_timer_->set(never);
  retry_timer_->set(time + backoff_);
  backoff_ = std::clamp(backoff_ * 2, first_retry, last_retry);
}

bool SourceImpl::may_retry(const Error &why) const {
  if (settings_.signaller == SignallerKind::application || !settings_.auto_reconnect) return false;
  const bool for_ever = why.code == Code::invalid || why.code == Code::unsupported ||
                        why.code == Code::refused || why.code == Code::forged;
  return was_connected_ || !for_ever;
}

void SourceImpl::warn(const Error &why) {
  const Time time = now();
  if (ended_ || !hooks_.trouble || (why.detail == trouble_ && time - warned_ < same_trouble)) return;
  trouble_ = why.detail;
  warned_ = time;
  doubt_timer_->set(never);
  hooks_.trouble(why);
}

SourceImpl::~SourceImpl() {
  loop_.run([this] {
    if (signaller_ && !connected_.empty() && !ended_)
      signaller_->send(signalling::to_text(signalling::Cancel{connected_, "closed", "the viewer stopped"}));
    consumer_.reset();
    signaller_.reset();
    offer_timer_.reset();
    retry_timer_.reset();
    doubt_timer_.reset();
    snapshot_timer_.reset();
  });
}

Expected<std::unique_ptr<SourceImpl>> SourceImpl::start(const ElementSettings &settings, Hooks hooks) {
  if (auto good = check(settings); !good) return tl::unexpected<Error>(good.error());
  // A node keeps the last ones for this: it has none for its children, but one for their parent.
  if (settings.signaller == SignallerKind::node && only_the_last_are_free())
    return fail(Code::no_room, "no file descriptor is left for another link (ulimit -n)");
  auto link = link_settings(settings);
  if (!link) return tl::unexpected<Error>(link.error());
  const auto guest = guest_of(settings);
  if (!guest) return tl::unexpected<Error>(guest.error());
  return std::unique_ptr<SourceImpl>(new SourceImpl(settings, *link, *guest, std::move(hooks)));
}

std::optional<SourceImpl::Item> SourceImpl::pop() {
  bool wanted = false;
  auto item = items_.pop(wanted);
  if (wanted) loop_.post([this] { refill(); });
  return item;
}

void SourceImpl::take_signalling(std::string text) {
  loop_.post([this, text = std::move(text)] { take_message(text); });
}

void SourceImpl::set_standby(bool standby) {
  loop_.post([this, standby] {
    standby_ = standby;
    consumer_->set_standby(standby);
  });
}

void SourceImpl::fetch(const track::Span &gap) {
  loop_.post([this, gap] {
    forwards_ = true;
    consumer_->fetch(gap);
  });
}

Needs SourceImpl::on_consumer_needs() {
  Needs needs = hooks_.needs ? hooks_.needs() : Needs{};
  forwards_ = needs.forwards;
  if (!needs.first) needs.first = position_;
  return needs;
}

void SourceImpl::on_signaller_open() {
  signaller_->send(signalling::hello(uuid_));
}

void SourceImpl::on_signaller_message(const std::string &text) {
  take_message(text);
}

void SourceImpl::on_signaller_lost(const Error &error) {
  reconnect(error);  // the link's peer is the same node, so it is lost too
}

void SourceImpl::take_message(const std::string &text) {
  if (ended_) return;
  auto message = signalling::parse(text);
  if (!message && connected_.empty())
    return end(Error{Code::invalid, "the node sent an invalid message: " + message.error().detail});
  if (!message || !*message) return;  // a link that works does not depend on the node
  if (const auto *welcome = std::get_if<signalling::Welcome>(&**message)) {
    signaller_->send(signalling::request(ticket_, settings_.slug, stream_key_, welcome->uuid));
  } else if (const auto *refusal = std::get_if<signalling::Refusal>(&**message)) {
    const Error why = signalling::error_of(refusal->code, refusal->message);
    if (refusal->code == "no-path")  // a notice: the node goes on looking
      warn(why);
    else if (connected_.empty())
      reconnect(why);
  } else if (const auto *gone = std::get_if<signalling::Cancel>(&**message);
             gone != nullptr && gone->ticket == ticket_ && !offered_) {
    reconnect(signalling::error_of(gone->code, gone->message));  // the node begins anew with this stream
  } else {
    if (std::holds_alternative<signalling::Offer>(**message)) {
      offered_ = true;
      offer_timer_->set(never);
    }
    consumer_->handle(**message);
  }
}

void SourceImpl::on_consumer_signal(const std::string &text) {
  if (signaller_) signaller_->send(text);
}

void SourceImpl::on_consumer_connected(const std::string &ticket, const std::string &fingerprint) {
  connected_ = ticket;
  was_connected_ = true;
  linked_ = now();
  if (lost_.has_value() && hooks_.node) hooks_.node(true, "");
  lost_.reset();
  trouble_.clear();
  doubt_timer_->set(never);
  hooks_.peer_added(ticket, fingerprint);
}

void SourceImpl::on_consumer_ready() {
  refill();
}

void SourceImpl::on_consumer_thin(const std::optional<LineMeter::Rates> &rates) {
  if (hooks_.thin) hooks_.thin(rates);
}

void SourceImpl::on_consumer_ended(const std::optional<Error> &error) {
  if (!connected_.empty()) hooks_.peer_removed(connected_, error ? error->detail : "the stream has ended");
  if (error)
    reconnect(*error);
  else
    end(std::nullopt);
}

// A relay gets a private stream as it is. Null: nobody here can read it (yet).
SharedTaken SourceImpl::opened(const SharedTaken &taken) {
  if (forwards_ || !Opener::is_sealed(*taken)) return taken;
  auto open = opener_.open(taken);
  if (!open) {
    if (std::exchange(locked_, true)) return nullptr;
    settings_.auto_reconnect ? warn(open.error()) : end(open.error());
    return nullptr;
  }
  if (!std::exchange(locked_, false)) return *open;
  auto first = std::make_shared<Taken>(**open);
  first->skipped = true;
  return first;
}

void SourceImpl::refill() {
  if (!consumer_) return;
  for (;;) {
    if (!next_) {
      auto taken = consumer_->take();
      if (!taken) {
        reader_behind_ = false;
        break;
      }
      if (!taken->past)
        position_ = taken->object.status == moqt::ObjectStatus::normal
                        ? moqt::Location{taken->object.id.group, taken->object.id.object + 1}
                        : moqt::Location{taken->object.id.group + 1, 0};
      if (!reader_behind_) taken->arrived = now();
      const SharedTaken object = opened(std::make_shared<const Taken>(std::move(*taken)));
      if (!object) continue;
      next_ = object;
      // May come back to this function, which then queues next_.
      if (!reader_behind_) consumer_->observe(*object);
      if (!next_) continue;
    }
    Item item = *next_;
    if (!items_.try_push(item, (*next_)->object.wire.size() + 1)) {
      reader_behind_ = true;
      return;
    }
    next_.reset();
  }
  if (!end_) return;
  Item item = *end_;
  if (items_.try_push(item, 1)) end_.reset();
}

void SourceImpl::end(std::optional<Error> error) {
  if (ended_) return;
  ended_ = true;
  snapshot();
  offer_timer_->set(never);
  end_ = End{std::move(error)};
  refill();
}

void SourceImpl::snapshot() {
  Statistics statistics;
  consumer_->fill(statistics);
  statistics.refused += refused_;
  statistics.forged += forged_;
  statistics_.with([&](Statistics &shared) { std::swap(shared, statistics); });
  snapshot_timer_->set(now() + snapshot_interval);
}

Statistics SourceImpl::statistics() {
  return statistics_.with([](const Statistics &shared) { return shared; });
}

}  // namespace astral::elements

// SPDX-License-Identifier: BSD-3-Clause
#include "media/stream.hpp"

#include <algorithm>
#include <utility>

namespace astral::media {

Expected<std::unique_ptr<Stream>> Stream::open(std::string slug, const Settings &settings, Handler &handler) {
  std::unique_ptr<Stream> stream(new Stream(std::move(slug), settings, handler));
  if (const auto built = stream->build(); !built) return tl::unexpected<Error>(built.error());
  return stream;
}

Stream::Stream(std::string slug, const Settings &settings, Handler &handler)
    : slug_(std::move(slug)),
      settings_(settings),
      handler_(handler),
      pipeline_(Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))))),
      mailbox_(g_main_context_get_thread_default()),
      facts_([this] { mailbox_.post([this] { handler_.on_facts(slug_); }); }),
      drain_timer_(g_main_context_get_thread_default(), [this] { drained(""); }) {}

Stream::~Stream() {
  if (hls_) hls_->live().end({Code::not_found, "the stream has ended"});
  branches_.reset();
  parents_.clear();
  draining_.clear();
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  relay_signal_ = SignalHandler();
  silence_signal_ = SignalHandler();
  slow_signal_ = SignalHandler();
  silent_child_signal_ = SignalHandler();
  lack_signal_ = SignalHandler();
}

Expected<void> Stream::build() {
  auto made = make_element("astralrelay", "relay", element_settings());
  if (!made) return tl::unexpected<Error>(made.error());
  relay_ = std::move(*made);
  errors_ = std::make_unique<BusErrors>(
      pipeline_.get(), mailbox_, [this](GstObject *from, const Error &error) { on_error(from, error); },
      nullptr, [this](const GstStructure &told) { on_told(told); });
  gst_bin_add(GST_BIN(pipeline_.get()), relay_.get());
  // Set from text: the properties have integer types of different widths.
  const auto set = [&](const char *name, std::uint64_t value) {
    gst_util_set_object_arg(G_OBJECT(relay_.get()), name, std::to_string(value).c_str());
  };
  set("max-children", settings_.max_children);
  set("store-bytes", settings_.store_bytes);
  set("store-time", static_cast<std::uint64_t>(settings_.store_time / 1ms));
  if (settings_.key) {
    const Bytes pem = settings_.key->private_key_pem();
    g_object_set(relay_.get(), "signing-key", std::string(pem.begin(), pem.end()).c_str(), nullptr);
  }
  relay_signal_ = SignalHandler(
      relay_.get(), g_signal_connect(relay_.get(), "signalling-message",
                                     G_CALLBACK(+[](GstElement *, const char *json, gpointer self) noexcept {
                                       Stream *stream = static_cast<Stream *>(self);
                                       stream->mailbox_.post([stream, message = std::string(json)] {
                                         stream->handler_.on_relay_message(stream->slug_, message);
                                       });
                                     }),
                                     this));
  silence_signal_ = SignalHandler(
      relay_.get(),
      g_signal_connect(relay_.get(), "silence", G_CALLBACK(+[](GstElement *, guint, gpointer self) noexcept {
                         Stream *stream = static_cast<Stream *>(self);
                         stream->mailbox_.post([stream] { stream->handler_.on_silence(stream->slug_); });
                       }),
                       this));
  slow_signal_ = SignalHandler(
      relay_.get(),
      g_signal_connect(relay_.get(), "child-slow",
                       G_CALLBACK(+[](GstElement *, const char *ticket, gpointer self) noexcept {
                         Stream *stream = static_cast<Stream *>(self);
                         stream->mailbox_.post([stream, ticket = std::string(ticket)] {
                           stream->handler_.on_child_slow(stream->slug_, ticket);
                         });
                       }),
                       this));
  silent_child_signal_ = SignalHandler(
      relay_.get(),
      g_signal_connect(
          relay_.get(), "child-silent", G_CALLBACK(+[](GstElement *, const char *, gpointer self) noexcept {
            Stream *stream = static_cast<Stream *>(self);
            stream->mailbox_.post([stream] { stream->handler_.on_media(stream->slug_, stream->caps_); });
          }),
          this));
  lack_signal_ =
      SignalHandler(relay_.get(), g_signal_connect(relay_.get(), "parent-lacks",
                                                   G_CALLBACK(+[](GstElement *, gpointer self) noexcept {
                                                     Stream *stream = static_cast<Stream *>(self);
                                                     stream->mailbox_.post([stream] { stream->on_lack(); });
                                                   }),
                                                   this));
  const auto source = Ref<GstPad>::adopt(gst_element_get_static_pad(relay_.get(), "src"));
  hls_ = std::make_unique<HlsBranch>(
      GST_BIN(pipeline_.get()), source.get(), g_main_context_get_thread_default(), settings_.hls,
      [this](const std::string &caps) {
        caps_ = caps;
        handler_.on_media(slug_, caps);
      },
      [this] { handler_.on_hls_news(slug_); }, [this] { handler_.on_facts(slug_); });
  hls_->live().join(facts_);
  branches_ = std::make_unique<Branches>(hls_->live(), g_main_context_get_thread_default());
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail(Code::failed, "the pipeline of " + slug_ + " does not start");
  return {};
}

ElementSettings Stream::element_settings() const {
  return {.slug = slug_,
          .key_file = settings_.key_file,
          .stun = settings_.stun,
          .turn = settings_.turn,
          .endpoint = settings_.endpoint,
          .max_lag = settings_.max_lag};
}

void Stream::to_relay(const std::string &json) {
  handle_signalling(relay_.get(), json);
}

Expected<void> Stream::add_source(const Source &source) {
  const std::string &ticket = source.ticket;
  if (has_source(ticket)) return fail(Code::conflict, "ticket " + ticket + " has a source already");
  const Parent::Place place{.pipeline = GST_BIN(pipeline_.get()), .relay = relay_.get(), .mailbox = mailbox_};
  ElementSettings settings = element_settings();
  settings.stream_key = source.stream_key;
  // Parents before may have been believed because nobody knew better.
  if (!source.stream_key.empty())
    g_object_set(relay_.get(), "stream-key", source.stream_key.c_str(), nullptr);
  auto parent = Parent::open(
      place, settings, source.standby,
      {.on_message = [this,
                      ticket](const std::string &json) { handler_.on_source_message(slug_, ticket, json); },
       .on_linked = [this, ticket] { handler_.on_source_linked(slug_, ticket); },
       .on_media = [this, ticket] { handler_.on_source_flows(slug_, ticket); },
       .on_ended =
           [this, ticket](const Error &error) {
             const bool is_draining = draining_.contains(ticket);
             if (is_draining) drained(ticket);
             if (is_draining && error.code != Code::forged) return;
             handler_.on_source_ended(slug_, ticket, error);
           }});
  if (!parent) return tl::unexpected<Error>(parent.error());
  Parent &added = *parents_.emplace(ticket, std::move(*parent)).first->second;
  added.handle_signalling(source.offer);
  return {};
}

void Stream::switch_source(const std::string &ticket, bool standby) {
  if (const auto found = parents_.find(ticket); found != parents_.end()) found->second->set_standby(standby);
}

void Stream::use_stun(const std::string &server) {
  settings_.stun = server;
  g_object_set(relay_.get(), "stun-server", server.empty() ? nullptr : server.c_str(), nullptr);
}

void Stream::use_turn(const std::string &uri) {
  settings_.turn = uri;
  g_object_set(relay_.get(), "turn-server", uri.c_str(), nullptr);
}

void Stream::set_privacy(const std::string &privacy) {
  g_object_set(relay_.get(), "privacy", privacy.c_str(), nullptr);
}

// Of the relay: whether it can read the private stream.
void Stream::on_told(const GstStructure &told) {
  if (!gst_structure_has_name(&told, "astral-private")) return;
  const auto text = [&told](const char *field) {
    const char *value = gst_structure_get_string(&told, field);
    return std::string(value == nullptr ? "" : value);
  };
  gboolean is_open = FALSE;
  gst_structure_get_boolean(&told, "open", &is_open);
  std::optional<Title> title;
  if (is_open) title = Title{.name = text("name"), .description = text("description")};
  if (std::exchange(title_, title) != title) handler_.on_facts(slug_);
}

void Stream::set_invitation(const std::string &invitation) {
  g_object_set(relay_.get(), "invitation", invitation.c_str(), nullptr);
}

void Stream::limit_store(std::uint64_t bytes) {
  gst_util_set_object_arg(G_OBJECT(relay_.get()), "store-bytes", std::to_string(bytes).c_str());
  hls_->limit_dvr(bytes);
}

void Stream::to_source(const std::string &ticket, const std::string &json) {
  if (const auto found = parents_.find(ticket); found != parents_.end())
    found->second->handle_signalling(json);
}

void Stream::remove_source(const std::string &ticket, bool drain) {
  const auto found = parents_.find(ticket);
  if (found == parents_.end()) return;
  if (drain && !found->second->has_ended()) {
    draining_.insert(parents_.extract(found));
    drain_timer_.set(now() + drain_time);
  } else {
    retire(ticket, *found->second);
    parents_.erase(found);
  }
}

void Stream::retire(const std::string &ticket, const Parent &parent) {
  const StructurePtr stats = parent.stats();
  if (!stats) return;
  refused_ += stats_count(stats.get(), "refused");
  if (stats_count(stats.get(), "forged") == 0 || parent.has_ended()) return;
  // The other end may have said that the link is over before our element could say why.
  mailbox_.post([this, ticket] {
    handler_.on_source_ended(slug_, ticket,
                             {Code::forged, "it brought what the stream's key has not signed"});
  });
}

// Empty: all of them, because their time is over.
void Stream::drained(const std::string &ticket) {
  for (const auto &[of, parent] : draining_)
    if (ticket.empty() || ticket == of) retire(of, *parent);
  if (ticket.empty())
    draining_.clear();
  else
    draining_.erase(ticket);
  if (!draining_.empty()) return;
  drain_timer_.set(never);
  if (ends_) g_signal_emit_by_name(relay_.get(), "end");
}

void Stream::end() {
  if (std::exchange(ends_, true)) return;
  if (draining_.empty()) g_signal_emit_by_name(relay_.get(), "end");
}

void Stream::on_error(GstObject *from, const Error &error) {
  for (const auto &[ticket, parent] : parents_)
    if (parent->take_error(from, error)) return;  // its handler may have destroyed this stream
  for (const auto &[ticket, parent] : draining_)
    if (parent->take_error(from, error)) return;
  if (from == GST_OBJECT(relay_.get()))
    g_warning("stream %s: relay: %s", slug_.c_str(), error.detail.c_str());
}

// With two active parents it is not known which one lacks them.
void Stream::on_lack() {
  const auto is_active = [](const auto &entry) { return !entry.second->is_standby(); };
  if (std::ranges::count_if(parents_, is_active) != 1) return;
  const auto parent = std::ranges::find_if(parents_, is_active);
  parent->second->end({Code::unreachable, "it lacks what another node has"});
}

Stats Stream::stats() const {
  Stats out;
  out.caps = caps_;
  out.refused = refused_;
  if (const StructurePtr stats = stats_of(relay_.get())) {
    out.bytes = stats_count(stats.get(), "bytes");
    out.objects = stats_count(stats.get(), "objects");
    out.groups = stats_count(stats.get(), "groups");
    out.largest_group = stats_count(stats.get(), "largest-group");
    out.rate_bps = stats_count(stats.get(), "rate-bps");
    out.skipped = stats_count(stats.get(), "skipped");
    out.refused += stats_count(stats.get(), "refused");
    gst_structure_get_int(stats.get(), "peers", &out.peers);
    add_links(stats.get(), false, out.links);
  }
  for (const auto &[ticket, parent] : parents_)
    if (const StructurePtr stats = parent->stats()) {
      add_links(stats.get(), true, out.links);
      out.refused += stats_count(stats.get(), "refused");
      if (const std::uint64_t needed = stats_count(stats.get(), "needed-bps"); needed > 0) {
        out.needed_bps = needed;
        out.carried_bps = stats_count(stats.get(), "carried-bps");
      }
    }
  return out;
}

std::string Stream::drawing() const {
  const GString_ text(gst_debug_bin_to_dot_data(GST_BIN(pipeline_.get()), GST_DEBUG_GRAPH_SHOW_MEDIA_TYPE));
  return text ? text.get() : "";
}

formats::Facts Stream::facts() const {
  formats::Facts facts = hls_->live_refusal().empty() ? facts_.facts() : formats::Facts{};
  const formats::Facts &tracks = hls_->tracks();
  if (tracks.video && (!facts.video || facts.video->width == 0)) facts.video = tracks.video;
  if (tracks.audio && (!facts.audio || facts.audio->rate == 0)) facts.audio = tracks.audio;
  facts.video_tracks = std::max(facts.video_tracks, tracks.video_tracks);
  facts.audio_tracks = std::max(facts.audio_tracks, tracks.audio_tracks);
  return facts;
}

const formats::HlsWindow *Stream::hls() const {
  return hls_->refusal().empty() ? &hls_->window() : nullptr;
}

Expected<std::string> Stream::playlist(const formats::PlaylistQuery &query) const {
  if (!hls_->refusal().empty()) return fail(Code::unsupported, hls_->refusal());
  return hls_->window().playlist(query);
}

Time Stream::hls_patience() const {
  return hls_->window().patience();
}

void Stream::play(formats::Format format, formats::Player &player) {
  if (format == formats::Format::key) {
    for (const Slice &piece : hls_->window().key_fragment()) player.on_frame(piece, true);
    return player.on_over({Code::not_found, "no key frame has come yet"});
  }
  if (!hls_->live_refusal().empty()) return player.on_over({Code::unsupported, hls_->live_refusal()});
  branches_->join(format, player);
}

void Stream::leave(formats::Format format, formats::Player &player) {
  branches_->leave(format, player);
}

}  // namespace astral::media

// SPDX-License-Identifier: BSD-3-Clause
#include "media/stream.hpp"

#include <algorithm>
#include <utility>

#include "media/overlap.hpp"
#include "media/player_formats.hpp"

namespace astral::media {

namespace {

constexpr char source_element[] = "astralsrc";
constexpr char relay_element[] = "astralrelay";
constexpr Time for_return = 10s;  // of a format's next player, after the last one

Expected<Ref<GstElement>> make(const char *factory, const char *name) {
  GstElement *element = gst_element_factory_make(factory, name);
  if (!element)
    return fail(Code::failed, std::string("the GStreamer element ") + factory +
                                  " is missing: GST_PLUGIN_PATH must name the folder of Astral's plugin");
  return Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(element)));
}

// What both elements have.
void configure(GstElement *element, const std::string &slug, const Settings &settings) {
  gst_util_set_object_arg(G_OBJECT(element), "signaller", "application");
  g_object_set(element, "slug", slug.c_str(), nullptr);
  if (!settings.key_file.empty()) g_object_set(element, "key-file", settings.key_file.c_str(), nullptr);
  if (!settings.stun.empty()) g_object_set(element, "stun-server", settings.stun.c_str(), nullptr);
}

void send(GstElement *element, const std::string &json) {
  g_signal_emit_by_name(element, "handle-signalling", json.c_str());
}

guint64 count(const GstStructure *structure, const char *field) {
  guint64 value = 0;
  gst_structure_get_uint64(structure, field, &value);
  return value;
}

std::string text(const GstStructure *structure, const char *field) {
  const char *value = gst_structure_get_string(structure, field);
  return value ? value : "";
}

void add_links(const GstStructure *stats, bool parent, std::vector<LinkStats> &out) {
  const GValue *links = gst_structure_get_value(stats, "links");
  if (!links || !GST_VALUE_HOLDS_ARRAY(links)) return;
  for (guint i = 0; i < gst_value_array_get_size(links); ++i) {
    const GValue *value = gst_value_array_get_value(links, i);
    const GstStructure *link = GST_VALUE_HOLDS_STRUCTURE(value) ? gst_value_get_structure(value) : nullptr;
    if (!link) continue;
    LinkStats stat{text(link, "ticket"),       parent,
                   text(link, "peer"),         0,
                   count(link, "bytes-sent"),  count(link, "bytes-received"),
                   count(link, "kept-streams")};
    gst_structure_get_double(link, "rtt-ms", &stat.rtt_ms);
    out.push_back(std::move(stat));
  }
}

std::optional<Overlap::Place> place_in(const GstStructure *structure) {
  Overlap::Place place;
  if (!structure || !gst_structure_get_uint64(structure, "group", &place.first) ||
      !gst_structure_get_uint64(structure, "object", &place.second))
    return std::nullopt;
  return place;
}

std::optional<Overlap::Place> place_of(GstBuffer *buffer) {
  GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, "AstralObject");
  return meta ? place_in(gst_custom_meta_get_structure(meta)) : std::nullopt;
}

// The first object that nobody has brought to the relay behind this pad.
std::optional<Overlap::Place> need_behind(GstPad *source) {
  const auto query =
      Ref<GstQuery>::adopt(gst_query_new_custom(GST_QUERY_CUSTOM, gst_structure_new_empty("AstralNeeds")));
  return gst_pad_peer_query(source, query.get()) ? place_in(gst_query_get_structure(query.get()))
                                                 : std::nullopt;
}

StructurePtr stats_of(GstElement *element) {
  GstStructure *stats = nullptr;
  g_object_get(element, "stats", &stats, nullptr);
  return StructurePtr(stats);
}

}  // namespace

// One astralsrc in the pipeline and its pad of the relay. Gone with the object; the rest plays on.
struct Stream::Parent {
  Parent(Stream &of, std::string of_ticket, std::uint64_t of_serial)
      : stream(of), ticket(std::move(of_ticket)), serial(of_serial) {}
  Parent(const Parent &) = delete;
  Parent &operator=(const Parent &) = delete;
  ~Parent() {
    if (!element) return;
    // Its threads are gone after this, so nobody is in a signal handler or a pad any more.
    gst_element_set_locked_state(element.get(), TRUE);
    gst_element_set_state(element.get(), GST_STATE_NULL);
    Visit::leaving();
    signal = SignalHandler();
    if (sink) {
      const auto source = Ref<GstPad>::adopt(gst_element_get_static_pad(element.get(), "src"));
      gst_pad_unlink(source.get(), sink.get());
      gst_element_release_request_pad(stream.relay_.get(), sink.get());
    }
    gst_bin_remove(GST_BIN(stream.pipeline_.get()), element.get());
  }

  Expected<void> start(bool standby) {
    auto made = make(source_element, nullptr);
    if (!made) return tl::unexpected(made.error());
    element = std::move(*made);
    gst_bin_add(GST_BIN(stream.pipeline_.get()), element.get());
    configure(element.get(), stream.slug_, stream.settings_);
    g_object_set(element.get(), "standby", standby, nullptr);
    signal = SignalHandler(element.get(), g_signal_connect(element.get(), "signalling-message",
                                                           G_CALLBACK(&Parent::on_message), this));
    Visit::made();
    const auto source = Ref<GstPad>::adopt(gst_element_get_static_pad(element.get(), "src"));
    gst_pad_add_probe(source.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, &Parent::on_event, this, nullptr);
    await_media();
    sink = Ref<GstPad>::adopt(gst_element_request_pad_simple(stream.relay_.get(), "sink_%u"));
    if (!sink || GST_PAD_LINK_FAILED(gst_pad_link(source.get(), sink.get())))
      return fail(Code::failed, "the relay takes no further parent");
    if (!gst_element_sync_state_with_parent(element.get()))
      return fail(Code::failed, "astralsrc does not start");
    return {};
  }

  // The element's loop thread.
  static void on_message(GstElement *, const char *json, gpointer self) noexcept {
    const Parent *parent = static_cast<Parent *>(self);
    Stream *stream = &parent->stream;
    stream->mailbox_.post(
        [stream, ticket = parent->ticket, serial = parent->serial, message = std::string(json)] {
          const auto found = stream->sources_.find(ticket);
          if (found != stream->sources_.end() && found->second->serial == serial)
            stream->handler_.on_source_message(stream->slug_, ticket, message);
        });
  }

  // The streaming thread.
  static GstPadProbeReturn on_event(GstPad *, GstPadProbeInfo *info, gpointer self) noexcept {
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) return GST_PAD_PROBE_OK;
    const Visit visit;
    const Parent *parent = static_cast<Parent *>(self);
    Stream *stream = &parent->stream;
    stream->mailbox_.post([stream, ticket = parent->ticket, serial = parent->serial] {
      stream->end_source(ticket, serial, Error{Code::not_found, "the publisher has ended the stream"});
    });
    return GST_PAD_PROBE_OK;
  }

  struct Awaited {
    Parent *parent;
    Overlap overlap;
  };
  void await_media() {
    const auto source = Ref<GstPad>::adopt(gst_element_get_static_pad(element.get(), "src"));
    if (awaiting != 0) gst_pad_remove_probe(source.get(), awaiting);
    awaiting =
        gst_pad_add_probe(source.get(), GST_PAD_PROBE_TYPE_BUFFER, &Parent::on_buffer, new Awaited{this, {}},
                          [](gpointer awaited) { delete static_cast<Awaited *>(awaited); });
  }

  // The streaming thread.
  static GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer awaited) noexcept {
    const Visit visit;
    auto &[parent, overlap] = *static_cast<Awaited *>(awaited);
    const auto place = place_of(GST_PAD_PROBE_INFO_BUFFER(info));
    if (!place || !overlap.caught_up(*place, need_behind(pad), now())) return GST_PAD_PROBE_OK;
    Stream *stream = &parent->stream;
    stream->mailbox_.post([stream, ticket = parent->ticket, serial = parent->serial] {
      const auto found = stream->sources_.find(ticket);
      if (found == stream->sources_.end() || found->second->serial != serial) return;
      found->second->awaiting = 0;
      stream->handler_.on_source_flows(stream->slug_, ticket);
    });
    return GST_PAD_PROBE_REMOVE;
  }

  Stream &stream;
  const std::string ticket;
  const std::uint64_t serial;
  bool ended = false;
  gulong awaiting = 0;  // the probe for its first buffer
  Ref<GstElement> element;
  Ref<GstPad> sink;  // the relay's
  SignalHandler signal;
};

Expected<std::unique_ptr<Stream>> Stream::open(std::string slug, const Settings &settings, Handler &handler) {
  std::unique_ptr<Stream> stream(new Stream(std::move(slug), settings, handler));
  if (const auto built = stream->build(); !built) return tl::unexpected(built.error());
  return stream;
}

Stream::Stream(std::string slug, const Settings &settings, Handler &handler)
    : slug_(std::move(slug)),
      settings_(settings),
      handler_(handler),
      pipeline_(Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))))),
      mailbox_(g_main_context_get_thread_default()),
      facts_([this] { mailbox_.post([this] { handler_.on_facts(slug_); }); }),
      idle_(g_main_context_get_thread_default(), [this] { drop_idle(); }) {}

Stream::~Stream() {
  if (hls_) hls_->live().end({Code::not_found, "the stream has ended"});
  branches_.clear();
  sources_.clear();
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  relay_signal_ = SignalHandler();
  silence_signal_ = SignalHandler();
  slow_signal_ = SignalHandler();
}

Expected<void> Stream::build() {
  auto made = make(relay_element, "relay");
  if (!made) return tl::unexpected(made.error());
  relay_ = std::move(*made);
  errors_ = std::make_unique<BusErrors>(
      pipeline_.get(), mailbox_, [this](GstObject *from, const Error &error) { on_error(from, error); });
  gst_bin_add(GST_BIN(pipeline_.get()), relay_.get());
  configure(relay_.get(), slug_, settings_);
  // Of the properties' own types, whatever width they have.
  const auto set = [&](const char *name, std::uint64_t value) {
    gst_util_set_object_arg(G_OBJECT(relay_.get()), name, std::to_string(value).c_str());
  };
  set("max-children", settings_.max_children);
  set("store-bytes", settings_.store_bytes);
  set("store-time", static_cast<std::uint64_t>(settings_.store_time / 1ms));
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
  const auto source = Ref<GstPad>::adopt(gst_element_get_static_pad(relay_.get(), "src"));
  hls_ = std::make_unique<HlsBranch>(
      GST_BIN(pipeline_.get()), source.get(), g_main_context_get_thread_default(), settings_.hls,
      [this](const std::string &caps) {
        caps_ = caps;
        handler_.on_media(slug_, caps);
      },
      [this] { handler_.on_hls_news(slug_); });
  hls_->live().join(facts_);
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail(Code::failed, "the pipeline of " + slug_ + " does not start");
  return {};
}

void Stream::to_relay(const std::string &json) {
  send(relay_.get(), json);
}

Expected<void> Stream::add_source(const std::string &ticket, const std::string &offer_json, bool standby) {
  if (has_source(ticket)) return fail(Code::conflict, "ticket " + ticket + " has a source already");
  auto parent = std::make_unique<Parent>(*this, ticket, ++serial_);
  if (const auto started = parent->start(standby); !started) return started;
  GstElement *element = parent->element.get();
  sources_.emplace(ticket, std::move(parent));
  send(element, offer_json);
  return {};
}

void Stream::switch_source(const std::string &ticket, bool standby) {
  const auto found = sources_.find(ticket);
  if (found == sources_.end()) return;
  if (!standby) found->second->await_media();
  g_object_set(found->second->element.get(), "standby", standby, nullptr);
}

void Stream::limit_store(std::uint64_t bytes) {
  gst_util_set_object_arg(G_OBJECT(relay_.get()), "store-bytes", std::to_string(bytes).c_str());
}

void Stream::to_source(const std::string &ticket, const std::string &json) {
  if (const auto found = sources_.find(ticket); found != sources_.end())
    send(found->second->element.get(), json);
}

void Stream::remove_source(const std::string &ticket) {
  sources_.erase(ticket);
}

void Stream::on_error(GstObject *from, const Error &error) {
  for (const auto &[ticket, parent] : sources_) {
    GstObject *element = GST_OBJECT(parent->element.get());
    if (from == element || gst_object_has_as_ancestor(from, element))
      return end_source(std::string(ticket), parent->serial, error);
  }
  if (from == GST_OBJECT(relay_.get()))
    g_warning("stream %s: relay: %s", slug_.c_str(), error.detail.c_str());
}

void Stream::end_source(const std::string &ticket, std::uint64_t serial, const Error &error) {
  const auto found = sources_.find(ticket);
  if (found == sources_.end() || found->second->serial != serial) return;
  if (!std::exchange(found->second->ended, true)) handler_.on_source_ended(slug_, ticket, error);
}

Stats Stream::stats() const {
  Stats out;
  out.caps = caps_;
  if (const StructurePtr stats = stats_of(relay_.get())) {
    out.bytes = count(stats.get(), "bytes");
    out.objects = count(stats.get(), "objects");
    out.groups = count(stats.get(), "groups");
    out.largest_group = count(stats.get(), "largest-group");
    out.rate_bps = count(stats.get(), "rate-bps");
    out.skipped = count(stats.get(), "skipped");
    gst_structure_get_int(stats.get(), "peers", &out.peers);
    add_links(stats.get(), false, out.links);
  }
  for (const auto &[ticket, parent] : sources_)
    if (const StructurePtr stats = stats_of(parent->element.get())) add_links(stats.get(), true, out.links);
  return out;
}

std::string Stream::drawing() const {
  const GString_ text(gst_debug_bin_to_dot_data(GST_BIN(pipeline_.get()), GST_DEBUG_GRAPH_SHOW_MEDIA_TYPE));
  return text ? text.get() : "";
}

formats::Facts Stream::facts() const {
  return hls_->refusal().empty() ? facts_.facts() : formats::Facts{};
}

bool Stream::hls_ready() const {
  return hls_->refusal().empty() && hls_->window().ready();
}

Expected<std::string> Stream::playlist(const formats::PlaylistQuery &query) const {
  if (!hls_->refusal().empty()) return fail(Code::unsupported, hls_->refusal());
  return hls_->window().playlist(query);
}

Expected<formats::Segment> Stream::segment(std::uint64_t sequence) const {
  return hls_->window().segment(sequence);
}

Expected<std::vector<Slice>> Stream::part(const formats::PartId &part) const {
  return hls_->window().part(part);
}

Time Stream::hls_patience() const {
  return hls_->window().patience();
}

void Stream::play(formats::Format format, formats::Player &player) {
  if (!hls_->refusal().empty()) return player.on_over({Code::unsupported, hls_->refusal()});
  if (format == formats::Format::ts) return hls_->live().join(player);
  auto &branch = branches_[format];
  if (!branch) {
    branch = make_branch(format, g_main_context_get_thread_default());
    if (!branch) {
      branches_.erase(format);
      return player.on_over({Code::unsupported, "there is no format " + std::string(format.id)});
    }
    hls_->live().join(*branch);
  }
  branch->set_idle_since(never);
  branch->out().join(player);
}

void Stream::leave(formats::Format format, formats::Player &player) {
  if (format == formats::Format::ts) return hls_->live().leave(player);
  const auto found = branches_.find(format);
  if (found == branches_.end()) return;
  found->second->out().leave(player);
  if (found->second->out().players() > 0) return;
  found->second->set_idle_since(now());
  idle_.set(now() + for_return);
}

void Stream::drop_idle() {
  for (auto branch = branches_.begin(); branch != branches_.end();) {
    if (branch->second->idle_since() > now() - for_return) {
      ++branch;
      continue;
    }
    hls_->live().leave(*branch->second);
    branch = branches_.erase(branch);
  }
  Time next = never;
  for (const auto &[format, branch] : branches_)
    if (branch->idle_since() != never) next = std::min(next, branch->idle_since() + for_return);
  idle_.set(next);
}

}  // namespace astral::media

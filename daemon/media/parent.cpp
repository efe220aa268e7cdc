// SPDX-License-Identifier: BSD-3-Clause
#include "media/parent.hpp"

#include <optional>
#include <utility>

#include "glue/time.hpp"
#include "media/overlap.hpp"
#include "media/streaming_scope.hpp"

namespace astral::media {
namespace {

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

// The first object that no parent has brought to the relay behind this pad.
std::optional<Overlap::Place> need_behind(GstPad *source) {
  const auto query =
      Ref<GstQuery>::adopt(gst_query_new_custom(GST_QUERY_CUSTOM, gst_structure_new_empty("AstralNeeds")));
  return gst_pad_peer_query(source, query.get()) ? place_in(gst_query_get_structure(query.get()))
                                                 : std::nullopt;
}

}  // namespace

// What the buffer probe knows. It belongs to the probe.
struct Parent::Awaited {
  const Parent *parent;
  Overlap overlap = {};
  bool has_come = false;  // the main thread removes the probe
};

Expected<std::unique_ptr<Parent>> Parent::open(const Place &place, const ElementSettings &settings,
                                               bool standby, Handler handler) {
  std::unique_ptr<Parent> parent(new Parent(place, std::move(handler)));
  if (const auto started = parent->start(settings, standby); !started)
    return tl::unexpected<Error>(started.error());
  return parent;
}

Parent::Parent(const Place &place, Handler handler)
    : place_(place), handler_(std::move(handler)), alive_(std::make_shared<Parent *>(this)) {}

Parent::~Parent() {
  if (!element_) return;
  // This ends the element's threads, so no signal handler and no probe runs afterwards.
  gst_element_set_locked_state(element_.get(), TRUE);
  gst_element_set_state(element_.get(), GST_STATE_NULL);
  StreamingScope::close();
  signal_ = SignalHandler();
  peer_signal_ = SignalHandler();
  if (sink_) {
    gst_pad_unlink(source_.get(), sink_.get());
    gst_element_release_request_pad(place_.relay, sink_.get());
  }
  gst_bin_remove(place_.pipeline, element_.get());
}

Expected<void> Parent::start(const ElementSettings &settings, bool standby) {
  auto made = make_element("astralsrc", nullptr, settings);
  if (!made) return tl::unexpected<Error>(made.error());
  element_ = std::move(*made);
  gst_bin_add(place_.pipeline, element_.get());
  is_standby_ = standby;
  g_object_set(element_.get(), "standby", standby, "max-lag", static_cast<guint>(settings.max_lag / 1ms),
               nullptr);
  signal_ = SignalHandler(element_.get(), g_signal_connect(element_.get(), "signalling-message",
                                                           G_CALLBACK(&Parent::on_message), this));
  peer_signal_ = SignalHandler(
      element_.get(), g_signal_connect(element_.get(), "peer-added", G_CALLBACK(&Parent::on_peer), this));
  StreamingScope::open();
  source_ = Ref<GstPad>::adopt(gst_element_get_static_pad(element_.get(), "src"));
  gst_pad_add_probe(source_.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, &Parent::on_event, this, nullptr);
  await_media();
  sink_ = Ref<GstPad>::adopt(gst_element_request_pad_simple(place_.relay, "sink_%u"));
  if (!sink_ || GST_PAD_LINK_FAILED(gst_pad_link(source_.get(), sink_.get())))
    return fail(Code::failed, "astralrelay does not accept another parent");
  if (!gst_element_sync_state_with_parent(element_.get()))
    return fail(Code::failed, "astralsrc does not start");
  return {};
}

void Parent::set_standby(bool standby) {
  is_standby_ = standby;
  if (!standby) await_media();
  g_object_set(element_.get(), "standby", standby, nullptr);
}

bool Parent::take_error(GstObject *from, const Error &error) {
  GstObject *element = GST_OBJECT(element_.get());
  if (from != element && !gst_object_has_as_ancestor(from, element)) return false;
  end(error);
  return true;
}

void Parent::end(const Error &error) {
  if (std::exchange(has_ended_, true)) return;
  const auto on_ended = handler_.on_ended;
  on_ended(error);
}

void Parent::post(std::function<void(Parent &)> task) const {
  place_.mailbox.post([alive = std::weak_ptr<Parent *>(alive_), task = std::move(task)] {
    Parent *parent = nullptr;
    if (const auto there = alive.lock()) parent = *there;
    if (parent) task(*parent);
  });
}

// The element's loop thread.
void Parent::on_message(GstElement *, const char *json, gpointer self) noexcept {
  static_cast<const Parent *>(self)->post([message = std::string(json)](Parent &parent) {
    const auto on_message = parent.handler_.on_message;
    on_message(message);
  });
}

// The element's loop thread.
void Parent::on_peer(GstElement *, const char *, const char *, gpointer self) noexcept {
  static_cast<const Parent *>(self)->post([](Parent &parent) {
    const auto on_linked = parent.handler_.on_linked;
    on_linked();
  });
}

// The streaming thread.
GstPadProbeReturn Parent::on_event(GstPad *, GstPadProbeInfo *info, gpointer self) noexcept {
  if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) return GST_PAD_PROBE_OK;
  const StreamingScope scope;
  static_cast<const Parent *>(self)->post(
      [](Parent &parent) { parent.end({Code::not_found, "the publisher has ended the stream"}); });
  return GST_PAD_PROBE_OK;
}

void Parent::await_media() {
  if (awaiting_ != 0) gst_pad_remove_probe(source_.get(), awaiting_);
  awaiting_ = gst_pad_add_probe(source_.get(), GST_PAD_PROBE_TYPE_BUFFER, &Parent::on_buffer,
                                new Awaited{.parent = this},
                                [](gpointer awaited) { delete static_cast<Awaited *>(awaited); });
}

// The streaming thread.
GstPadProbeReturn Parent::on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer awaited) noexcept {
  const StreamingScope scope;
  auto &[parent, overlap, has_come] = *static_cast<Awaited *>(awaited);
  if (has_come) return GST_PAD_PROBE_OK;
  const auto place = place_of(GST_PAD_PROBE_INFO_BUFFER(info));
  if (!place || !overlap.caught_up(*place, need_behind(pad), now())) return GST_PAD_PROBE_OK;
  has_come = true;
  parent->post([probe = GST_PAD_PROBE_INFO_ID(info)](Parent &of) {
    // Only this thread removes probes, so that each is removed once.
    if (of.awaiting_ == probe) gst_pad_remove_probe(of.source_.get(), std::exchange(of.awaiting_, 0));
    const auto on_media = of.handler_.on_media;
    on_media();
  });
  return GST_PAD_PROBE_OK;
}

}  // namespace astral::media

// SPDX-License-Identifier: BSD-3-Clause
// How objects travel between the pads of astralsrc and astralrelay: as buffers whose memory is the object's
// payload, with a custom meta "AstralObject" {group, object: guint64; taken: boxed}. Other elements can read
// the two numbers (gst_buffer_get_custom_meta()); a relay takes the whole object.
#pragma once

#include <memory>

#include "elements/sequence.hpp"
#include "glue/ref.hpp"

namespace astral::elements {

using SharedTaken = std::shared_ptr<const Taken>;

inline constexpr const char *object_meta = "AstralObject";
// A serialized custom event for objects that are not played: the end of a group, and the past.
inline constexpr const char *status_event = "AstralStatus";

void register_object_meta();  // call once, when the plugin is loaded

// A read-only buffer that references the payload, without timestamps.
Ref<GstBuffer> buffer_of(const SharedTaken &taken);
// Null if the buffer or event does not carry an object.
SharedTaken taken_of(GstBuffer *buffer);
Ref<GstEvent> event_of(const SharedTaken &taken);
SharedTaken taken_of(GstEvent *event);

// Asks the peer of this source pad what it needs; empty if the peer does not answer. The custom query
// "AstralNeeds" {group, object: guint64, absent if nothing has arrived; past: boolean; key: string, absent if
// it knows none}.
Needs ask_needs(GstPad *source);
bool answer_needs(GstQuery *query, const Needs &needs);

// For the sources upstream that are in standby: what the active ones have not brought. The custom event
// "AstralMissing" {group, object, end-group, end-object: guint64}; the end is not included.
Ref<GstEvent> event_of(const track::Span &gap);
std::optional<track::Span> gap_of(GstEvent *event);

// A read-only buffer that references the slice.
Ref<GstBuffer> wrap(const Slice &slice);

}  // namespace astral::elements

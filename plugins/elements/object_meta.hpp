// SPDX-License-Identifier: BSD-3-Clause
// How objects travel between the pads of astralsrc and astralrelay: as buffers whose memory is the object's
// payload itself, with a custom meta "AstralObject" {group, object: guint64; taken: boxed}. Strangers read
// the two numbers (gst_buffer_get_custom_meta), a relay takes the whole object.
#pragma once

#include <memory>

#include "elements/sequence.hpp"
#include "glue/ref.hpp"

namespace astral::elements {

using SharedTaken = std::shared_ptr<const Taken>;

inline constexpr const char *object_meta = "AstralObject";
// A serialized custom event of this name carries what has no payload: the end of a group.
inline constexpr const char *status_event = "AstralStatus";

void register_object_meta();  // once, when the plugin is loaded

// A read-only buffer that references the payload; no timestamps yet.
Ref<GstBuffer> buffer_of(const SharedTaken &taken);
// Null where the buffer or event is none of ours.
SharedTaken taken_of(GstBuffer *buffer);
Ref<GstEvent> event_of(const SharedTaken &taken);
SharedTaken taken_of(GstEvent *event);

// The first object that the peer of this source pad lacks; nothing where it keeps no account of them. A
// custom query "AstralNeeds" {group, object: guint64}.
std::optional<moqt::Location> ask_needs(GstPad *source);
bool answer_needs(GstQuery *query, const std::optional<moqt::Location> &needs);

// A read-only buffer that references the slice.
Ref<GstBuffer> wrap(const Slice &slice);

}  // namespace astral::elements

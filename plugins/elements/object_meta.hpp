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
// A serialized custom event of this name carries what is not to be played: the end of a group, the past.
inline constexpr const char *status_event = "AstralStatus";

void register_object_meta();  // once, when the plugin is loaded

// A read-only buffer that references the payload; no timestamps yet.
Ref<GstBuffer> buffer_of(const SharedTaken &taken);
// Null where the buffer or event is none of ours.
SharedTaken taken_of(GstBuffer *buffer);
Ref<GstEvent> event_of(const SharedTaken &taken);
SharedTaken taken_of(GstEvent *event);

// What the peer of this source pad needs; nothing where it keeps no account of it. A custom query
// "AstralNeeds" {group, object: guint64, absent where nothing has come yet; past: boolean}.
Needs ask_needs(GstPad *source);
bool answer_needs(GstQuery *query, const Needs &needs);

// To whoever stands by upstream: what those that feed have not brought. A custom event "AstralMissing"
// {group, object, end-group, end-object: guint64}, the end not included.
Ref<GstEvent> event_of(const track::Span &gap);
std::optional<track::Span> gap_of(GstEvent *event);

// A read-only buffer that references the slice.
Ref<GstBuffer> wrap(const Slice &slice);

}  // namespace astral::elements

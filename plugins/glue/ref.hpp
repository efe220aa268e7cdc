// SPDX-License-Identifier: BSD-3-Clause
// RAII for reference-counted GLib and GStreamer objects, signal handlers, sources and GLib allocations.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <type_traits>
#include <utility>

namespace astral {

// How to reference and unreference a type. The default is for GObjects; mini objects and others specialise
// it.
template <typename T, typename = void>
struct RefTraits {
  static void ref(T *object) { g_object_ref(object); }
  static void unref(T *object) { g_object_unref(object); }
};

#define ASTRAL_REF_TRAITS(Type, ref_call, unref_call)       \
  template <>                                               \
  struct RefTraits<Type> {                                  \
    static void ref(Type *object) { ref_call(object); }     \
    static void unref(Type *object) { unref_call(object); } \
  };
ASTRAL_REF_TRAITS(GMainContext, g_main_context_ref, g_main_context_unref)
ASTRAL_REF_TRAITS(GMainLoop, g_main_loop_ref, g_main_loop_unref)
ASTRAL_REF_TRAITS(GBytes, g_bytes_ref, g_bytes_unref)
ASTRAL_REF_TRAITS(GstBuffer, gst_buffer_ref, gst_buffer_unref)
ASTRAL_REF_TRAITS(GstBufferList, gst_buffer_list_ref, gst_buffer_list_unref)
ASTRAL_REF_TRAITS(GstCaps, gst_caps_ref, gst_caps_unref)
ASTRAL_REF_TRAITS(GstEvent, gst_event_ref, gst_event_unref)
ASTRAL_REF_TRAITS(GstMessage, gst_message_ref, gst_message_unref)
ASTRAL_REF_TRAITS(GstQuery, gst_query_ref, gst_query_unref)
ASTRAL_REF_TRAITS(GstSample, gst_sample_ref, gst_sample_unref)
#undef ASTRAL_REF_TRAITS

// Owns one reference. adopt() takes over the caller's reference (transfer full); retain() adds one (transfer
// none).
template <typename T>
class Ref {
 public:
  Ref() = default;
  static Ref adopt(T *object) { return Ref(object); }
  static Ref retain(T *object) {
    if (object) RefTraits<T>::ref(object);
    return Ref(object);
  }
  Ref(const Ref &other) : object_(other.object_) {
    if (object_) RefTraits<T>::ref(object_);
  }
  Ref(Ref &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref &operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) RefTraits<T>::unref(object_);
  }

  T *get() const { return object_; }
  T *release() { return std::exchange(object_, nullptr); }  // transfer full to the caller
  void reset() { *this = Ref(); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  explicit Ref(T *object) : object_(object) {}
  T *object_ = nullptr;
};

struct GFree {
  void operator()(void *memory) const { g_free(memory); }
};
struct GErrorFree {
  void operator()(GError *error) const { g_error_free(error); }
};
struct StructureFree {
  void operator()(GstStructure *structure) const { gst_structure_free(structure); }
};
using GString_ = std::unique_ptr<char, GFree>;
using GErrorPtr = std::unique_ptr<GError, GErrorFree>;
using StructurePtr = std::unique_ptr<GstStructure, StructureFree>;

// Disconnects a signal handler in the destructor.
class SignalHandler {
 public:
  SignalHandler() = default;
  SignalHandler(gpointer instance, gulong id) : instance_(instance), id_(id) {}
  SignalHandler(SignalHandler &&other) noexcept
      : instance_(std::exchange(other.instance_, nullptr)), id_(std::exchange(other.id_, 0)) {}
  SignalHandler &operator=(SignalHandler &&other) noexcept {
    std::swap(instance_, other.instance_);
    std::swap(id_, other.id_);
    return *this;
  }
  ~SignalHandler() {
    if (instance_ && id_) g_signal_handler_disconnect(instance_, id_);
  }

 private:
  gpointer instance_ = nullptr;
  gulong id_ = 0;
};

// Destroys a GSource in the destructor.
class Source {
 public:
  Source() = default;
  explicit Source(GSource *adopted) : source_(adopted) {}
  Source(Source &&other) noexcept : source_(std::exchange(other.source_, nullptr)) {}
  Source &operator=(Source &&other) noexcept {
    std::swap(source_, other.source_);
    return *this;
  }
  ~Source() { reset(); }
  void reset() {
    if (GSource *source = std::exchange(source_, nullptr)) {
      g_source_destroy(source);
      g_source_unref(source);
    }
  }
  GSource *get() const { return source_; }
  explicit operator bool() const { return source_ != nullptr; }

 private:
  GSource *source_ = nullptr;
};

}  // namespace astral

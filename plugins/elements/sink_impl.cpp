// SPDX-License-Identifier: BSD-3-Clause
#include "elements/sink_impl.hpp"

#include <future>

#include "elements/signed_object.hpp"

namespace astral::elements {

namespace {

struct Mapped {
  explicit Mapped(GstBuffer *from) : buffer(from), good(gst_buffer_map(from, &info, GST_MAP_READ)) {}
  ~Mapped() {
    if (good) gst_buffer_unmap(buffer, &info);
  }
  Mapped(const Mapped &) = delete;
  Mapped &operator=(const Mapped &) = delete;
  Bytes bytes() const { return good ? Bytes(info.data, info.size) : Bytes(); }
  GstBuffer *buffer;
  GstMapInfo info;
  bool good;
};

}  // namespace

SinkImpl::SinkImpl(const ElementSettings &settings, const LinkSettings &link, const Key &stream_key,
                   Hooks hooks)
    : hooks_(hooks), outlet_(settings, link, std::move(hooks)) {
  const Fingerprint fingerprint = stream_key.fingerprint();
  outlet_.loop().run([&] {
    publisher_.emplace(outlet_.provider(), settings.slug, stream_key, first_group());
    outlet_.on_published = [this](std::uint64_t largest_group) { publisher_->go_above(largest_group); };
    outlet_.count = [this, fingerprint](Statistics &statistics) {
      statistics = publisher_->counts();
      statistics.stream_key = fingerprint;
      statistics.dropped_bytes = publisher_->dropped_bytes();
      statistics.rate_bps = publisher_->rate_bps();
    };
  });
}

SinkImpl::~SinkImpl() {
  set_flushing(true);
  outlet_.loop().run([this] { outlet_.count = nullptr; });
}

Expected<std::unique_ptr<SinkImpl>> SinkImpl::start(const ElementSettings &settings, Hooks hooks) {
  if (auto good = check(settings); !good) return tl::unexpected<Error>(good.error());
  auto link = link_settings(settings);
  if (!link) return tl::unexpected<Error>(link.error());
  auto key =
      settings.stream_key_file.empty() ? Key::generate() : Key::load_or_create(settings.stream_key_file);
  if (!key) return tl::unexpected<Error>(key.error());
  return std::unique_ptr<SinkImpl>(new SinkImpl(settings, *link, *key, std::move(hooks)));
}

bool SinkImpl::set_caps(const GstCaps *caps) {
  const auto plain = Ref<GstCaps>::adopt(gst_caps_copy(caps));
  GstStructure *structure = gst_caps_get_structure(plain.get(), 0);
  Caps input{.media_type = gst_structure_get_name(structure), .text = {}, .streamheader = {}};
  if (int bps = 0; gst_structure_get_int(structure, "bitrate", &bps) && bps > 0)
    input.bitrate_kbps = static_cast<unsigned>(bps) / 1000;
  if (const GValue *headers = gst_structure_get_value(structure, "streamheader");
      headers && GST_VALUE_HOLDS_ARRAY(headers))
    for (guint i = 0; i < gst_value_array_get_size(headers); ++i) {
      const GValue *value = gst_value_array_get_value(headers, i);
      if (!GST_VALUE_HOLDS_BUFFER(value)) continue;
      const Mapped mapped(gst_value_get_buffer(value));
      input.streamheader.push_back(Slice::copy(mapped.bytes()));
    }
  gst_structure_remove_field(structure, "streamheader");
  const GString_ text(gst_caps_to_string(plain.get()));
  input.text = text.get();
  return push(std::move(input), 1);
}

bool SinkImpl::render(Ref<GstBuffer> buffer, const track::Timing &timing) {
  const std::size_t cost = gst_buffer_get_size(buffer.get()) + 1;
  return push(Frame{std::move(buffer), timing}, cost);
}

bool SinkImpl::push(Input input, std::size_t cost) {
  if (!inputs_.push(std::move(input), cost)) return false;
  if (!task_posted_.exchange(true)) outlet_.loop().post([this] { take_inputs(); });
  return true;
}

// Takes all waiting input at once, so that many small buffers of one moment become one object.
void SinkImpl::take_inputs() {
  task_posted_ = false;
  while (auto input = inputs_.try_pop()) {
    if (failed_) continue;
    if (auto taken = take_input(*input); !taken) {
      failed_ = true;
      hooks_.failed(taken.error());
    }
  }
  publisher_->flush();
  outlet_.provider().pump();
}

Expected<void> SinkImpl::take_input(Input &input) {
  if (const auto *caps = std::get_if<Caps>(&input)) {
    auto set = publisher_->set_caps(caps->media_type, caps->text, caps->streamheader);
    if (set) outlet_.announce(caps->text, caps->bitrate_kbps);
    return set;
  }
  const auto &frame = std::get<Frame>(input);
  const Mapped mapped(frame.buffer.get());
  if (!mapped.good) return fail(Code::failed, "a buffer cannot be read");
  return publisher_->push(mapped.bytes(), frame.timing);
}

void SinkImpl::end() {
  auto done = std::make_shared<std::promise<void>>();
  std::future<void> drained = done->get_future();
  outlet_.loop().post([this, done] {
    take_inputs();
    publisher_->finish();
    outlet_.provider().finish();
    outlet_.provider().drain([this, done] {
      outlet_.announce_end();
      done->set_value();
    });
  });
  drained.wait_for(drain_timeout);
}

void SinkImpl::set_flushing(bool flushing) {
  inputs_.set_flushing(flushing);
}

}  // namespace astral::elements

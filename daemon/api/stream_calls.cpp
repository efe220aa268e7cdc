// SPDX-License-Identifier: BSD-3-Clause
#include "api/calls.hpp"
#include "api/names.hpp"
#include "core/limits.hpp"
#include "core/slug.hpp"
#include "formats/carriage.hpp"
#include "formats/facts.hpp"
#include "glue/key.hpp"
#include "glue/random.hpp"
#include "protocol/object_codec.hpp"
#include "protocol/title.hpp"
#include "runtime/private_streams.hpp"
#include "runtime/stream_error.hpp"

namespace astral::api {
namespace {

json::Builder stream_body(runtime::Driver &driver, const core::StreamInfo &stream, bool may_see_private) {
  json::Builder body;
  return body.set("stream", shown_stream(driver, stream, may_see_private));
}

json::Builder video_json(const formats::VideoFacts &video) {
  json::Builder out;
  out.set("codec", video.codec);
  if (video.width > 0) out.set("width", video.width).set("height", video.height);
  if (video.frames > 0)
    out.set("framerate", std::to_string(video.frames) + "/" + std::to_string(video.seconds));
  if (video.keyframe_seconds > 0) out.set("keyframe_seconds", video.keyframe_seconds);
  return out.set("b_frames", video.has_b_frames);
}

json::Builder audio_json(const formats::AudioFacts &audio) {
  json::Builder out;
  out.set("codec", audio.codec);
  if (audio.rate > 0) out.set("rate", audio.rate);
  if (audio.channels > 0) out.set("channels", audio.channels);
  return out;
}

json::Builder left_out_json(const formats::LeftOut &lost) {
  json::Builder out;
  return out.set("track", lost.is_video ? "video" : "audio")
      .set("formats", lost.formats)
      .set("reason", lost.text);
}

// Streams of the same slug with other keys. The one that this node knew first comes first.
std::vector<core::StreamInfo> others_of(const core::NodeView &node, const std::string &name) {
  const std::string slug = core::slug_in(name);
  std::vector<core::StreamInfo> others = node.rivals(slug);
  if (const auto first = node.find_stream(slug)) others.insert(others.begin(), *first);
  std::erase_if(others, [&](const core::StreamInfo &other) { return other.slug == name; });
  return others;
}

// Without a label, which the other one may have chosen to be taken for somebody else.
json::Builder other_json(const core::StreamInfo &other) {
  json::Builder out;
  return out.set("slug", other.slug)
      .set("name", other.name)
      .set("source", other.source)
      .set("fingerprint", other.fingerprint);
}

std::string mbps(std::uint64_t bps) {
  const std::uint64_t tenths = (bps + 50'000) / 100'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string thin_line(const media::Measured &measured) {
  return "Your line carries " + mbps(measured.carried_bps) + " of " + mbps(measured.needed_bps) +
         " Mbit/s, so the picture skips";
}

const Error no_letter{Code::invalid, "name: needs a letter or a digit"};

// So that a page shows under which slug a stream will be, before it is created.
void show_slug(const http::Call &call, const http::Answer &answer) {
  const auto name = call.query.find("name");
  if (name == call.query.end()) return answer(http::reply_error({Code::invalid, "query 'name': is missing"}));
  if (name->second.size() > core::max_name)
    return answer(http::reply_error({Code::too_large, "query 'name': more than 200 bytes"}));
  const std::string slug = protocol::slug_of_title(name->second);
  answer(slug.empty() ? http::reply_error(no_letter) : http::reply(json::Builder().set("slug", slug)));
}

void list_streams(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  std::vector<json::Builder> streams;
  for (const core::StreamInfo &stream : driver.node().streams())
    streams.push_back(shown_stream(driver, stream, call.may_watch_private));
  answer(http::reply(json::Builder().set("streams", streams)));
}

// Its slug, which everybody may see, says nothing.
void create_private(runtime::Driver &driver, core::CreateStream input, bool may_see_private,
                    const http::Answer &answer) {
  const std::string slug = "private-" + to_hex(random_bytes<5>());
  if (const auto made = driver.private_streams().make(slug, input.stream.name, input.stream.description);
      !made)
    return answer(http::reply_error(made.error()));
  input.stream.slug = slug;
  driver.call(std::move(input),
              [&driver, slug, may_see_private, answer](const Expected<core::Answered> &result) {
                if (!result || !result->stream) {
                  driver.private_streams().forget(slug);
                  const Error none{Code::failed, "the node answered without a stream"};
                  return answer(http::reply_error(result ? none : result.error()));
                }
                http::Reply out = http::reply(stream_body(driver, *result->stream, may_see_private), 201);
                out.headers.emplace_back("Location", "/stream/" + slug);
                answer(std::move(out));
              });
}

void create(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  auto in = http::read_body(call);
  if (!in) return answer(http::reply_error(in.error()));
  core::CreateStream input{.stream = protocol::read_new_stream(*in)};
  const bool is_private = in->flag_if("private").value_or(false);
  if (!in->good()) return answer(http::reply_error(in->error()));
  if (is_private) return create_private(driver, std::move(input), call.may_watch_private, answer);
  if (const auto &name = input.stream.name; name.size() <= core::max_name) {
    input.stream.slug = protocol::slug_of_title(name);
    if (input.stream.slug.empty()) return answer(http::reply_error(no_letter));
  }
  const bool form = http::is_form(call);
  driver.call(std::move(input), [&driver, form, answer](const Expected<core::Answered> &result) {
    if (!result || !result->stream) {
      const Error none{Code::failed, "the node answered without a stream"};
      return answer(http::reply_error(result ? none : result.error()));
    }
    const core::StreamInfo &stream = *result->stream;
    http::Reply out = http::reply(stream_body(driver, stream, false), form              ? 303
                                                                      : result->created ? 201
                                                                                        : 200);
    out.headers.emplace_back("Location", "/stream/" + stream.slug + (form ? "/publish" : ""));
    answer(std::move(out));
  });
}

void show(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const std::string &slug = call.params.at("slug");
  const auto stream = driver.node().find_stream(slug);
  if (!stream) return answer(http::reply_error(runtime::about_stream({Code::not_found, ""}, slug)));
  answer(http::reply(stream_body(driver, *stream, call.may_watch_private)));
}

runtime::Driver::Done show_changed(runtime::Driver &driver, const http::Call &call,
                                   const http::Answer &answer) {
  return [&driver, slug = call.params.at("slug"), may_see_private = call.may_watch_private,
          answer](const Expected<core::Answered> &result) {
    if (!result) return answer(http::reply_error(runtime::about_stream(result.error(), slug)));
    const auto stream = result->stream ? result->stream : driver.node().find_stream(slug);
    answer(http::reply(stream ? stream_body(driver, *stream, may_see_private) : json::Builder()));
  };
}

void change(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const std::string &slug = call.params.at("slug");
  auto in = http::read_body(call);
  if (!in) return answer(http::reply_error(in.error()));
  const bool streaming = in->flag("streaming");
  if (!in->good()) return answer(http::reply_error(in->error()));
  driver.call(core::SetStreaming{.slug = slug, .streaming = streaming}, show_changed(driver, call, answer));
}

void remove(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const std::string &slug = call.params.at("slug");
  driver.call(core::DeleteStream{.slug = slug}, [&driver, slug, show = show_changed(driver, call, answer)](
                                                    const Expected<core::Answered> &result) {
    show(result);
    if (result) driver.private_streams().forget(slug);
  });
}

}  // namespace

json::Builder shown_stream(runtime::Driver &driver, const core::StreamInfo &stream, bool may_see_private) {
  core::StreamInfo entitled = stream;
  const bool is_sealed = stream.is_private && !may_see_private;
  if (const auto title =
          is_sealed || !stream.is_private ? std::nullopt : driver.private_streams().title(stream.slug)) {
    entitled.name = title->name;
    entitled.description = title->description;
  }
  json::Builder shown = protocol::plain_stream_json(entitled);
  set_label(shown, "source_label", driver.node(), stream.source);
  shown.set("state", core::state_of(stream));
  shown.set("viewers", driver.node().viewers(stream.slug));
  shown.set("audience", driver.node().audience(stream.slug));
  const formats::Facts facts = is_sealed ? formats::Facts{} : driver.media().facts(stream.slug);
  if (facts.video) shown.set("video", video_json(*facts.video));
  if (facts.audio) shown.set("audio", audio_json(*facts.audio));
  std::vector<std::string> warnings = driver.warnings(stream.slug);
  for (std::string &warning : formats::warnings_of(facts)) warnings.push_back(std::move(warning));
  const media::Measured measured = driver.media().measure(stream.slug);
  if (measured.needed_bps > 0) {
    shown.set(
        "line",
        json::Builder().set("carried_bps", measured.carried_bps).set("needed_bps", measured.needed_bps));
    warnings.push_back(thin_line(measured));
  }
  std::vector<json::Builder> others;
  for (const core::StreamInfo &other : others_of(driver.node(), stream.slug)) {
    others.push_back(other_json(other));
    const bool is_first = !core::is_rival(other.slug);
    warnings.push_back((is_first ? "this node knew another stream of this name first: "
                                 : "another stream claims this name, with another key: ") +
                       other.slug + " of node " + other.source);
  }
  if (!others.empty()) shown.set("others", others);
  if (measured.refused > 0) shown.set("refused", measured.refused);
  std::vector<json::Builder> lost;
  for (const formats::LeftOut &one : formats::left_out(facts)) lost.push_back(left_out_json(one));
  if (!lost.empty()) shown.set("left_out", lost);
  if (!warnings.empty()) shown.set("warnings", warnings);
  return shown;
}

void add_stream_calls(std::vector<http::Route> &routes, runtime::Driver &driver) {
  runtime::Driver *d = &driver;
  routes.push_back({.method = "GET",
                    .pattern = "/streams",
                    .handle = [d](const http::Call &call, const http::Answer &answer) {
                      list_streams(*d, call, answer);
                    }});
  routes.push_back({.method = "GET", .pattern = "/slug", .handle = show_slug});
  routes.push_back(
      {.method = "POST",
       .pattern = "/streams",
       .handle = [d](const http::Call &call, const http::Answer &answer) { create(*d, call, answer); },
       .who = http::Who::owner});
  routes.push_back(
      {.method = "GET",
       .pattern = "/stream/:slug",
       .handle = [d](const http::Call &call, const http::Answer &answer) { show(*d, call, answer); }});
  routes.push_back(
      {.method = "PUT",
       .pattern = "/stream/:slug",
       .handle = [d](const http::Call &call, const http::Answer &answer) { change(*d, call, answer); },
       .who = http::Who::owner});
  routes.push_back(
      {.method = "DELETE",
       .pattern = "/stream/:slug",
       .handle = [d](const http::Call &call, const http::Answer &answer) { remove(*d, call, answer); },
       .who = http::Who::owner});
}

}  // namespace astral::api

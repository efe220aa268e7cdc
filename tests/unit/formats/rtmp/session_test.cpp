// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtmp/session.hpp"

#include <gtest/gtest.h>

#include "client.hpp"
#include "formats/rtmp/flv.hpp"

namespace astral::rtmp {
namespace {

// A session, and its events as text.
struct Server {
  std::string say(const Sent &sent, std::size_t piece = 0) {
    for (Bytes rest = sent.bytes(); !rest.empty();) {
      const Bytes some = rest.first(piece == 0 ? rest.size() : std::min(piece, rest.size()));
      rest = rest.subspan(some.size());
      session.receive(some);
      session.check_invariants();
    }
    return events();
  }
  std::string events() {
    std::string words;
    for (const Event &event : session.take_events()) words += (words.empty() ? "" : ", ") + word(event);
    return words;
  }
  static std::string word(const Event &event) {
    if (const auto *asked = std::get_if<PublishAsked>(&event)) return "publish " + word(asked->address);
    if (const auto *asked = std::get_if<PlayAsked>(&event)) return "play " + word(asked->address);
    if (const auto *data = std::get_if<Metadata>(&event))
      return data->properties.find("width") ? "metadata" : "empty metadata";
    if (const auto *media = std::get_if<Media>(&event))
      return (std::holds_alternative<flv::Video>(media->content) ? "video " : "audio ") +
             std::to_string(media->timestamp);
    if (const auto *other = std::get_if<OtherTrack>(&event))
      return other->is_video ? "another picture" : "another sound";
    if (const auto *closed = std::get_if<Closed>(&event)) return "closed: " + closed->error.detail;
    return "ended";
  }
  static std::string word(const Address &address) {
    return address.app + "/" + address.key + (address.query.empty() ? "" : "?" + address.query);
  }

  // The session's output since the last call, without the handshake: names of commands and their codes.
  std::string heard() {
    Buffer output = session.take_output();
    Bytes rest(output);
    if (!greeted) {
      if (rest.size() < 1 + 2 * 1536) return "no handshake";
      rest = rest.subspan(1 + 2 * 1536);
      greeted = true;
    }
    std::string words;
    while (true) {
      auto message = reader.read(rest);
      if (!message) return message.error().detail;
      if (!*message) return words;
      if ((*message)->type == Type::set_chunk_size) {
        EXPECT_TRUE(reader.set_chunk_size(Reader((*message)->payload).u32()));
      }
      words += (words.empty() ? "" : ", ") + word(**message);
    }
  }
  static std::string word(const Message &message) {
    if (message.type != Type::command) return std::to_string(static_cast<int>(message.type));
    const auto values = amf::read(message.payload, Limits{});
    if (!values) return values.error().detail;
    std::string word(values->front().text());
    const amf::Value *code = values->back().find("code");
    return code ? word + " " + std::string(code->text()) : word;
  }

  Session session;
  ChunkReader reader{Limits{}};
  bool greeted = false;
};

TEST(Session, TellsOfTracksBesideTheMainOne) {
  Server server;
  server.say(like_obs());
  server.session.accept();
  const auto sound = [](Sent sent) { return Sent().message(4, 8, std::move(sent), 20, 1); };
  const auto picture = [](Sent sent) { return Sent().message(4, 9, std::move(sent), 20, 1); };
  EXPECT_EQ(server.say(sound(Sent().raw({0x95, 0x01}).letters("Opus").raw({0, 7}))), "audio 20");
  EXPECT_EQ(server.say(sound(Sent().raw({0x95, 0x01}).letters("ac-3").raw({1, 7}))), "another sound");
  EXPECT_EQ(server.say(sound(Sent().raw({0x95, 0x11}).letters("Opus").raw({0, 0, 0, 1, 7, 3, 0, 0, 1, 9}))),
            "another sound, audio 20");
  EXPECT_EQ(server.say(picture(Sent()
                                   .raw({0x96, 0x23})
                                   .letters("av01")
                                   .raw({0, 0, 0, 1, 7})
                                   .letters("hvc1")
                                   .raw({1, 0, 0, 1, 9}))),
            "another picture, video 20");
  EXPECT_EQ(server.say(picture(Sent().raw({0x96, 0x01}).letters("hvc1").raw({0, 0, 0, 0, 7}))), "video 20");
}

TEST(Session, PublishesLikeFfmpeg) {
  Server server;
  EXPECT_EQ(server.say(like_ffmpeg()), "");
  EXPECT_EQ(server.heard(), "5, 6, 1, _result NetConnection.Connect.Success, _result");
  EXPECT_EQ(server.say(Sent().message(4, 20, publish_command("talk"), 0, 1, 4096)), "publish astral/talk");
  server.session.accept();
  EXPECT_EQ(server.heard(), "onStatus NetStream.Publish.Start");
  EXPECT_EQ(server.say(ffmpeg_media()),
            "metadata, video 0, audio 0, video 40, video 80, video 120, audio 23");
  EXPECT_EQ(server.say(ffmpeg_goodbye()), "ended");
  EXPECT_FALSE(server.session.closed());
}

// Some encoders send such messages between pictures.
TEST(Session, SkipsMessagesWithoutMedia) {
  Server server;
  server.say(like_obs());
  server.session.accept();
  Sent media;
  media.message(4, 9, avc_config(), 0, 1).message(4, 9, Sent().raw({0x57, 0}), 20, 1);
  media.message(4, 8, Sent().raw({0xaf, 0}), 20, 1).message(4, 9, avc_key(), 33, 1);
  EXPECT_EQ(server.say(media), "video 0, video 33");
  EXPECT_FALSE(server.session.closed());
}

TEST(Session, ReadsBytesInAnyPieces) {
  Sent all = like_ffmpeg();
  all.message(4, 20, publish_command("talk"), 0, 1, 4096);
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 100u, 1537u, 1538u}) {
    Server server;
    EXPECT_EQ(server.say(all, piece), "publish astral/talk") << piece;
    server.session.accept();
    EXPECT_EQ(server.say(ffmpeg_media(), piece),
              "metadata, video 0, audio 0, video 40, video 80, video 120, audio 23");
  }
}

TEST(Session, PublishesLikeObs) {
  Server server;
  EXPECT_EQ(server.say(like_obs()), "publish astral/talk");
  server.session.accept();
  EXPECT_EQ(server.heard(),
            "5, 6, 1, _result NetConnection.Connect.Success, _result, onStatus NetStream.Publish.Start");
  Sent media;  // all on one chunk stream
  media.message(4, 9, avc_config(), 0, 1).message(4, 8, aac_config(), 0, 1).message(4, 9, avc_key(), 33, 1);
  EXPECT_EQ(server.say(media), "video 0, audio 0, video 33");
}

TEST(Session, PublishesLikeRtmp2sink) {
  Server server;
  EXPECT_EQ(server.say(like_rtmp2sink()), "publish astral/talk");
  server.session.accept();
  EXPECT_EQ(server.say(Sent().message(4, 8, aac_frame(), 5, 1)), "audio 5");
  EXPECT_EQ(server.say(rtmp2sink_goodbye()), "ended");
}

TEST(Session, PlaysToFfmpegAndRtmp2src) {
  for (const Sent &client : {like_ffplay(), like_rtmp2src()}) {
    Server server;
    EXPECT_EQ(server.say(client), "play astral/talk");
    server.session.accept();
    EXPECT_EQ(
        server.heard(),
        "5, 6, 1, _result NetConnection.Connect.Success, _result, 4, onStatus NetStream.Play.Reset, onStatus "
        "NetStream.Play.Start");
    server.session.finish();
    EXPECT_EQ(server.heard(), "4, onStatus NetStream.Play.UnpublishNotify, onStatus NetStream.Play.Stop");
    EXPECT_TRUE(server.session.closed());
  }
}

TEST(Session, TheQueryFollowsTheKeyOrTheApplication) {
  Server server;
  server.say(like_ffmpeg());
  EXPECT_EQ(server.say(Sent().message(4, 20, publish_command("/talk?token=a&b=c"), 0, 1, 4096)),
            "publish astral/talk?token=a&b=c");
  Server other;
  EXPECT_EQ(other.say(Sent()
                          .greeting()
                          .confirmation()
                          .message(3, 20, connect_command("astral/?token=x"))
                          .message(3, 20, publish_command("talk"))),
            "publish astral/talk?token=x");
}

TEST(Session, TellsTheClientWhyItIsRefused) {
  Server server;
  server.say(like_obs());
  server.heard();
  server.session.refuse({Code::refused, "only this machine may publish"});
  EXPECT_EQ(server.heard(), "onStatus NetStream.Publish.BadName");
  EXPECT_EQ(server.events(), "closed: only this machine may publish");
  EXPECT_EQ(server.say(ffmpeg_media()), "");
  EXPECT_EQ(server.heard(), "");

  Server player;
  player.say(like_ffplay());
  player.heard();
  player.session.refuse({Code::not_found, "no such stream"});
  EXPECT_EQ(player.heard(), "onStatus NetStream.Play.StreamNotFound");
}

TEST(Session, TellsTheClientThatTheKeyIsMissing) {
  const Sent begin = Sent().greeting().confirmation().message(3, 20, connect_command());
  const std::string keys[] = {"", "/", "?token=x", std::string(9000, 'x')};
  for (const std::string &key : keys) {
    Server server;
    server.say(Sent(begin));
    server.heard();
    EXPECT_EQ(server.say(Sent().message(3, 20, publish_command(key))),
              "closed: the stream key is missing or too long");
    EXPECT_EQ(server.heard(), "onStatus NetStream.Publish.BadName");
  }
}

TEST(Session, IgnoresASecondPublish) {
  Server server;
  EXPECT_EQ(server.say(like_obs().message(3, 20, publish_command("talk"), 0, 0, 4096)),
            "publish astral/talk");
  server.session.accept();
  EXPECT_EQ(server.say(Sent().message(3, 20, publish_command("talk"), 0, 1, 4096)), "");
  EXPECT_EQ(server.session.state(), Session::State::publishing);
}

TEST(Session, RefusesTlsWithAnAlert) {
  Server server;
  server.say(Sent().raw({22, 3, 1, 2, 0, 1}));
  EXPECT_EQ(server.session.take_output(), (Buffer{21, 3, 1, 0, 2, 2, 40}));
}

TEST(Session, ACodecOfEnhancedRtmpIsRefused) {
  Server server;
  server.say(like_obs());
  server.session.accept();
  server.heard();
  EXPECT_EQ(server.say(Sent().message(4, 9, Sent().raw({0x90}).letters("vp09").raw({1, 2}), 0, 1)),
            "closed: this node accepts H.264, HEVC and AV1, not VP9: set the encoder to H.264");
  EXPECT_EQ(server.heard(), "onStatus NetStream.Publish.Rejected");
}

TEST(Session, AcknowledgesWhatItHasRead) {
  Server server;
  server.say(like_obs());
  server.session.accept();
  server.heard();
  server.say(Sent().message(2, 5, Sent().number(1, 4)));  // no less than the least window
  EXPECT_EQ(server.heard(), "");
  EXPECT_EQ(server.say(Sent().message(6, 8, Sent().raw({0xaf, 1}).fill(16 << 10, 0), 0, 1, 4096)), "audio 0");
  EXPECT_EQ(server.heard(), "3");
}

TEST(Session, AnswersAPing) {
  Server server;
  server.say(like_obs());
  server.heard();
  server.say(Sent().message(2, 4, Sent().number(6, 2).number(1234, 4)));
  EXPECT_EQ(server.heard(), "4");
}

TEST(Session, ClosesWhenTheClientDoesNotRead) {
  Server server;
  server.say(like_obs());
  std::string events;
  for (int i = 0; i < 100'000 && events.empty(); ++i)
    events = server.say(Sent().message(2, 4, Sent().number(6, 2).number(1, 4)));
  EXPECT_EQ(events, "closed: the client does not read the answers");
}

TEST(Session, ClosesWhenTheClientBreaksARule) {
  const auto said = [](const Sent &sent) { return Server().say(sent); };
  const Sent begin = Sent().greeting().confirmation();
  EXPECT_EQ(said(Sent().letters("GET / HTTP/1.1\r\n\r\n")), "closed: this is not RTMP, or RTMPE");
  EXPECT_EQ(said(Sent(begin).message(3, 20, publish_command("talk"))),
            "closed: the first command is not 'connect'");
  EXPECT_EQ(said(Sent(begin).message(3, 20, Sent().text("connect").one())),
            "closed: 'connect' names no application");
  EXPECT_EQ(said(Sent(begin).message(3, 20, connect_command()).message(3, 20, connect_command())),
            "closed: a second 'connect'");
  EXPECT_EQ(said(Sent(begin).message(3, 20, Sent().text("connect"))),
            "closed: a command without a name or number");
  EXPECT_EQ(said(Sent(begin).message(3, 20, Sent().raw({2, 9}))), "closed: AMF ends too early");
  EXPECT_EQ(said(Sent().raw({22, 3, 1, 2, 0, 1})),
            "closed: this is RTMPS: this node has no certificate, use rtmp://");
  EXPECT_EQ(said(Sent(begin).message(2, 1, Sent().number(0, 4))), "closed: a chunk size of 0");
}

TEST(Session, MediaBeforeItIsAcceptedIsDropped) {
  Server server;
  EXPECT_EQ(server.say(like_obs().message(4, 9, avc_key(), 0, 1)), "publish astral/talk");
  server.session.accept();
  EXPECT_EQ(server.say(Sent().message(4, 9, avc_key(), 0, 1)), "video 0");
}

}  // namespace
}  // namespace astral::rtmp

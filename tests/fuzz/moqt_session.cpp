// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: a MOQT session with an application that answers requests. The input is a byte for the role, then
// steps:
//     what | stream | size | bytes         what: receive, receive with FIN, reset, stop sending, datagram
//     what | argument                      what: a command of the application
// The session's invariants must hold after each step.
#include <cassert>
#include <vector>

#include "moqt/session.hpp"

using namespace astral::moqt;

namespace {

class Script {
 public:
  explicit Script(astral::Bytes bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_[0];
    rest_ = rest_.subspan(1);
    return first;
  }
  astral::Bytes take(std::size_t size) {
    const astral::Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  astral::Bytes rest_;
};

struct Application {
  explicit Application(Role role) : session(role, limits()) { session.start(); }

  static Limits limits() {  // small, so that short inputs reach them
    Limits limits;
    limits.max_object = 4096;
    limits.max_requests = 6;
    limits.max_data_streams = 6;
    limits.max_refused_streams = 12;
    limits.max_partial_bytes = 16 * 1024;
    limits.max_early_streams = 3;
    limits.max_early_bytes = 2048;
    limits.max_pending_updates = 4;
    return limits;
  }

  void command(std::uint8_t what, std::uint8_t which) {
    switch (what % 16) {
      case 0: {
        Subscribe subscribe;
        subscribe.track = {{"astral", "s1"}, std::string(1, static_cast<char>(which))};
        session.subscribe(std::move(subscribe));
        break;
      }
      case 1:
        session.unsubscribe(RequestId{which});
        break;
      case 2:
        session.update(RequestId{which}, (which & 2) != 0);
        break;
      case 3:
        session.finish(RequestId{which}, DoneCode::track_ended, "end");
        break;
      case 4:
        if (const auto group = session.begin_group(RequestId{which}, ++groups, which, true))
          open.push_back(*group);
        break;
      case 5:
        for (const StreamId stream : open)
          session.write_object(stream, ++objects, encode_object({}, astral::as_bytes("x")));
        break;
      case 6:
        for (const StreamId stream : open) session.end_group(stream);
        open.clear();
        break;
      case 7:
        session.goaway(which);
        break;
      case 8: {
        Fetch fetch;
        fetch.range = StandaloneFetch{{{"astral", "s1"}, "f"}, {which & 7u, 0}, {which, 0}};
        if ((which & 0x80) != 0)
          fetch.range = JoiningFetch{(which & 1) == 0, RequestId{which & 0xFu}, which & 3u};
        session.fetch(std::move(fetch));
        break;
      }
      case 9:
        session.cancel_fetch(RequestId{which});
        break;
      case 10:
        for (const StreamId stream : answers) {
          if ((which & 1) == 0)
            session.write_fetched(stream, {++groups, which}, encode_object({}, astral::as_bytes("x")));
          else
            session.write_missing(stream, {++groups, which}, (which & 2) != 0);
        }
        break;
      default:
        for (const StreamId stream : answers) {
          if ((which & 1) == 0)
            session.end_fetch(stream);
          else
            session.abort_fetch(stream, ResetCode::cancelled);
        }
        answers.clear();
        break;
    }
  }

  void settle() {
    session.check_invariants();
    assert(session.buffered_bytes() < 64 * 1024);
    for (const Event &event : session.take_events()) {
      if (const auto *subscribed = std::get_if<Subscribed>(&event)) {
        if (subscribed->subscribe.track.name == "refuse")
          session.refuse(subscribed->request, RequestCode::does_not_exist, "no");
        else
          (void)session.accept(subscribed->request, TrackAlias{++aliases}, Location{4, 2});
      } else if (const auto *update = std::get_if<UpdateReceived>(&event)) {
        session.accept_update(update->request);
      } else if (const auto *fetched = std::get_if<Fetched>(&event)) {
        if (fetched->track.name == "refuse")
          session.refuse(fetched->request, RequestCode::does_not_exist, "no");
        else if (const auto stream = session.accept_fetch(fetched->request, fetched->end))
          answers.push_back(*stream);
      } else if (const auto *object = std::get_if<ObjectReceived>(&event)) {
        assert(view_object(object->object.wire.bytes()));
      }
    }
    for (const Action &action : session.take_actions()) {
      assert(!closed);
      closed = std::holds_alternative<Close>(action);
    }
    assert(closed == session.closed());
  }

  Session session;
  std::vector<StreamId> open;     // streams of groups
  std::vector<StreamId> answers;  // streams that answer fetches
  std::uint64_t groups = 0, objects = 0, aliases = 0;
  bool closed = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  Script script(astral::Bytes(data, size));
  Application application((script.byte() & 1) == 0 ? Role::client : Role::server);
  application.settle();
  while (!script.done() && !application.closed) {
    const std::uint8_t what = script.byte();
    const std::uint8_t stream = script.byte();
    switch (what % 8) {
      case 0:
      case 1:
      case 2: {
        const bool fin = what % 8 == 2;
        application.session.receive(StreamId{stream}, script.take(script.byte()), fin);
        break;
      }
      case 3:
        application.session.reset(StreamId{stream}, script.byte());
        break;
      case 4:
        application.session.stop_sending(StreamId{stream}, script.byte());
        break;
      case 5:
        application.session.datagram(script.take(script.byte()));
        break;
      default:
        application.command(what >> 3, stream);
        break;
    }
    application.settle();
  }
  return 0;
}

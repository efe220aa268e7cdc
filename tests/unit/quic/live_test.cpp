// SPDX-License-Identifier: BSD-3-Clause
// A live stream over a line that has little to spare, in virtual time.
#include <deque>

#include "pair.hpp"
#include "quic/ngtcp2_compat.hpp"

namespace astral::quic {
namespace {

constexpr std::uint64_t stream_bps = 4'000'000;
constexpr int fps = 30;
constexpr std::size_t key_frame = 80'000;  // one a second
constexpr std::size_t other_frame = (stream_bps / 8 - key_frame) / (fps - 1);
constexpr std::size_t past = 4'500'000;
constexpr std::size_t few_unsent = 16 * 1024;

// Publishes at the server. Every group has a stream of its own; the past goes in the background.
class Live {
 public:
  explicit Live(World &world) : world_(world), begin_(world.now), next_(world.now) {
    world.client.keep = false;
    world.client.when_data = [this](StreamId id, Bytes data, bool) { arrived(id, data.size()); };
    past_ = *world.server->open_stream(false);
    world.server->set_priority(past_, Connection::background_priority);
  }

  void run(Time time) {
    world_.run([&] { return publish(), world_.now - begin_ >= time; }, time + 1s);
  }
  std::size_t past_arrived() const { return past_arrived_; }
  // How old the frames were when they were whole; of those that were made from `since` on.
  std::vector<Time> ages(Time since) const {
    std::vector<Time> ages;
    for (const auto &[made, age] : frames_)
      if (made - begin_ >= since) ages.push_back(age);
    std::sort(ages.begin(), ages.end());
    return ages;
  }

 private:
  struct Group {
    std::deque<std::pair<std::uint64_t, Time>> ends;  // of its frames: offset, and when it was made
    std::uint64_t sent = 0, got = 0;
  };

  void publish() {
    Connection &server = *world_.server.connection;
    for (; world_.now >= next_; next_ += Time(1s) / fps, ++frame_) {
      const bool key = frame_ % fps == 0;
      if (key) group_ = *server.open_stream(false);
      const std::size_t size = key ? key_frame : other_frame;
      Group &group = groups_[group_];
      group.ends.emplace_back(group.sent += size, next_);
      server.send(group_, Slice::copy(std::vector<std::uint8_t>(size)), (frame_ + 1) % fps == 0);
    }
    while (past_sent_ < past && server.background_backlog() < few_unsent) {
      server.send(past_, Slice::copy(std::vector<std::uint8_t>(other_frame)), false);
      past_sent_ += other_frame;
    }
    server.flush(world_.now);
  }
  void arrived(StreamId id, std::size_t size) {
    if (id == past_) {
      past_arrived_ += size;
      return;
    }
    Group &group = groups_[id];
    group.got += size;
    for (; !group.ends.empty() && group.got >= group.ends.front().first; group.ends.pop_front())
      frames_.emplace_back(group.ends.front().second, world_.now - group.ends.front().second);
  }

  World &world_;
  const Time begin_;
  Time next_;
  int frame_ = 0;
  StreamId group_ = 0, past_ = 0;
  std::size_t past_sent_ = 0, past_arrived_ = 0;
  std::map<StreamId, Group> groups_;
  std::vector<std::pair<Time, Time>> frames_;
};

void give_line(World &world, std::uint64_t bps, double loss) {
  world.server.out.rate_bps = bps;
  world.server.out.max_queue = 400ms;
  world.server.out.loss = world.client.out.loss = loss;
  world.server.out.delay = world.client.out.delay = 20ms;
}

class TightLine : public testing::TestWithParam<double> {};

void skip_if_it_loses(double loss) {
  if (loss > 0 && !compat::bears_random_loss)
    GTEST_SKIP() << "the BBR of this ngtcp2 takes random loss for congestion";
}

TEST_P(TightLine, ThePastDoesNotHoldUpThePresent) {
  skip_if_it_loses(GetParam());
  if (IsSkipped()) return;
  World world;
  give_line(world, 5'000'000, GetParam());
  ASSERT_TRUE(world.establish());
  Live live(world);
  live.run(35s);
  const std::vector<Time> ages = live.ages(5s);
  ASSERT_GT(ages.size(), 29u * fps);
  EXPECT_LE(ages[ages.size() * 99 / 100], 300ms);
}

INSTANTIATE_TEST_SUITE_P(Loss, TightLine, testing::Values(0, 0.01));

// Whole within so many round trips that a packet can be lost twice, and hardly three times.
TEST(LossyLine, FramesComeAfterTwoRoundTripsAtMost) {
  constexpr double loss = 0.1;
  skip_if_it_loses(loss);
  if (IsSkipped()) return;
  World world;
  give_line(world, 50'000'000, loss);
  world.server.out.delay = world.client.out.delay = 40ms;
  ASSERT_TRUE(world.establish());
  Live live(world);
  live.run(60s);
  const std::vector<Time> ages = live.ages(5s);
  ASSERT_GT(ages.size(), 54u * fps);
  const auto late = ages.end() - std::upper_bound(ages.begin(), ages.end(), 300ms);
  EXPECT_LE(late * 200, static_cast<std::ptrdiff_t>(ages.size())) << ages[ages.size() * 99 / 100].count();
}

TEST(WideLine, ThePastArrivesSoon) {
  World world;
  give_line(world, 50'000'000, 0);
  ASSERT_TRUE(world.establish());
  Live live(world);
  live.run(5s);
  EXPECT_GE(live.past_arrived(), past);
}

}  // namespace
}  // namespace astral::quic

// SPDX-License-Identifier: BSD-3-Clause
// One epoll watches many sockets: which callbacks run.
#include "http/epoll.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "pump.hpp"

namespace astral::test {
namespace {

// A socket that is watched, and its other end.
class Pair {
 public:
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0); }
  ~Pair() {
    watch.reset();
    hang_up();
    close(ends_[0]);
  }
  Pair(const Pair &) = delete;
  Pair &operator=(const Pair &) = delete;

  int fd() const { return ends_[0]; }
  void say() { EXPECT_EQ(write(ends_[1], "x", 1), 1); }
  bool hear() {
    char byte = 0;
    return read(ends_[0], &byte, 1) == 1;
  }
  void hang_up() {
    if (ends_[1] >= 0) close(std::exchange(ends_[1], -1));
  }

  http::Epoll::Watch watch;

 private:
  std::array<int, 2> ends_{-1, -1};
};

class Epoll : public ::testing::Test {
 protected:
  Epoll() {
    for (std::size_t i = 0; i < 200; ++i) {
      pairs_.push_back(std::make_unique<Pair>());
      Pair *pair = pairs_.back().get();
      pair->watch = http::Epoll::Watch(g_main_context_default(), pair->fd(), [this, i, pair] {
        if (pair->hear()) heard_.push_back(i);
      });
    }
  }
  void drain() {
    while (g_main_context_iteration(nullptr, FALSE)) {
    }
  }

  std::vector<std::size_t> heard_;
  std::vector<std::unique_ptr<Pair>> pairs_;
};

TEST_F(Epoll, CallsOnlyTheWatchOfAReadableDescriptor) {
  drain();
  EXPECT_TRUE(heard_.empty());
  pairs_[150]->say();
  ASSERT_TRUE(pump_until([&] { return !heard_.empty(); }));
  EXPECT_EQ(heard_, std::vector<std::size_t>{150});
}

TEST_F(Epoll, CallsEveryWatchIfAllDescriptorsAreReadable) {
  for (const auto &pair : pairs_) pair->say();
  EXPECT_TRUE(pump_until([&] { return heard_.size() == pairs_.size(); }));
}

TEST_F(Epoll, CallsAgainUntilEverythingIsRead) {
  for (int i = 0; i < 3; ++i) pairs_[7]->say();
  EXPECT_TRUE(pump_until([&] { return heard_.size() == 3; }));
}

TEST_F(Epoll, CallsTheWatchWhenTheOtherEndCloses) {
  bool ended = false;
  pairs_[3]->watch.reset();
  pairs_[3]->watch = http::Epoll::Watch(g_main_context_default(), pairs_[3]->fd(), [&] {
    ended = true;
    pairs_[3]->watch.reset();
  });
  pairs_[3]->hang_up();
  EXPECT_TRUE(pump_until([&] { return ended; }));
}

TEST_F(Epoll, ACallbackMayRemoveItsOwnWatchAndOthers) {
  std::size_t told = 0;
  for (const auto &pair : pairs_) {
    pair->watch.reset();
    pair->watch = http::Epoll::Watch(g_main_context_default(), pair->fd(), [&] {
      ++told;
      for (const auto &any : pairs_) any->watch.reset();
    });
    pair->say();
  }
  ASSERT_TRUE(pump_until([&] { return told > 0; }));
  drain();
  EXPECT_EQ(told, 1u);
}

TEST(EpollWithoutDescriptors, ASocketIsWatchedWithoutEpoll) {
  Pair pair;
  int heard = 0;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_LT(epoll_create1(0), 0);
  pair.watch = http::Epoll::Watch(g_main_context_default(), pair.fd(), [&] {
    while (pair.hear()) ++heard;
    if (heard == 2) pair.watch.reset();
  });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  pair.say();
  ASSERT_TRUE(pump_until([&] { return heard == 1; }));
  pair.say();
  ASSERT_TRUE(pump_until([&] { return heard == 2; }));
  pair.say();
  while (g_main_context_iteration(nullptr, FALSE)) {
  }
  EXPECT_EQ(heard, 2);
}

}  // namespace
}  // namespace astral::test

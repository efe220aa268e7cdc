// SPDX-License-Identifier: BSD-3-Clause
#include "http/epoll.hpp"

#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace astral::http {
namespace {

constexpr int events_at_once = 64;  // then the context's other sources have their turn

using Readable = std::shared_ptr<std::function<void()>>;

Source source_for(GMainContext *context, int fd, Readable readable) {
  const GUnixFDSourceFunc ready = [](gint, GIOCondition, gpointer data) noexcept -> gboolean {
    const Readable keep = *static_cast<Readable *>(data);
    (*keep)();
    return G_SOURCE_CONTINUE;
  };
  Source source(g_unix_fd_source_new(fd, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR)));
  g_source_set_callback(source.get(), G_SOURCE_FUNC(ready), new Readable(std::move(readable)),
                        [](gpointer data) { delete static_cast<Readable *>(data); });
  g_source_attach(source.get(), context);
  return source;
}

}  // namespace

Epoll::Epoll(GMainContext *context, int fd) : context_(Ref<GMainContext>::retain(context)), fd_(fd) {
  source_ = Source(g_unix_fd_source_new(fd_, G_IO_IN));
  const GUnixFDSourceFunc ready = [](gint, GIOCondition, gpointer self) noexcept -> gboolean {
    const auto keep = static_cast<Epoll *>(self)->shared_from_this();
    keep->dispatch();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(source_.get(), G_SOURCE_FUNC(ready), this, nullptr);
  g_source_attach(source_.get(), context);
}

Epoll::~Epoll() {
  source_.reset();
  close(fd_);
}

std::shared_ptr<Epoll> Epoll::of(GMainContext *context) {
  thread_local std::weak_ptr<Epoll> last;  // outside tests, a thread has one context
  auto found = last.lock();
  if (found && found->context_.get() == context) return found;
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return nullptr;
  found = std::make_shared<Epoll>(context, fd);
  last = found;
  return found;
}

void Epoll::dispatch() {
  std::array<epoll_event, events_at_once> events{};
  const int count = epoll_wait(fd_, events.data(), events_at_once, 0);
  for (int i = 0; i < count; ++i) {
    const auto found = watches_.find(events.at(static_cast<std::size_t>(i)).data.u64);
    if (found == watches_.end()) continue;
    const auto readable = found->second;
    (*readable)();
  }
}

bool Epoll::add(std::uint64_t id, int fd) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.u64 = id;
  return epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

Epoll::Watch::Watch(GMainContext *context, int fd, std::function<void()> readable)
    : epoll_(Epoll::of(context)), fd_(fd) {
  auto shared = std::make_shared<std::function<void()>>(std::move(readable));
  if (epoll_ && epoll_->add(epoll_->next_, fd)) {
    id_ = epoll_->next_++;
    epoll_->watches_.emplace(id_, std::move(shared));
    return;
  }
  epoll_.reset();
  own_ = source_for(context, fd, std::move(shared));
}

Epoll::Watch &Epoll::Watch::operator=(Watch &&other) noexcept {
  std::swap(epoll_, other.epoll_);
  std::swap(id_, other.id_);
  std::swap(fd_, other.fd_);
  std::swap(own_, other.own_);
  return *this;
}

void Epoll::Watch::reset() {
  own_.reset();
  if (!epoll_) return;
  epoll_ctl(epoll_->fd_, EPOLL_CTL_DEL, fd_, nullptr);
  epoll_->watches_.erase(id_);
  epoll_.reset();
}

}  // namespace astral::http

// SPDX-License-Identifier: BSD-3-Clause
#include "udp/stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "glue/key.hpp"
#include "glue/random.hpp"
#include "udp/socket.hpp"

namespace astral::udp {
namespace {

constexpr int reads_at_once = 4;  // then the thread's other sources have their turn
// What the kernel may hold of what it cannot send yet. More would wait there longer than our queue allows: at
// 4 Mbit/s, 32 KiB are 66 ms.
constexpr int max_unsent = 32 * 1024;

void set(int descriptor, int option, int value) {
  ::setsockopt(descriptor, IPPROTO_TCP, option, &value, sizeof value);
}

void set_options(int descriptor) {
  set(descriptor, TCP_NODELAY, 1);
  set(descriptor, TCP_NOTSENT_LOWAT, max_unsent);
}

// -1: not even begun.
int begin_connect(const Address &to) {
  sockaddr_storage address;
  const socklen_t size = resolve(to, address);
  const int made = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -1;
  if (::connect(made, reinterpret_cast<const sockaddr *>(&address), size) == 0 || errno == EINPROGRESS)
    return made;
  ::close(made);
  return -1;
}

}  // namespace

std::shared_ptr<Stream> Stream::connect(const Place &place, const Address &to, const Secret &theirs) {
  std::shared_ptr<Stream> stream(new Stream(place, State::connecting, begin_connect(to), to));
  stream->path_ = "/link?id=" + to_hex(theirs);
  return stream;
}

std::shared_ptr<Stream> Stream::accept(const Place &place, int descriptor) {
  set_options(descriptor);
  return std::shared_ptr<Stream>(new Stream(place, State::open, descriptor, {}));
}

Stream::Stream(const Place &place, State state, int descriptor, const Address &remote)
    : place_(place),
      flow_{.remote = remote, .local = {}, .over_tcp = true},
      masks_(state == State::connecting),
      state_(state),
      reader_(masks_ ? websocket::FrameReader::From::server : websocket::FrameReader::From::client,
              max_datagram, websocket::FrameReader::Takes::binary),
      descriptor_(descriptor) {}

Stream::~Stream() {
  close();
}

void Stream::start(GMainContext *context) {
  if (descriptor_ < 0) return end();
  static GSourceFuncs functions{
      nullptr, nullptr, [](GSource *, GSourceFunc call, gpointer data) -> gboolean { return call(data); },
      nullptr, nullptr, nullptr};
  source_ = Source(g_source_new(&functions, sizeof(GSource)));
  g_source_set_static_name(source_.get(), "astral link over TCP");
  ready_ = g_source_add_unix_fd(source_.get(), descriptor_, state_ == State::connecting ? G_IO_OUT : G_IO_IN);
  g_source_set_callback(
      source_.get(),
      [](gpointer data) noexcept -> gboolean {
        const auto alive = static_cast<Stream *>(data)->shared_from_this();
        alive->on_ready();
        return G_SOURCE_CONTINUE;
      },
      this, nullptr);
  g_source_attach(source_.get(), context);
  if (state_ == State::open) become_open();
}

void Stream::watch(GIOCondition condition) {
  if (source_) g_source_modify_unix_fd(source_.get(), ready_, condition);
}

void Stream::on_ready() {
  if (state_ == State::connecting) return request();
  if (state_ == State::open && g_source_query_unix_fd(source_.get(), ready_) & G_IO_OUT) {
    const std::lock_guard lock(mutex_);
    if (write()) {
      waits_ = false;
      watch(G_IO_IN);
    }
  }
  read();
}

void Stream::request() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return end();
  set_options(descriptor_);
  handshake_.emplace(random_bytes<16>());
  const std::string text = handshake_->request(path_, stun::to_text(flow_.remote));
  // A new connection takes so few bytes at once.
  if (::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    return end();
  state_ = State::upgrading;
  watch(G_IO_IN);
}

void Stream::read() {
  std::array<char, 64 * 1024> buffer;
  for (int i = 0; i < reads_at_once && source_; ++i) {
    const ssize_t got = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (got <= 0) return end();
    take({buffer.data(), static_cast<std::size_t>(got)});
  }
}

void Stream::take(std::string_view bytes) {
  if (state_ == State::open) return take_frames(bytes);
  const auto whole = handshake_->take(bytes);
  if (!whole) return end();
  if (!*whole) return;
  const std::string first_frames = handshake_->rest();
  handshake_.reset();
  state_ = State::open;
  become_open();
  take_frames(first_frames);
}

void Stream::become_open() {
  {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
  }
  place_.slot->note(place_.route, flow_, Slot::Kind::opened);
}

void Stream::take_frames(std::string_view bytes) {
  std::vector<websocket::FrameEvent> events;
  const auto fed = reader_.feed(as_bytes(bytes), events);
  for (const websocket::FrameEvent &event : events) {
    if (event.opcode == websocket::Opcode::close) return end();
    if (event.opcode == websocket::Opcode::ping) answer(event.payload);
    if (event.opcode == websocket::Opcode::binary && !event.payload.empty())
      place_.slot->put(place_.route, as_bytes(event.payload), flow_);
  }
  if (!fed) end();
}

// RFC 6455, 5.5.3, lets pings go unanswered. While something waits the other end reads too slowly for more.
void Stream::answer(std::string_view ping) {
  const std::lock_guard lock(mutex_);
  if (!queue_.empty()) return;
  queue_.push(frame(websocket::Opcode::pong, ping), now());
  flush();
}

// What the queue drops counts as sent.
bool Stream::send(Bytes packets, std::size_t segment) {
  const std::lock_guard lock(mutex_);
  if (!is_open_) return false;
  const Time time = now();
  while (!packets.empty()) {
    const Bytes one = packets.first(std::min(segment, packets.size()));
    packets = packets.subspan(one.size());
    queue_.push(frame(websocket::Opcode::binary, as_text(one)), time);
  }
  flush();
  return true;
}

std::string Stream::frame(websocket::Opcode opcode, std::string_view payload) const {
  if (!masks_) return websocket::frame(opcode, payload, nullptr);
  const auto mask = random_bytes<4>();
  return websocket::frame(opcode, payload, mask.data());
}

void Stream::flush() {
  if (waits_ || write()) return;
  waits_ = true;
  place_.mailbox.post(
      [self = shared_from_this()] { self->watch(static_cast<GIOCondition>(G_IO_IN | G_IO_OUT)); });
}

bool Stream::write() {
  while (!queue_.empty()) {
    const std::string_view bytes = queue_.front();
    const ssize_t put = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;  // full; or broken, which read() sees
    queue_.take(static_cast<std::size_t>(put));
  }
  return true;
}

void Stream::close() {
  const std::lock_guard lock(mutex_);
  is_open_ = false;
  queue_.clear();
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void Stream::stop() {
  state_ = State::ended;
  source_.reset();
  close();
}

void Stream::end() {
  if (state_ == State::ended) return;
  stop();
  place_.slot->note(place_.route, flow_, Slot::Kind::closed);
}

}  // namespace astral::udp

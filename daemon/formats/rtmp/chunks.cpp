// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtmp/chunks.hpp"

#include <algorithm>
#include <cassert>
#include <string>

namespace astral::rtmp {
namespace {

constexpr std::uint32_t extended = 0xffffff;
constexpr std::array<std::size_t, 4> message_header{11, 7, 3, 0};  // bytes, by chunk format

std::size_t basic_size(std::uint8_t first) {
  const unsigned id = first & 0x3fu;
  return id == 0 ? 2 : id == 1 ? 3 : 1;
}

std::uint32_t chunk_stream_id(const std::uint8_t *basic) {
  const std::uint32_t id = basic[0] & 0x3fu;
  if (id == 0) return 64u + basic[1];
  if (id == 1) return 64u + basic[1] + 256u * basic[2];
  return id;
}

bool is_media(Type type) {
  return type == Type::audio || type == Type::video || type == Type::aggregate;
}

// Control messages must use chunk stream 2 (§5.4). The others may use any.
std::uint8_t chunk_stream_of(Type type) {
  switch (type) {
    case Type::audio:
      return 4;
    case Type::video:
      return 6;
    case Type::data:
      return 5;
    case Type::command:
      return 3;
    default:
      return 2;
  }
}

}  // namespace

std::size_t ChunkReader::header_size() const {
  if (header_filled_ == 0) return 1;
  const std::size_t basic = basic_size(header_[0]);
  if (header_filled_ < basic) return basic;
  const unsigned format = header_[0] >> 6;
  const std::size_t plain = basic + message_header[format];
  if (header_filled_ < plain) return plain;
  bool is_extended = false;
  if (format < 3) {
    is_extended = Reader(Bytes(header_).subspan(basic)).u24() == extended;
  } else if (const auto known = streams_.find(chunk_stream_id(header_.data())); known != streams_.end()) {
    is_extended = known->second.is_extended;
  }
  return is_extended ? plain + 4 : plain;
}

Expected<std::optional<Message>> ChunkReader::read(Bytes &bytes) {
  while (true) {
    while (!current_ && header_filled_ < header_size()) {
      if (again_.empty() && bytes.empty()) return std::nullopt;
      header_[header_filled_++] = take(bytes, 1).front();
    }
    if (!current_) {
      if (auto begun = begin_chunk(); !begun) return tl::unexpected<Error>(begun.error());
      header_filled_ = 0;
    }
    while (chunk_left_ > 0 && (!again_.empty() || !bytes.empty())) {
      const Buffer piece = take(bytes, chunk_left_);
      put(current_->payload, piece);
      chunk_left_ -= piece.size();
    }
    if (chunk_left_ > 0) return std::nullopt;
    Stream &stream = *std::exchange(current_, nullptr);
    if (stream.payload.size() < stream.length) continue;
    stream.is_inside = false;
    partial_ -= stream.length;
    return Message{stream.type, stream.message_stream, stream.timestamp, std::exchange(stream.payload, {})};
  }
}

// At most `most` bytes: those that were no header first.
Buffer ChunkReader::take(Bytes &bytes, std::size_t most) {
  Buffer taken;
  if (again_.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), most));
    taken.assign(piece.begin(), piece.end());
    bytes = bytes.subspan(piece.size());
    return taken;
  }
  const auto end = again_.begin() + static_cast<std::ptrdiff_t>(std::min(again_.size(), most));
  taken.assign(again_.begin(), end);
  again_.erase(again_.begin(), end);
  return taken;
}

// Some encoders do not repeat the extended timestamp in chunks of format 3 (§5.3.1.3). Then the four bytes
// that were taken for it are payload. Others repeat the timestamp where a difference was sent.
void ChunkReader::check_repeated(const Stream &stream) {
  const std::size_t plain = header_filled_ - 4;
  const std::uint32_t repeated = Reader(Bytes(header_).subspan(plain, 4)).u32();
  if (repeated == stream.delta || repeated == stream.timestamp) return;
  again_.insert(again_.begin(), header_.begin() + static_cast<std::ptrdiff_t>(plain),
                header_.begin() + static_cast<std::ptrdiff_t>(header_filled_));
}

Expected<void> ChunkReader::begin_chunk() {
  const unsigned format = header_[0] >> 6;
  const std::uint32_t id = chunk_stream_id(header_.data());
  auto found = streams_.find(id);
  if (found == streams_.end()) {
    // A chunk stream may begin with format 1: the message stream and the timestamp before it are 0.
    if (format > 1) return fail(Code::invalid, "a chunk continues a message that has not begun");
    if (streams_.size() >= limits_.max_chunk_streams) return fail(Code::too_large, "too many chunk streams");
    found = streams_.emplace(id, Stream{}).first;
  }
  Stream &stream = found->second;
  if (stream.is_inside && format != 3) return fail(Code::invalid, "a message begins within another");
  if (format == 3 && stream.is_extended) check_repeated(stream);
  if (!stream.is_inside) {
    Reader header(Bytes(header_).first(header_filled_).subspan(basic_size(header_[0])));
    if (auto begun = begin_message(stream, format, header); !begun) return begun;
  }
  current_ = &stream;
  chunk_left_ = std::min<std::size_t>(chunk_size_, stream.length - stream.payload.size());
  return {};
}

Expected<void> ChunkReader::begin_message(Stream &stream, unsigned format, Reader &header) {
  if (format < 3) {
    stream.delta = header.u24();
    stream.is_extended = stream.delta == extended;
  }
  if (format < 2) {
    stream.length = header.u24();
    stream.type = static_cast<Type>(header.u8());
  }
  if (format == 0) {
    const Bytes little = header.take(4);
    stream.message_stream = 0;
    for (std::size_t i = 4; i-- > 0;) stream.message_stream = stream.message_stream << 8 | little[i];
    stream.timestamp = 0;
  }
  if (format < 3 && stream.is_extended) stream.delta = header.u32();
  assert(header.ok());  // read() has waited for header_size() bytes
  // A message without a timestamp repeats the last delta. After a full header, that header's timestamp is the
  // delta (§5.3.1.2.4).
  stream.timestamp += stream.delta;
  if (stream.length > (is_media(stream.type) ? limits_.max_media : limits_.max_command)) {
    return fail(Code::too_large, "a message of " + std::to_string(stream.length) + " bytes");
  }
  if (partial_ + stream.length > limits_.max_partial) {
    return fail(Code::too_large, "too many messages at the same time");
  }
  partial_ += stream.length;
  stream.is_inside = true;
  return {};
}

Expected<void> ChunkReader::set_chunk_size(std::uint32_t size) {
  if (size == 0 || size > 0x7fffffff) return fail(Code::invalid, "a chunk size of " + std::to_string(size));
  chunk_size_ = std::min(size, limits_.max_chunk_size);
  return {};
}

void ChunkReader::abort(std::uint32_t chunk_stream) {
  const auto found = streams_.find(chunk_stream);
  if (found == streams_.end() || !found->second.is_inside) return;
  partial_ -= found->second.length;
  found->second.is_inside = false;
  found->second.payload = {};
}

std::size_t ChunkReader::buffered() const {
  std::size_t sum = 0;
  for (const auto &[id, stream] : streams_) sum += stream.payload.size();
  return sum;
}

void ChunkReader::check_invariants() const {
  std::size_t announced = 0;
  for (const auto &[id, stream] : streams_) {
    assert(stream.is_inside || stream.payload.empty());
    assert(stream.payload.size() <= stream.length);
    if (stream.is_inside) announced += stream.length;
  }
  assert(announced == partial_ && partial_ <= limits_.max_partial);
  assert(streams_.size() <= limits_.max_chunk_streams && header_filled_ <= max_header && again_.size() <= 8);
  assert(!current_ || chunk_left_ > 0);
}

void write_message(Buffer &out, Type type, std::uint32_t stream, std::uint32_t timestamp, Bytes payload,
                   std::uint32_t chunk_size) {
  const std::uint8_t id = chunk_stream_of(type);
  const bool is_extended = timestamp >= extended;
  out.reserve(out.size() + payload.size() + 16 + 5 * (payload.size() / chunk_size));
  out.push_back(id);
  put(out, is_extended ? extended : timestamp, 3);
  put(out, payload.size(), 3);
  out.push_back(static_cast<std::uint8_t>(type));
  for (unsigned i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(stream >> 8 * i));
  while (true) {
    if (is_extended) put(out, timestamp, 4);
    const Bytes piece = payload.first(std::min<std::size_t>(payload.size(), chunk_size));
    put(out, piece);
    payload = payload.subspan(piece.size());
    if (payload.empty()) return;
    out.push_back(static_cast<std::uint8_t>(0xc0 | id));
  }
}

}  // namespace astral::rtmp

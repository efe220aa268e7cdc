// SPDX-License-Identifier: BSD-3-Clause
// RTMP's chunk streams (RTMP 1.0 §5.3): messages out of chunks, and chunks out of messages.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "formats/rtmp/limits.hpp"
#include "formats/rtmp/wire.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::rtmp {

enum class Type : std::uint8_t {
  set_chunk_size = 1,
  abort = 2,
  acknowledgement = 3,
  user_control = 4,
  window_size = 5,
  peer_bandwidth = 6,
  audio = 8,
  video = 9,
  command3 = 17,  // AMF3: a zero byte, then AMF0
  data = 18,
  command = 20,
  aggregate = 22,
};

struct Message {
  Type type{};
  std::uint32_t stream = 0;
  std::uint32_t timestamp = 0;  // ms
  Buffer payload = {};
};

// **Errors**: invalid, too_large; after an error nothing more can be read.
class ChunkReader {
 public:
  explicit ChunkReader(const Limits &limits) : limits_(limits) {}

  // Takes bytes from the front of `bytes`, at most up to the end of a message. None: took all and needs more.
  Expected<std::optional<Message>> read(Bytes &bytes);
  Expected<void> set_chunk_size(std::uint32_t size);
  void abort(std::uint32_t chunk_stream);  // forgets the unfinished message there

  std::size_t buffered() const;
  void check_invariants() const;  // asserts what must hold after any input

 private:
  static constexpr std::size_t max_header = 3 + 11 + 4;

  struct Stream {
    Type type{};
    std::uint32_t message_stream = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t delta = 0;
    std::uint32_t length = 0;
    bool is_extended = false;  // an extended timestamp follows the header of each chunk
    bool is_inside = false;    // a message has begun and is not complete
    Buffer payload = {};
  };

  std::size_t header_size() const;  // as far as the bytes so far tell it
  Buffer take(Bytes &bytes, std::size_t most);
  void check_repeated(const Stream &stream);
  Expected<void> begin_chunk();
  Expected<void> begin_message(Stream &stream, unsigned format, Reader &header);

  const Limits limits_;
  std::uint32_t chunk_size_ = first_chunk_size;
  std::map<std::uint32_t, Stream> streams_;
  std::array<std::uint8_t, max_header> header_{};
  std::size_t header_filled_ = 0;
  Buffer again_;               // were read as a part of a header, and are none
  Stream *current_ = nullptr;  // whose chunk is being read
  std::size_t chunk_left_ = 0;
  std::size_t partial_ = 0;  // sum of the lengths of all unfinished messages
};

// Appends a message in chunks of `sent_chunk_size`. The header is always a full one, so the bytes do not
// depend on what was sent before and can be sent to many clients.
void write_message(Buffer &out, Type type, std::uint32_t stream, std::uint32_t timestamp, Bytes payload,
                   std::uint32_t chunk_size = sent_chunk_size);

}  // namespace astral::rtmp

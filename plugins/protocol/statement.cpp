// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/statement.hpp"

#include <string>
#include <string_view>

namespace astral::protocol {
namespace {

constexpr std::string_view context{"astral stream 1\0", 16};  // no other text of ours is signed like this

// Each field as its length, a colon and its bytes, so that no two lists of fields give the same text.
class Text {
 public:
  explicit Text(std::string_view begin) : bytes_(begin.begin(), begin.end()) {}
  Text &text(std::string_view field) {
    const std::string length = std::to_string(field.size()) + ":";
    bytes_.insert(bytes_.end(), length.begin(), length.end());
    bytes_.insert(bytes_.end(), field.begin(), field.end());
    return *this;
  }
  Text &number(std::uint64_t value) { return text(std::to_string(value)); }
  Text &flag(bool value) { return number(value ? 1 : 0); }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace

std::vector<std::uint8_t> statement(const StreamInfo &stream) {
  Text text(context);
  text.text(stream.key)
      .text(stream.slug)
      .text(stream.name)
      .text(stream.description)
      .text(stream.source)
      .flag(stream.streaming)
      .flag(stream.paused)
      .flag(stream.ended)
      .flag(stream.deleted)
      .text(stream.media)
      .number(stream.bitrate_kbps)
      .number(stream.updated)
      .number(stream.expires);
  if (stream.is_private) {
    text.text("private");
    for (const std::string &id : stream.revoked) text.text(id);
  }
  return text.take();
}

void sign(StreamInfo &stream, const Key &key) {
  stream.key = to_hex(key.public_key_raw());
  stream.fingerprint = key.fingerprint();
  stream.signature = to_hex(key.sign(statement(stream)));
}

Expected<void> check(const StreamInfo &stream) {
  if (stream.key.size() != 2 * PublicKey::raw_size || stream.signature.size() != 2 * Key::signature_size)
    return fail(Code::invalid, "the stream '" + stream.slug + "' is not signed");
  const auto key = PublicKey::from_raw(from_hex(stream.key));
  if (!key || key->fingerprint() != stream.fingerprint ||
      !key->verify(statement(stream), from_hex(stream.signature)))
    return fail(Code::invalid, "what is said of the stream '" + stream.slug + "' is not signed by its key");
  return {};
}

void strip(StreamInfo &stream) {
  stream.fingerprint.clear();
  stream.key.clear();
  stream.signature.clear();
  stream.expires = 0;
  stream.deleted = false;
  stream.is_private = false;
  stream.revoked.clear();
}

}  // namespace astral::protocol

// SPDX-License-Identifier: BSD-3-Clause
// H.264 in its two forms: NAL units after start codes (ITU-T H.264, annex B), as MPEG-TS and WebRTC carry
// it, and after their lengths (ISO/IEC 14496-15, 5.3), as FLV carries it. Where a decoder can start. Pure;
// the input is not trusted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::formats::h264 {

using Buffer = std::vector<std::uint8_t>;

// nal_unit_type (ITU-T H.264, table 7-1).
enum class Nal : std::uint8_t { slice = 1, key = 5, sei = 6, sps = 7, pps = 8, delimiter = 9, filler = 12 };
Nal type_of(Bytes unit);  // `unit` is not empty

// Views into `picture`, without empty units.
std::vector<Bytes> units_after_start_codes(Bytes picture);
// None: the lengths do not fit. `length_size`: bytes of each length, 1 to 4.
std::optional<std::vector<Bytes>> units_after_lengths(Bytes picture, unsigned length_size);

// Whether the SEI unit says that a decoder may begin here (D.1.8, recovery point): encoders that refresh the
// picture bit by bit send no key frames.
bool is_recovery_point(Bytes unit);
// Whether a decoder can start with this picture.
bool is_start(const std::vector<Bytes> &units);
// Whether no slice needs another picture (7.4.3, slice_type).
bool is_intra(const std::vector<Bytes> &units);

// The parameter sets that have come, the newest of each id.
class Parameters {
 public:
  // Takes the parameter sets among these units. Returns whether one is new or has changed.
  bool learn(const std::vector<Bytes> &units);
  // Takes those of an AVCDecoderConfigurationRecord, instead of what is known. None: it cannot be read.
  // Returns the size of lengths.
  std::optional<unsigned> read_record(Bytes record);
  bool are_known() const { return !sps_.empty() && !pps_.empty(); }
  // An AVCDecoderConfigurationRecord with lengths of four bytes. Requires are_known().
  Buffer record() const;
  std::vector<Bytes> units() const;  // views, valid until the next change

 private:
  bool learn(Bytes unit);

  std::map<unsigned, Buffer> sps_, pps_;  // by id
};

void put_after_start_code(Buffer &out, Bytes unit);
void put_after_length(Buffer &out, Bytes unit);  // of four bytes
// With lengths of four bytes, without parameter sets, delimiters and filler, which FLV carries elsewhere or
// not at all.
Buffer with_lengths(const std::vector<Bytes> &units);

}  // namespace astral::formats::h264

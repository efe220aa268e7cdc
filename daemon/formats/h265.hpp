// SPDX-License-Identifier: BSD-3-Clause
// H.265 (HEVC) in its two forms: NAL units after start codes (ITU-T H.265, annex B), as MPEG-TS carries it,
// and after their lengths (ISO/IEC 14496-15, 8.3), as enhanced RTMP carries it. The units are found as those
// of H.264 (h264.hpp). Pure; the input is not trusted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "formats/h264.hpp"
#include "glue/bytes.hpp"

namespace astral::formats::h265 {

using h264::Buffer;

// nal_unit_type (ITU-T H.265, table 7-1).
enum class Nal : std::uint8_t {
  first_irap = 16,
  last_irap = 23,
  vps = 32,
  sps = 33,
  pps = 34,
  delimiter = 35,
  filler = 38
};
Nal type_of(Bytes unit);  // `unit` is not empty
bool is_parameter_set(Bytes unit);

// Whether a decoder can start with this picture (3.69, an IRAP picture).
bool is_start(const std::vector<Bytes> &units);

// The parameter sets that came last, of a record or of a picture.
class Parameters {
 public:
  // Takes the parameter sets among these units, if there are any, instead of what is known of their types.
  // Returns whether they are others.
  bool learn(const std::vector<Bytes> &units);
  // Takes those of an HEVCDecoderConfigurationRecord, instead of what is known. None: it cannot be read.
  // Returns the size of lengths.
  std::optional<unsigned> read_record(Bytes record);
  bool are_known() const;
  // An HEVCDecoderConfigurationRecord with lengths of four bytes. Requires are_known().
  Buffer record() const;
  std::vector<Bytes> units() const;  // VPS, SPS, PPS; views, valid until the next change

 private:
  std::map<Nal, std::vector<Buffer>> sets_;
};

// The access unit as MPEG-TS carries it: a delimiter, `parameters` if it is a start, and `units`.
Buffer access_unit(const std::vector<Bytes> &units, const Parameters &parameters);

// As h264::with_lengths().
Buffer with_lengths(const std::vector<Bytes> &units);

}  // namespace astral::formats::h265

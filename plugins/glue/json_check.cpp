// SPDX-License-Identifier: BSD-3-Clause
// The grammar of RFC 8259, checked before json-glib sees the text.
#include "glue/json.hpp"

#include <cstring>

namespace astral::json {
namespace {

constexpr std::size_t max_integer_digits = 18;  // every integer of this length fits gint64
constexpr std::size_t max_number_length = 40;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A recursive-descent parser of RFC 8259's grammar that builds nothing. Each method returns false after an
// error.
class Checker {
 public:
  Checker(std::string_view text, unsigned max_depth) : text_(text), max_depth_(max_depth) {}

  bool document() {
    space();
    if (!value()) return false;
    space();
    return at_ == text_.size() || fail("something follows the value");
  }
  Error error() const { return {code_, "not JSON at byte " + std::to_string(at_) + ": " + what_}; }

 private:
  bool fail(const char *what, Code code = Code::invalid) {
    what_ = what;
    code_ = code;
    return false;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  bool value() {
    switch (peek()) {
      case '{':
        return nested('}', &Checker::member);
      case '[':
        return nested(']', &Checker::value);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  // Precondition: the next character is the opening bracket.
  bool nested(char close, bool (Checker::*item)()) {
    if (++depth_ > max_depth_) return fail("nested too deeply", Code::too_large);
    ++at_;
    space();
    if (!take(close)) {
      do {
        space();
        if (!(this->*item)()) return false;
        space();
      } while (take(','));
      if (!take(close)) return fail(close == '}' ? "',' or '}' expected" : "',' or ']' expected");
    }
    --depth_;
    return true;
  }

  bool member() {
    if (peek() != '"') return fail("a field name in double quotes expected");
    if (text_.substr(at_, 2) == "\"\"") return fail("an empty field name");
    if (!string()) return false;
    space();
    if (!take(':')) return fail("':' expected");
    space();
    return value();
  }

  bool word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail("a value expected");
    at_ += word.size();
    return true;
  }

  bool hex4(unsigned &unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const int digit = at_ < text_.size() ? g_ascii_xdigit_value(text_[at_]) : -1;
      if (digit < 0) return fail("four hex digits expected");
      unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return true;
  }

  bool escape() {
    const char c = peek();
    if (c != 'u') {
      if (c == '\0' || !std::strchr("\"\\/bfnrt", c)) return fail("an unknown escape");
      ++at_;
      return true;
    }
    ++at_;
    unsigned unit = 0;
    if (!hex4(unit)) return false;
    if (unit == 0) return fail("a NUL in a string");
    if (unit >= 0xDC00 && unit <= 0xDFFF) return fail("half a surrogate pair");
    if (unit < 0xD800 || unit > 0xDBFF) return true;
    unsigned low = 0;
    if (!take('\\') || !take('u')) return fail("half a surrogate pair");
    if (!hex4(low)) return false;
    return (low >= 0xDC00 && low <= 0xDFFF) || fail("half a surrogate pair");
  }

  bool string() {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return fail("a control character in a string");
      ++at_;
      if (c == '"') return true;
      if (c == '\\' && !escape()) return false;
    }
    return fail("a string does not end");
  }

  bool digits() {
    if (!is_digit(peek())) return fail("a digit expected");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    const std::size_t start = at_;
    take('-');
    if (!is_digit(peek())) return fail(at_ == text_.size() ? "it ends too early" : "a value expected");
    const std::size_t first = at_;
    if (!take('0') && !digits()) return false;
    if (is_digit(peek())) return fail("a number with a leading zero");
    const std::size_t integer_digits = at_ - first;
    bool real = false;
    if (take('.')) {
      real = true;
      if (!digits()) return false;
    }
    if (take('e') || take('E')) {
      real = true;
      if (!take('-')) take('+');
      if (!digits()) return false;
    }
    if (!real && integer_digits > max_integer_digits) return fail("an integer of too many digits");
    if (at_ - start > max_number_length) return fail("a number of too many digits");
    return true;
  }

  std::string_view text_;
  unsigned max_depth_;
  unsigned depth_ = 0;
  std::size_t at_ = 0;
  const char *what_ = "";
  Code code_ = Code::invalid;
};

}  // namespace

Expected<void> check(std::string_view text, const Limits &limits) {
  if (text.size() > limits.max_bytes) {
    return fail(Code::too_large, "more than " + std::to_string(limits.max_bytes) + " bytes of JSON");
  }
  const char *end = nullptr;
  if (!text.empty() && !g_utf8_validate_len(text.data(), text.size(), &end)) {
    return fail(Code::invalid, "not UTF-8 at byte " + std::to_string(end - text.data()));
  }
  Checker checker(text, limits.max_depth);
  if (!checker.document()) return tl::unexpected<Error>(checker.error());
  return {};
}

}  // namespace astral::json

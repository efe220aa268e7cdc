// SPDX-License-Identifier: BSD-3-Clause
#include "http/signature.hpp"

#include <glib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <vector>

#include "glue/random.hpp"
#include "glue/ref.hpp"

namespace astral::http {
namespace {

constexpr std::string_view of_request = R"(("@method" "@path" "@query" "content-digest"))";
constexpr std::string_view of_answer = R"(("@status" "@path";req "@query";req "content-digest"))";
constexpr std::string_view label = "key=";
constexpr std::size_t nonce_size = 16;
constexpr std::size_t max_header = 512;  // each of the three has less than this
constexpr std::size_t max_time_digits = 12;

std::string base64(Bytes bytes) {
  const GString_ text(g_base64_encode(bytes.data(), bytes.size()));
  return text.get();
}

std::string digest_of(std::string_view body) {
  const std::unique_ptr<GChecksum, decltype(&g_checksum_free)> sum(g_checksum_new(G_CHECKSUM_SHA256),
                                                                   g_checksum_free);
  g_checksum_update(sum.get(), reinterpret_cast<const guchar *>(body.data()),
                    static_cast<gssize>(body.size()));
  std::array<std::uint8_t, 32> digest{};
  gsize size = digest.size();
  g_checksum_get_digest(sum.get(), digest.data(), &size);
  return "sha-256=:" + base64(digest) + ":";
}

std::string params_of(std::string_view components, std::chrono::sys_seconds created, std::string_view nonce,
                      std::string_view key) {
  return std::string(components)
      .append(";created=")
      .append(std::to_string(created.time_since_epoch().count()))
      .append(";nonce=\"")
      .append(nonce)
      .append("\";keyid=\"")
      .append(key)
      .append("\";alg=\"ed25519\"");
}

// The lines of the components but the digest, which both kinds have last (RFC 9421 §2.5).
std::string lines_of(std::string_view method, std::string_view path, std::string_view query) {
  return std::string("\"@method\": ")
      .append(method)
      .append("\n\"@path\": ")
      .append(path)
      .append("\n\"@query\": ?")
      .append(query);
}
std::string lines_of(const SignedAnswer &answer) {
  return std::string("\"@status\": ")
      .append(std::to_string(answer.status))
      .append("\n\"@path\";req: ")
      .append(answer.path)
      .append("\n\"@query\";req: ?")
      .append(answer.query);
}
std::string base_of(std::string lines, std::string_view digest, std::string_view params) {
  return lines.append("\n\"content-digest\": ")
      .append(digest)
      .append("\n\"@signature-params\": ")
      .append(params);
}

bool take(std::string_view &text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::string_view take_digits(std::string_view &text, std::string_view digits) {
  const std::string_view taken = text.substr(0, text.find_first_not_of(digits));
  text.remove_prefix(taken.size());
  return taken;
}

struct Input {
  std::string_view params;
  std::chrono::sys_seconds created;
  std::string_view nonce, key;
};

std::optional<Input> read_input(std::string_view text, std::string_view components) {
  constexpr std::string_view hex = "0123456789abcdef";
  if (text.size() > max_header || !take(text, label)) return std::nullopt;
  Input input{.params = text, .created = {}, .nonce = {}, .key = {}};
  if (!take(text, components) || !take(text, ";created=")) return std::nullopt;
  const std::string_view time = take_digits(text, hex.substr(0, 10));
  if (time.empty() || time.size() > max_time_digits || !take(text, ";nonce=\"")) return std::nullopt;
  std::int64_t seconds = 0;
  std::from_chars(time.data(), time.data() + time.size(), seconds);
  input.created = std::chrono::sys_seconds(std::chrono::seconds(seconds));
  input.nonce = take_digits(text, hex);
  if (input.nonce.size() != 2 * nonce_size || !take(text, "\";keyid=\"")) return std::nullopt;
  input.key = take_digits(text, hex);
  const bool is_key =
      !input.key.empty() && input.key.size() % 2 == 0 && input.key.size() <= 2 * Key::max_public_key_size;
  if (!is_key || text != "\";alg=\"ed25519\"") return std::nullopt;
  return input;
}

std::optional<std::vector<std::uint8_t>> read_signature(std::string_view text) {
  if (text.size() > max_header || !take(text, label) || !take(text, ":") || !text.ends_with(':'))
    return std::nullopt;
  text.remove_suffix(1);
  gsize size = 0;
  const std::string digits(text);
  const std::unique_ptr<guchar, decltype(&g_free)> bytes(g_base64_decode(digits.c_str(), &size), g_free);
  std::vector<std::uint8_t> signature(bytes.get(), bytes.get() + size);
  if (size != Key::signature_size || base64(signature) != text) return std::nullopt;  // one text for each
  return signature;
}

Call::Signature make(const Key &key, std::string_view components, std::string lines, std::string_view body,
                     std::chrono::sys_seconds created) {
  const std::string params =
      params_of(components, created, to_hex(random_bytes<nonce_size>()), to_hex(key.public_key_der()));
  const std::string digest = digest_of(body);
  const std::string text = base_of(std::move(lines), digest, params);
  return {.digest = digest,
          .input = std::string(label) + params,
          .signature = std::string(label) + ":" + base64(key.sign(as_bytes(text))) + ":"};
}

Expected<std::optional<Signer>> check(const Call::Signature &said, std::string_view components,
                                      std::string lines, std::string_view body) {
  if (said.input.empty() && said.signature.empty()) return std::nullopt;
  const auto input = read_input(said.input, components);
  const auto signature = read_signature(said.signature);
  if (!input || !signature)
    return fail(Code::invalid,
                "the headers Signature-Input and Signature are not of the form that is read here");
  if (said.digest != digest_of(body))
    return fail(Code::refused, "the header Content-Digest does not fit the body");
  const std::vector<std::uint8_t> key = from_hex(input->key);
  const std::string text = base_of(std::move(lines), said.digest, input->params);
  if (!Key::verify(key, as_bytes(text), *signature)) {
    return fail(Code::refused,
                "the signature does not fit; a proxy that shows this program at another path must say so "
                "(X-Forwarded-Prefix)");
  }
  return Signer{.key = fingerprint_of(key), .created = input->created, .nonce = std::string(input->nonce)};
}

}  // namespace

Call::Signature sign(const Key &key, std::string_view method, std::string_view path, std::string_view query,
                     std::string_view body, std::chrono::sys_seconds created) {
  return make(key, of_request, lines_of(method, path, query), body, created);
}

Call::Signature sign(const Key &key, const SignedAnswer &answer, std::chrono::sys_seconds created) {
  return make(key, of_answer, lines_of(answer), answer.body, created);
}

Expected<std::optional<Signer>> verify(const Call &call) {
  return check(call.signature, of_request, lines_of(call.method, call.prefix + call.path, call.raw_query),
               call.body);
}

Expected<std::optional<Signer>> verify(const SignedAnswer &answer, const Call::Signature &said) {
  return check(said, of_answer, lines_of(answer), answer.body);
}

Expected<void> Freshness::accept(const Signer &signer, std::chrono::sys_seconds now) {
  seen_.erase(seen_.begin(), seen_.lower_bound({now - signature_window, ""}));
  if (signer.created < now - signature_window || signer.created > now + signature_window) {
    const auto off = std::chrono::abs(signer.created - now).count();
    return fail(Code::refused, "the request was signed " + std::to_string(off) + " s " +
                                   (signer.created < now ? "ago" : "ahead of the clock here"));
  }
  if (!seen_.emplace(signer.created, signer.nonce + signer.key).second)
    return fail(Code::refused, "the request came before");
  if (seen_.size() > most_) seen_.erase(seen_.begin());
  return {};
}

}  // namespace astral::http

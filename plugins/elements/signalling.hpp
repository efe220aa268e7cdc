// SPDX-License-Identifier: BSD-3-Clause
// What an element and its node say to each other about links, as JSON text, and back. The same words that
// nodes use among themselves (daemon/README.md); only those an element needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glue/error.hpp"
#include "ice/description.hpp"

namespace astral::elements::signalling {

inline constexpr std::size_t max_message = 64 * 1024;

// From the node.
struct Welcome {
  std::string uuid;
};
struct Published {
  std::uint64_t largest_group = 0;
};
struct Request {
  std::string ticket, slug;
};
struct Offer {
  std::string ticket, fingerprint;
  ice::Description ice;
  std::string slug, source;  // for the node, which puts its own uuid there
};
struct Refusal {
  std::string ticket, code, message;
};  // no ticket: the stream may not be published
// From the other end of a ticket, through the node.
struct Confirm {
  std::string ticket, fingerprint;
  ice::Description ice;
};
struct Candidates {
  std::string ticket;
  std::vector<std::string> candidates;
};
struct Cancel {
  std::string ticket, code, message;
};

using Message = std::variant<Welcome, Published, Request, Offer, Refusal, Confirm, Candidates, Cancel>;

// Nothing: a type that is not ours to understand. Errors: invalid, too_large; the field is named.
Expected<std::optional<Message>> parse(std::string_view text);

std::string hello(const std::string &uuid);
std::string publish(const std::string &slug, const std::string &name, const std::string &description,
                    const std::string &media);
std::string media(const std::string &slug, const std::string &media);
std::string ended(const std::string &slug);
std::string request(const std::string &ticket, const std::string &slug, const std::string &destination);
std::string heartbeat();
std::string goodbye();
std::string to_text(const Offer &offer);
std::string to_text(const Refusal &refusal);
std::string to_text(const Confirm &confirm);
std::string to_text(const Candidates &candidates);
std::string to_text(const Cancel &cancel);

// How codes of refusals and cancels are seen by whoever plays or publishes.
Error error_of(const std::string &code, const std::string &message);

}  // namespace astral::elements::signalling

// SPDX-License-Identifier: BSD-3-Clause
// The JSON messages between an element and its node about links. protocol/message_codec.hpp, which nodes use
// on /peer as well, writes them. An element reads only the fields that it needs: an application that signals
// between two elements itself leaves out the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "elements/direct.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "ice/description.hpp"

namespace astral::elements::signalling {

inline constexpr std::size_t max_message = 64 * 1024;

// Messages from the node.
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
  std::string slug, source;  // for the node, which puts its own uuid into `source`
  Direct direct = {};
};
struct Refusal {
  std::string ticket, code, message;
};  // without a ticket: the node refuses to publish the stream
// Messages from the peer of a ticket, through the node.
struct Confirm {
  std::string ticket, fingerprint;
  ice::Description ice;
  Direct direct = {};
};
struct Candidates {
  std::string ticket;
  std::vector<std::string> candidates;
};
struct Cancel {
  std::string ticket, code, message;
};

using Message = std::variant<Welcome, Published, Request, Offer, Refusal, Confirm, Candidates, Cancel>;

// nullopt: a message type that elements ignore. Errors: invalid, too_large; the detail names the field.
Expected<std::optional<Message>> parse(std::string_view text);

std::string hello(const std::string &uuid);
std::string publish(const std::string &slug, const std::string &name, const std::string &description,
                    const std::string &media, unsigned bitrate_kbps = 0);
std::string media(const std::string &slug, const std::string &media);
std::string ended(const std::string &slug);
// `key`: of the stream, as far as it is known. If another stream has the slug at the node, this one is meant.
std::string request(const std::string &ticket, const std::string &slug, const Fingerprint &key,
                    const std::string &destination);
std::string heartbeat();
std::string goodbye();
std::string to_text(const Offer &offer);
std::string to_text(const Refusal &refusal);
std::string to_text(const Confirm &confirm);
std::string to_text(const Candidates &candidates);
std::string to_text(const Cancel &cancel);

// The Error for the code of a refusal or a cancel.
Error error_of(const std::string &code, const std::string &message);

}  // namespace astral::elements::signalling

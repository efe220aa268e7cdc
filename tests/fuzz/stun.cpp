// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: a datagram at a STUN server, at a discovery, and at a client of a TURN server. What can be read is
// within its limits. Only requests are answered, in at most 32 bytes more than they have, and the answer can
// be read.
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "stun/discovery.hpp"
#include "stun/server.hpp"
#include "stun/turn_check.hpp"

using namespace astral;
using namespace astral::stun;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const Bytes datagram(data, size);
  const Address server = *parse_address("198.51.100.1:3478"), client = *parse_address("[2001:db8::1]:5000");
  const auto message = parse(datagram);
  const auto answer = Server().answer(datagram, client, Time(1s));
  assert(answer.empty() == (!message || message->kind != Message::Kind::request));
  Address other = server;
  other.port = 3479;
  const Server::Answer about_other = Server().answer(datagram, client, other, Time(1s));
  if (about_other.from_other_port) assert(about_other.datagram.size() <= size);
  assert(about_other.datagram.size() <= size + 32);
  // The first id is that of the corpus; so is the second, so that an input is an answer in both steps.
  const TransactionId of_corpus = id_with_cookie({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  TurnCheck turn("user", "password", {of_corpus, of_corpus, of_corpus});
  TurnCheck::Messages said;
  turn.start(1s, said);
  for (int i = 0; i < 4; ++i) turn.handle(datagram, 1s, said);
  assert(said.size() <= 4);
  for (const auto &request : said) assert(looks_like_stun(request));
  if (!message) {
    assert(!message.error().detail.empty());
    return 0;
  }
  assert(looks_like_stun(datagram) && message->unknown.size() <= max_unknown);
  if (message->mapped) {
    const auto again = parse(write_success(message->id, *message->mapped));
    assert(again && again->mapped == message->mapped && again->id == message->id);
    assert(message->mapped->port == 0 || parse_address(to_text(*message->mapped)) == message->mapped);
  }
  if (!answer.empty()) {
    assert(answer.size() <= size + 32);
    const auto read = parse(answer);
    assert(read && read->id == message->id && read->kind != Message::Kind::request);
  }
  // The ids are those of the corpus.
  Discovery discovery({server}, {}, client,
                      {id_with_cookie({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), {}, id_with_cookie({1}), {}});
  std::vector<Discovery::Effect> effects;
  discovery.start(1s, effects);
  const bool taken = discovery.handle(*message, server, 2s, effects);
  assert(!taken || message->kind == Message::Kind::success);
  assert(taken == !discovery.nat().mapped.host().empty());
  return 0;
}

// SPDX-License-Identifier: BSD-3-Clause
// The control streams (SETUP, GOAWAY), and the checks that are common to the messages of all request streams.
#include <cassert>

#include "moqt/session_core.hpp"

namespace astral::moqt {

void Session::Core::start() {
  if (closed_ || control_) return;
  control_ = open_stream(false);
  Setup setup;
  setup.options.add(option::implementation, "astral/" ASTRAL_VERSION);
  send(*control_, setup);
}

void Session::Core::goaway(std::uint64_t timeout_ms, std::string_view uri) {
  if (closed_ || goaway_sent_) return;
  // Preconditions, see session.hpp.
  assert(control_ && uri.size() <= max_goaway_uri && (role_ == Role::server || uri.empty()));
  goaway_sent_ = true;
  const std::uint64_t parity = role_ == Role::server ? 0 : 1;  // parity of the peer's request ids
  const std::uint64_t unprocessed = peer_requests_.empty() ? 0 : peer_requests_.largest() + 1;
  send(*control_, Goaway{std::string(uri), timeout_ms, RequestId{unprocessed * 2 + parity}});
}

void Session::Core::receive_control(Incoming &incoming, Bytes bytes) {
  incoming.control.feed(bytes);
  while (!closed_) {
    auto frame = incoming.control.next();
    if (!good(frame) || !*frame) return;
    auto message = decode((*frame)->type, (*frame)->body, version_);
    if (!good(message)) return;
    if (auto *setup = std::get_if<Setup>(&*message); setup && !setup_received_)
      on_setup(std::move(*setup));
    else if (auto *goaway = std::get_if<Goaway>(&*message); goaway && setup_received_)
      on_session_goaway(std::move(*goaway));
    else
      violate(std::string(name_of((*frame)->type)) + " on the control stream");
  }
}

void Session::Core::on_setup(Setup setup) {
  if (role_ == Role::client) {
    if (setup.options.bytes(option::path)) return violate({CloseCode::invalid_path, "a server sent PATH"});
    if (setup.options.bytes(option::authority))
      return violate({CloseCode::invalid_authority, "a server sent AUTHORITY"});
  }
  for (const Property &one : setup.options.all()) {
    if (one.type != option::authorization_token) continue;
    const auto token = decode_token(as_bytes(one.bytes));
    if (!good(token)) return;
    if (token->kind == Token::Alias::remove || token->kind == Token::Alias::use_alias)
      return violate("SETUP uses a token alias");
  }
  setup_received_ = true;
  events_.emplace_back(SetupReceived{std::move(setup)});
}

void Session::Core::on_session_goaway(Goaway goaway) {
  if (goaway_received_) return violate("a second GOAWAY");
  if (role_ == Role::server && !goaway.uri.empty()) return violate("GOAWAY of a client with a URI");
  if (version_ == Version::draft18) {
    if (!goaway.request) return violate("GOAWAY on the control stream without a request id");
    if ((raw(*goaway.request) & 1) != (role_ == Role::server ? 1u : 0u))
      return violate({CloseCode::invalid_request_id, "GOAWAY names a request of its sender"});
  }
  goaway_received_ = true;
  events_.emplace_back(GoawayReceived{goaway.timeout_ms, std::move(goaway.uri), std::nullopt});
}

void Session::Core::on_message(StreamId stream, Message message) {
  RequestStream &request = requests_.at(stream);
  if (!request.request) return on_request(stream, std::move(message));
  if (auto *goaway = std::get_if<Goaway>(&message)) return on_request_goaway(request, std::move(*goaway));
  const RequestId id = *request.request;
  if (request.ours)
    our_fetches_.contains(id) ? on_our_fetch_message(id, std::move(message))
                        : on_our_subscription_message(id, std::move(message));
  else
    peer_fetches_.contains(id) ? on_peer_fetch_message(id, std::move(message))
                          : on_peer_subscription_message(id, std::move(message));
}

void Session::Core::on_request_goaway(RequestStream &request, Goaway goaway) {
  if (request.goaway) return violate("a second GOAWAY for one request");
  if (goaway.request) return violate("GOAWAY on a request stream with a request id");
  if (role_ == Role::server && !goaway.uri.empty()) return violate("GOAWAY of a client with a URI");
  request.goaway = true;
  events_.emplace_back(GoawayReceived{goaway.timeout_ms, std::move(goaway.uri), request.request});
}

bool Session::Core::use_request_id(RequestId id) {
  const std::uint64_t peers_parity = role_ == Role::server ? 0 : 1;
  if ((raw(id) & 1) != peers_parity) {
    violate({CloseCode::invalid_request_id, "request id with the wrong parity"});
    return false;
  }
  if (!peer_requests_.insert(raw(id) >> 1)) {
    violate({CloseCode::invalid_request_id, "request id " + std::to_string(raw(id)) + " twice"});
    return false;
  }
  return true;
}

// We announce no token cache (the default size is 0), so a peer may send tokens only by value.
bool Session::Core::check_tokens(const std::vector<Token> &tokens) {
  for (const Token &token : tokens) {
    if (token.kind == Token::Alias::use_value) continue;
    if (token.kind == Token::Alias::register_)
      violate({CloseCode::auth_token_cache_overflow, "a token is registered, but no cache was announced"});
    else
      violate({CloseCode::unknown_auth_token_alias, "a token has an unknown alias"});
    return false;
  }
  return true;
}

}  // namespace astral::moqt

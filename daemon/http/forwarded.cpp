// SPDX-License-Identifier: BSD-3-Clause
#include "http/forwarded.hpp"

#include <algorithm>
#include <utility>

#include "http/remote_address.hpp"
#include "http/request.hpp"
#include "http/request_head.hpp"

namespace astral::http {
namespace {

constexpr std::size_t max_prefix = 256;

// The last word of a list, and the list without it.
std::string_view take_last(std::string_view &list) {
  const std::size_t comma = list.rfind(',');
  const std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  return trimmed(last);
}

Ref<GInetAddress> address_of(std::string_view text) {
  if (text.starts_with('[')) text = text.substr(1, text.find(']') - 1);  // [IPv6]:PORT
  const bool has_port = std::ranges::count(text, ':') == 1;              // IPv4:PORT
  return Ref<GInetAddress>::adopt(
      g_inet_address_new_from_string(std::string(has_port ? text.substr(0, text.find(':')) : text).c_str()));
}

// A path that may stand in front of ours: it begins with one slash, ends with none, and is plain.
std::string prefix_of(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  const bool is_plain = std::ranges::all_of(text, [](char c) {
    return g_ascii_isalnum(c) || std::string_view("/-._~").find(c) != std::string_view::npos;
  });
  const bool is_path = text.starts_with('/') && !text.starts_with("//") && text.size() <= max_prefix;
  return is_plain && is_path ? std::string(text) : "";
}

}  // namespace

Expected<TrustedProxies> TrustedProxies::read(const std::vector<std::string> &addresses) {
  TrustedProxies proxies;
  for (const std::string &text : addresses) {
    auto network = Ref<GInetAddressMask>::adopt(g_inet_address_mask_new_from_string(text.c_str(), nullptr));
    if (!network) return fail(Code::invalid, "must be an IP address or ADDRESS/BITS, not '" + text + "'");
    proxies.networks_.push_back(std::move(network));
  }
  return proxies;
}

bool TrustedProxies::trusts(std::string_view address) const {
  const auto inet = address_of(address);
  return inet && std::ranges::any_of(networks_, [&](const Ref<GInetAddressMask> &network) {
           return g_inet_address_mask_matches(network.get(), inet.get());
         });
}

void TrustedProxies::apply(Call &call) const {
  const Call::Forwarded &said = call.forwarded;
  if (!trusts(call.caller)) {
    if (!said.addresses.empty()) call.is_loopback = call.is_near = false;
    return;
  }
  // Each proxy adds the address of who called it at the end. What stands before that of a stranger is the
  // stranger's word.
  std::string_view rest = said.addresses;
  while (!rest.empty()) {
    const std::string_view one = take_last(rest);
    const auto inet = address_of(one);
    if (!inet) {
      call.is_loopback = call.is_near = false;
      break;
    }
    const auto socket = Ref<GSocketAddress>::adopt(g_inet_socket_address_new(inet.get(), 0));
    const RemoteAddress client = remote_address_of(socket.get());
    call.caller = client.address;
    call.is_loopback = client.is_loopback;
    call.is_near = client.is_near;
    if (!trusts(one)) break;
  }
  std::string_view protocols = said.protocol, hosts = said.host;
  if (!protocols.empty()) call.is_secure = same_word(take_last(protocols), "https");
  if (!hosts.empty()) {
    call.authority = take_last(hosts);
    call.host = host_of(call.authority);
  }
  call.prefix = prefix_of(said.prefix);
}

}  // namespace astral::http

// SPDX-License-Identifier: BSD-3-Clause
#include "http/remote_address.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "glue/ref.hpp"

namespace astral::http {
namespace {

constexpr std::size_t network_bytes = 8;  // of an IPv6 address: a customer usually gets a whole /64

Ref<GInetAddress> inet_of(GSocketAddress *address) {
  if (!address || !G_IS_INET_SOCKET_ADDRESS(address)) return {};
  GInetAddress *inet = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address));
  const GString_ text(g_inet_address_to_string(inet));
  const std::string_view view(text.get());
  if (view.starts_with("::ffff:") && view.find('.') != std::string_view::npos) {
    return Ref<GInetAddress>::adopt(g_inet_address_new_from_string(text.get() + 7));
  }
  return Ref<GInetAddress>::retain(inet);
}

bool is_ipv6(GInetAddress *address) {
  return g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6;
}

std::string place_of(GInetAddress *address) {
  if (!is_ipv6(address)) return GString_(g_inet_address_to_string(address)).get();
  std::array<guint8, 16> network{};
  std::copy_n(g_inet_address_to_bytes(address), network_bytes, network.begin());
  const auto first =
      Ref<GInetAddress>::adopt(g_inet_address_new_from_bytes(network.data(), G_SOCKET_FAMILY_IPV6));
  return GString_(g_inet_address_to_string(first.get())).get();
}

}  // namespace

RemoteAddress remote_address_of(GSocketAddress *address, GSocketAddress *local) {
  const auto inet = inet_of(address);
  if (!inet) return {.address = {}, .place = "unknown"};
  RemoteAddress caller{.address = GString_(g_inet_address_to_string(inet.get())).get(),
                       .place = {},
                       .is_loopback = static_cast<bool>(g_inet_address_get_is_loopback(inet.get()))};
  const bool unique_local =  // RFC 4193
      is_ipv6(inet.get()) && (*g_inet_address_to_bytes(inet.get()) & 0xFE) == 0xFC;
  caller.is_near = caller.is_loopback || unique_local || g_inet_address_get_is_site_local(inet.get()) ||
                   g_inet_address_get_is_link_local(inet.get());
  if (const auto ours = inet_of(local); ours && place_of(ours.get()) == place_of(inet.get()))
    caller.is_near = true;
  if (!caller.is_loopback) caller.place = place_of(inet.get());
  return caller;
}

bool has_address(const std::string &address) {
  const auto any_port = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(address.c_str(), 0));
  sockaddr_storage native{};
  if (!any_port || !g_socket_address_to_native(any_port.get(), &native, sizeof native, nullptr)) return true;
  const int probe = socket(native.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return true;
  const auto size = static_cast<socklen_t>(g_socket_address_get_native_size(any_port.get()));
  const bool is_bound = bind(probe, reinterpret_cast<const sockaddr *>(&native), size) == 0;
  const bool is_gone = !is_bound && errno == EADDRNOTAVAIL;
  close(probe);
  return !is_gone;
}

std::string own_address() {
  const auto socket = Ref<GSocket>::adopt(
      g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, nullptr));
  // Of TEST-NET-2. To connect a datagram socket only chooses a route; nothing is sent.
  const auto far = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("198.51.100.1", 9));
  if (!socket || !g_socket_connect(socket.get(), far.get(), nullptr, nullptr)) return "";
  const auto local = Ref<GSocketAddress>::adopt(g_socket_get_local_address(socket.get(), nullptr));
  if (!local) return "";
  const RemoteAddress own = remote_address_of(local.get());
  return own.is_loopback ? "" : own.address;
}

}  // namespace astral::http

// SPDX-License-Identifier: BSD-3-Clause
// astral-portmap: asks the router of a home once to forward ports, by NAT-PMP and else by UPnP, or to stop
// it. Prints the answer as one line of JSON (node/port_mapping.hpp).
//
// **Why** a program of its own: the libraries block, and they allocate what a device of the local network
// sends, however much and however slowly. Here the kernel bounds time and memory, and nothing secret is near.
// It talks to the default gateway only: another device cannot map ports for us, whatever it says of itself.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/json.hpp"
#if HAVE_NATPMP
#include <natpmp.h>
#endif
#if HAVE_MINIUPNPC
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#endif

namespace astral::node {
namespace {

constexpr unsigned longest_run_s = 12;
constexpr rlim_t longest_cpu_s = 3;
constexpr rlim_t most_memory = 256 << 20;

struct Request {
  bool removes = false;
  std::string gateway, local;
  std::uint16_t udp_inside = 0, udp_outside = 0;  // outside: what is wished for; another one may be given
  std::uint16_t tcp = 0;                          // the same outside: other nodes cannot learn of another one
  std::uint32_t lease_s = 0;
  std::string protocol, url;  // of the last answer; empty: not known
};

struct Answer {
  std::string protocol, address, url, error;
  std::uint16_t udp = 0, tcp = 0;
  std::uint32_t lease_s = 0;
  bool forwards() const { return udp != 0 || tcp != 0; }
};

void add(std::string &list, const std::string &text) {
  list += (list.empty() ? "" : "; ") + text;
}

// ---- NAT-PMP (RFC 6886) ----

#if HAVE_NATPMP
constexpr int max_requests = 3;  // silence for 1.75 s; RFC 6886, 3.1 has 9, which is silence for 128 s

const char *reason(int error) {
  switch (error) {
    case NATPMP_ERR_NOTAUTHORIZED:
      return "port forwarding is switched off in the router";
    case NATPMP_ERR_NETWORKFAILURE:
      return "the router has no address of the internet";
    case NATPMP_ERR_OUTOFRESOURCES:
      return "the router has no room for more";
    case NATPMP_ERR_UNSUPPORTEDVERSION:
    case NATPMP_ERR_UNSUPPORTEDOPCODE:
      return "the router does not know the request";
    default:
      return "no answer";
  }
}

class NatPmp {
 public:
  explicit NatPmp(const std::string &gateway) {
    open_ = initnatpmp(&state_, 1, inet_addr(gateway.c_str())) == 0;
  }
  ~NatPmp() {
    if (open_) closenatpmp(&state_);
  }
  NatPmp(const NatPmp &) = delete;
  NatPmp &operator=(const NatPmp &) = delete;

  // An error of natpmp.h, or 0.
  int address(natpmpresp_t &answer) {
    if (!open_ || sendpublicaddressrequest(&state_) < 0) return NATPMP_ERR_SENDERR;
    return wait(answer);
  }
  int map(int protocol, std::uint16_t inside, std::uint16_t outside, std::uint32_t lease_s,
          natpmpresp_t &answer) {
    if (!open_ || sendnewportmappingrequest(&state_, protocol, inside, outside, lease_s) < 0)
      return NATPMP_ERR_SENDERR;
    return wait(answer);
  }

 private:
  int wait(natpmpresp_t &answer) {
    while (true) {
      timeval left{};
      getnatpmprequesttimeout(&state_, &left);
      pollfd readable{state_.s, POLLIN, 0};
      ::poll(&readable, 1, static_cast<int>(left.tv_sec * 1000 + left.tv_usec / 1000 + 1));
      const int result = readnatpmpresponseorretry(&state_, &answer);
      if (result != NATPMP_TRYAGAIN) return result;
      if (state_.try_number > max_requests) return NATPMP_ERR_NOGATEWAYSUPPORT;
    }
  }

  natpmp_t state_{};
  bool open_ = false;
};

Answer ask_nat_pmp(const Request &request) {
  Answer answer;
  NatPmp router(request.gateway);
  natpmpresp_t said{};
  if (const int error = router.address(said); error != 0) {
    answer.error = std::string("NAT-PMP: ") + reason(error);
    return answer;
  }
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &said.pnu.publicaddress.addr, text, sizeof text);
  answer.address = text;
  answer.lease_s = request.lease_s;
  const auto map = [&](int protocol, const char *name, std::uint16_t inside, std::uint16_t outside) {
    if (inside == 0) return std::uint16_t{0};
    const std::uint32_t lease_s = request.removes ? 0 : request.lease_s;
    const int error =
        router.map(protocol, inside, request.removes ? std::uint16_t{0} : outside, lease_s, said);
    if (error != 0) {
      add(answer.error, std::string("NAT-PMP, ") + name + ": " + reason(error));
      return std::uint16_t{0};
    }
    answer.lease_s = std::min(answer.lease_s, said.pnu.newportmapping.lifetime);
    return said.pnu.newportmapping.mappedpublicport;
  };
  answer.udp = map(NATPMP_PROTOCOL_UDP, "UDP", request.udp_inside, request.udp_outside);
  answer.tcp = map(NATPMP_PROTOCOL_TCP, "TCP", request.tcp, request.tcp);
  if (answer.tcp != 0 && answer.tcp != request.tcp) {
    router.map(NATPMP_PROTOCOL_TCP, request.tcp, 0, 0, said);
    add(answer.error, "NAT-PMP, TCP: the port is another machine's");
    answer.tcp = 0;
  }
  answer.protocol = "NAT-PMP";
  return answer;
}
#endif

// ---- UPnP Internet Gateway Device ----

#if HAVE_MINIUPNPC
constexpr int search_ms = 1000;  // for each version of the device
constexpr int conflict = 718, only_permanent = 725;
constexpr int max_ports = 4;  // that are tried after a conflict

std::string_view host_of(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  url.remove_prefix(begin + 3);
  return url.substr(0, url.find_first_of(":/"));
}

std::string text_of(int error) {
  const char *known = strupnperror(error);
  return (known ? std::string(known) : "no usable answer") + " (" + std::to_string(error) + ")";
}

class Upnp {
 public:
  // False: the gateway answers no search, or is no router that forwards ports. `url`: of an earlier time.
  bool find(const Request &request) {
    if (!request.url.empty() && host_of(request.url) == request.gateway && describe(request.url, request))
      return true;
    const char *const types[] = {"urn:schemas-upnp-org:device:InternetGatewayDevice:2",
                                 "urn:schemas-upnp-org:device:InternetGatewayDevice:1", nullptr};
    int error = 0;
    UPNPDev *found = upnpDiscoverDevices(types, search_ms, request.local.c_str(), nullptr,
                                         UPNP_LOCAL_PORT_ANY, 0, 2, &error, 0);
    bool good = false;
    for (const UPNPDev *device = found; device && !good; device = device->pNext)
      good = host_of(device->descURL) == request.gateway && describe(device->descURL, request);
    freeUPNPDevlist(found);
    return good;
  }
  ~Upnp() {
    if (described_) FreeUPNPUrls(&urls_);
  }
  Upnp() = default;
  Upnp(const Upnp &) = delete;
  Upnp &operator=(const Upnp &) = delete;

  const std::string &url() const { return url_; }

  std::string address() {
    char text[64] = "";
    return UPNP_GetExternalIPAddress(urls_.controlURL, data_.first.servicetype, text) == UPNPCOMMAND_SUCCESS
               ? text
               : "";
  }
  // An error of UPnP, or 0. `lease_s` becomes what the router grants.
  int map(const char *protocol, std::uint16_t inside, std::uint16_t outside, const std::string &local,
          std::uint32_t &lease_s) {
    const auto try_once = [&] {
      return UPNP_AddPortMapping(urls_.controlURL, data_.first.servicetype, std::to_string(outside).c_str(),
                                 std::to_string(inside).c_str(), local.c_str(), "Astral", protocol, nullptr,
                                 std::to_string(lease_s).c_str());
    };
    const int result = try_once();
    if (result != only_permanent) return result;
    lease_s = 0;
    return try_once();
  }
  int remove(const char *protocol, std::uint16_t outside) {
    return UPNP_DeletePortMapping(urls_.controlURL, data_.first.servicetype, std::to_string(outside).c_str(),
                                  protocol, nullptr);
  }

 private:
  bool describe(const std::string &url, const Request &request) {
    if (described_) FreeUPNPUrls(&urls_);
    urls_ = {};
    data_ = {};
    char local[64] = "";
    described_ = UPNP_GetIGDFromUrl(url.c_str(), &urls_, &data_, local, sizeof local) == 1;
    url_ = url;
    return described_ && urls_.controlURL && host_of(urls_.controlURL) == request.gateway &&
           std::strstr(data_.first.servicetype, ":service:WAN");
  }

  bool described_ = false;
  std::string url_;
  UPNPUrls urls_{};
  IGDdatas data_{};
};

// Another port outside, after so many conflicts. Any will do that other programs do not use by habit.
std::uint16_t other_port(std::uint16_t port, int conflicts) {
  return static_cast<std::uint16_t>(20'000 + (port * 7 + conflicts * 4'099) % 40'000);
}

Answer ask_upnp(const Request &request) {
  Answer answer;
  Upnp router;
  if (!router.find(request)) {
    answer.error = "UPnP: no answer";
    return answer;
  }
  answer.protocol = "UPnP";
  answer.url = router.url();
  if (request.removes) {
    if (request.udp_inside != 0) router.remove("UDP", request.udp_outside);
    if (request.tcp != 0) router.remove("TCP", request.tcp);
    return answer;
  }
  answer.address = router.address();
  answer.lease_s = request.lease_s;
  if (request.udp_inside != 0) {
    std::uint16_t port = request.udp_outside;
    int error = router.map("UDP", request.udp_inside, port, request.local, answer.lease_s);
    for (int conflicts = 1; error == conflict && conflicts <= max_ports; ++conflicts) {
      port = other_port(request.udp_inside, conflicts);
      error = router.map("UDP", request.udp_inside, port, request.local, answer.lease_s);
    }
    if (error == 0) answer.udp = port;
    if (error != 0) add(answer.error, "UPnP, UDP: " + text_of(error));
  }
  if (request.tcp != 0) {
    const int error = router.map("TCP", request.tcp, request.tcp, request.local, answer.lease_s);
    if (error == 0) answer.tcp = request.tcp;
    if (error != 0) add(answer.error, "UPnP, TCP: " + text_of(error));
  }
  if (!answer.forwards() && answer.address.empty())
    add(answer.error, "UPnP: the router has no public address, so it may be behind another NAT");
  return answer;
}
#endif

// ---- both ----

Answer ask([[maybe_unused]] const Request &request) {
  Answer answer;
  std::string errors;
#if HAVE_NATPMP
  if (request.protocol != "UPnP" || !request.removes) {
    answer = ask_nat_pmp(request);
    if (answer.forwards() || (request.removes && !answer.protocol.empty())) return answer;
    add(errors, answer.error);
  }
#endif
#if HAVE_MINIUPNPC
  answer = ask_upnp(request);
  if (answer.forwards()) return answer;
  add(errors, answer.error);
#endif
  answer.error = errors;
  return answer;
}

// Routers' texts may have any bytes.
std::string printable(std::string text, std::size_t max) {
  if (text.size() > max) text.resize(max);
  for (char &c : text)
    if (c < ' ' || c > '~') c = '?';
  return text;
}

void limit(int what, rlim_t to) {
  const rlimit value{to, to};
  setrlimit(static_cast<__rlimit_resource_t>(what), &value);
}

int run(const std::vector<std::string> &words) {
  if (words.size() != 9 || (words[0] != "map" && words[0] != "unmap")) {
    std::fputs(
        "usage: astral-portmap map|unmap GATEWAY LOCAL UDP UDP_OUTSIDE TCP LEASE_S PROTOCOL URL\n"
        "PROTOCOL and URL: of the last answer, or ''. astralnode runs this program.\n",
        stderr);
    return 2;
  }
  const auto number = [](const std::string &word) {
    return static_cast<std::uint32_t>(std::strtoul(word.c_str(), nullptr, 10));
  };
  alarm(longest_run_s);
  limit(RLIMIT_CPU, longest_cpu_s);
#if LIMIT_MEMORY
  limit(RLIMIT_AS, most_memory);
#endif
  const Answer answer = ask({.removes = words[0] == "unmap",
                             .gateway = words[1],
                             .local = words[2],
                             .udp_inside = static_cast<std::uint16_t>(number(words[3])),
                             .udp_outside = static_cast<std::uint16_t>(number(words[4])),
                             .tcp = static_cast<std::uint16_t>(number(words[5])),
                             .lease_s = number(words[6]),
                             .protocol = words[7],
                             .url = words[8]});
  json::Builder line;
  line.set("protocol", answer.protocol).set("address", printable(answer.address, 64));
  line.set("udp", answer.udp).set("tcp", answer.tcp).set("lease_s", answer.lease_s);
  line.set("url", printable(answer.url, 1024)).set("error", printable(answer.error, 1024));
  std::printf("%s\n", line.text().c_str());
  return answer.forwards() ? 0 : 1;
}

}  // namespace
}  // namespace astral::node

int main(int argc, char **argv) {
  return astral::node::run({argv + 1, argv + argc});
}

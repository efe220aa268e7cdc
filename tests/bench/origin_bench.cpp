// SPDX-License-Identifier: BSD-3-Clause
// Calls an astralorigin at a fixed rate over keep-alive connections. Prints one JSON line: the rate that was
// reached, the response times, and the CPU and memory of the origin's process. Each call has a due time, even
// if the origin does not keep up; a response time counts from there, so it includes the wait for a free
// connection.
//   origin_bench PORT PID [RATE [SECONDS [CONNECTIONS]]]
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

enum Kind { report, streams, nodes, kinds };
constexpr const char *names[kinds] = {"POST /nodes", "GET /streams", "GET /nodes"};
constexpr std::size_t published = 100;

double seconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

// Six of eight calls are reports of new nodes, which the origin must write to the disk.
Kind kind_of(std::uint64_t number) {
  return number % 8 == 6 ? streams : number % 8 == 7 ? nodes : report;
}

std::string post(const char *path, const std::string &body) {
  return std::string("POST ") + path +
         " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string call_of(std::uint64_t number) {
  switch (kind_of(number)) {
    case streams:
      return "GET /streams HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n";
    case nodes:
      return "GET /nodes HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n";
    default:
      break;
  }
  const std::string name = "bench-" + std::to_string(getpid()) + "-" + std::to_string(number);
  return post("/nodes", "{\"uuid\":\"" + name +
                            "\",\"port\":8000,\"supernode\":" + (number % 16 == 0 ? "true" : "false") +
                            ",\"upstream_kbps\":5000,\"children\":3,\"capacity\":100,\"version\":\"0.1.0\"}");
}

// One connection with one call at a time. If the origin closed it after an answer, the next call opens a new
// one.
class Client {
 public:
  explicit Client(std::uint16_t port) : port_(port) { open(); }
  Client(const Client &) = delete;
  Client &operator=(const Client &) = delete;
  ~Client() { close(socket_); }

  void send_call(std::string call, Kind what, Clock::time_point when) {
    call_ = std::move(call);
    kind = what;
    due = when;
    busy = true;
    tries_ = 0;
    if (!reuses_) open();
    say();
  }

  // Reads what has arrived. True if the answer is complete.
  bool read_on() {
    char buffer[65536];
    const ssize_t size = recv(socket_, buffer, sizeof buffer, 0);
    if (size <= 0) {
      reuses_ = false;  // the origin closed the connection during the call
      again();
      return false;
    }
    answer_.append(buffer, static_cast<std::size_t>(size));
    const auto head = answer_.find("\r\n\r\n");
    const auto length = answer_.find("Content-Length: ");
    if (head == std::string::npos || length > head) return false;
    const std::size_t whole = head + 4 + std::strtoul(answer_.c_str() + length + 16, nullptr, 10);
    if (answer_.size() < whole) return false;
    status = std::atoi(answer_.c_str() + 9);
    if (answer_.find("Connection: close") < head) reuses_ = false;
    answer_.clear();
    busy = false;
    return true;
  }

  int file() const { return socket_; }
  bool good() const { return good_; }

  Kind kind = report;
  Clock::time_point due;
  bool busy = false;
  int status = 0;
  std::uint64_t opened = 0;

 private:
  void open() {
    if (socket_ >= 0) close(socket_);
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++opened;
    answer_.clear();
    good_ = connect(socket_, reinterpret_cast<sockaddr *>(&address), sizeof address) == 0;
  }
  void say() {
    const auto sent = send(socket_, call_.data(), call_.size(), MSG_NOSIGNAL);
    if (good_ && sent != static_cast<ssize_t>(call_.size())) again();
  }
  void again() {
    if (++tries_ > 3) {
      good_ = false;
      return;
    }
    open();
    say();
  }

  const std::uint16_t port_;
  int socket_ = -1;
  bool good_ = false;
  bool reuses_ = true;
  int tries_ = 0;
  std::string call_;
  std::string answer_;
};

struct Usage {
  double cpu_s = 0;
  long rss_kb = 0;
};

Usage usage_of(int pid) {
  Usage usage;
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  const auto name_end = text.rfind(')');
  unsigned long user = 0, system = 0;
  if (name_end != std::string::npos) {
    std::sscanf(text.c_str() + name_end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                &system);
  }
  usage.cpu_s = static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) usage.rss_kb = std::atol(line.c_str() + 6);
  }
  return usage;
}

double quantile(std::vector<double> &values, double q) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

struct Load {
  std::uint16_t port = 0;
  int pid = 0;
  double rate = 5000;
  double seconds = 10;
  std::size_t connections = 64;
};

class Bench {
 public:
  explicit Bench(const Load &load) : load_(load) {
    for (std::size_t i = 0; i < load.connections; ++i) clients_.emplace_back(load.port);
  }

  int run() {
    publish();
    const Usage before = usage_of(load_.pid);
    const auto start = Clock::now();
    const auto count = static_cast<std::uint64_t>(load_.rate * load_.seconds);
    std::uint64_t sent = 0, due = 0;
    while (done_ < count) {
      if (!all_good()) return complain("a connection failed");
      const auto passed = ::seconds(Clock::now() - start);
      due = std::min(count, static_cast<std::uint64_t>(passed * load_.rate) + 1);
      for (Client &client : clients_) {
        if (sent == due) break;
        if (client.busy) continue;
        const auto when = start + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(static_cast<double>(sent) / load_.rate));
        client.send_call(call_of(sent), kind_of(sent), when);
        ++sent;
      }
      read_answers(sent < due ? -1 : 1);
      if (passed > 6 * load_.seconds) return complain("the origin does not keep up");
    }
    print(Clock::now() - start, before);
    return 0;
  }

 private:
  // So that GET /streams has streams to list.
  void publish() {
    for (std::size_t i = 0; i < published; ++i) {
      Client &client = clients_[i % clients_.size()];
      client.send_call(post("/streams", "{\"name\":\"Talk " + std::to_string(i) +
                                            "\",\"source\":\"bench\",\"streaming\":true}"),
                       report, Clock::now());
      while (client.good() && !client.read_on()) {
      }
    }
  }

  bool all_good() const {
    return std::all_of(clients_.begin(), clients_.end(), [](const Client &c) { return c.good(); });
  }

  void read_answers(int wait_ms) {
    std::vector<pollfd> files;
    for (const Client &client : clients_) files.push_back({client.busy ? client.file() : -1, POLLIN, 0});
    poll(files.data(), files.size(), wait_ms);
    const auto now = Clock::now();
    for (std::size_t i = 0; i < files.size(); ++i) {
      Client &client = clients_[i];
      if (!files[i].revents || !client.read_on()) continue;
      ++done_;
      took_ms_[client.kind].push_back(::seconds(now - client.due) * 1000);
      if (client.status != 200 && client.status != 201) ++refused_;
    }
  }

  static int complain(const char *what) {
    std::printf("{\"bench\": \"origin\", \"failed\": \"%s\"}\n", what);
    return 1;
  }

  void print(Clock::duration took, const Usage &before) {
    const Usage after = usage_of(load_.pid);
    std::uint64_t opened = 0;
    for (const Client &client : clients_) opened += client.opened;
    std::printf(
        "{\"bench\": \"origin\", \"wanted_per_s\": %.0f, \"rate_per_s\": %.0f, \"calls\": %llu, "
        "\"refused\": %llu, \"at_once\": %zu, \"connections\": %llu, \"cpu_s\": %.2f, \"rss_kb\": %ld, "
        "\"grew_kb\": %ld",
        load_.rate, static_cast<double>(done_) / ::seconds(took), static_cast<unsigned long long>(done_),
        static_cast<unsigned long long>(refused_), clients_.size(), static_cast<unsigned long long>(opened),
        after.cpu_s - before.cpu_s, after.rss_kb, after.rss_kb - before.rss_kb);
    for (int kind = 0; kind < kinds; ++kind) {
      std::vector<double> &took_ms = took_ms_[kind];
      std::printf(", \"%s\": {\"calls\": %zu, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f}",
                  names[kind], took_ms.size(), quantile(took_ms, 0.5), quantile(took_ms, 0.99),
                  quantile(took_ms, 1));
    }
    std::printf("}\n");
  }

  const Load load_;
  std::deque<Client> clients_;
  std::uint64_t done_ = 0, refused_ = 0;
  std::vector<double> took_ms_[kinds];
};

}  // namespace

int main(int argc, char **argv) {
  Load load;
  if (argc < 3) {
    std::fprintf(stderr, "usage: origin_bench PORT PID [RATE [SECONDS [CONNECTIONS]]]\n");
    return 2;
  }
  load.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  load.pid = std::atoi(argv[2]);
  if (argc > 3) load.rate = std::atof(argv[3]);
  if (argc > 4) load.seconds = std::atof(argv[4]);
  if (argc > 5) load.connections = static_cast<std::size_t>(std::atoi(argv[5]));
  return Bench(load).run();
}

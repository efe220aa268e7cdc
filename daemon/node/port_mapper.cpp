// SPDX-License-Identifier: BSD-3-Clause
#include "node/port_mapper.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "glue/match.hpp"
#include "node/gateway.hpp"

namespace astral::node {
namespace {

constexpr Time longest_run = 20s;  // astral-portmap ends itself before
constexpr std::chrono::seconds lease = 1h;

// Beside this program, as in a build folder; else where it is installed.
std::string find_program() {
  const GString_ self(g_file_read_link("/proc/self/exe", nullptr));
  const GString_ folder(self ? g_path_get_dirname(self.get()) : nullptr);
  const char *const places[] = {folder.get(), ASTRAL_LIBEXECDIR};
  for (const char *place : places) {
    if (!place) continue;
    const GString_ path(g_build_filename(place, "astral-portmap", nullptr));
    if (g_file_test(path.get(), G_FILE_TEST_IS_EXECUTABLE)) return path.get();
  }
  return {};
}

std::string read_gateway() {
  std::ifstream routes("/proc/net/route");
  const std::string text{std::istreambuf_iterator<char>(routes), {}};
  return default_gateway(text).value_or("");
}

// This machine's address on the way to `gateway`; nothing is sent.
std::string local_address(const std::string &gateway) {
  sockaddr_in to{}, from{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  socklen_t size = sizeof from;
  char text[INET_ADDRSTRLEN] = "";
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return {};
  if (inet_pton(AF_INET, gateway.c_str(), &to.sin_addr) == 1 &&
      ::connect(descriptor, reinterpret_cast<const sockaddr *>(&to), sizeof to) == 0 &&
      ::getsockname(descriptor, reinterpret_cast<sockaddr *>(&from), &size) == 0)
    inet_ntop(AF_INET, &from.sin_addr, text, sizeof text);
  ::close(descriptor);
  return text;
}

Ref<GSubprocess> start(const std::string &program, const char *what,
                       const PortMapping::Surroundings &surroundings, const RouterAnswer &known,
                       GSubprocessFlags flags) {
  const Ports inside = surroundings.inside;
  const std::uint16_t wished = known.outside.udp != 0 ? known.outside.udp : inside.udp;
  const std::string words[] = {program,
                               what,
                               surroundings.gateway,
                               surroundings.local,
                               std::to_string(inside.udp),
                               std::to_string(wished),
                               std::to_string(inside.tcp),
                               std::to_string(lease.count()),
                               known.protocol,
                               known.url};
  std::vector<const char *> arguments;
  for (const std::string &word : words) arguments.push_back(word.c_str());
  arguments.push_back(nullptr);
  GError *raw = nullptr;
  auto process = Ref<GSubprocess>::adopt(g_subprocess_newv(arguments.data(), flags, &raw));
  const GErrorPtr error(raw);
  if (!process) g_warning("astral-portmap: %s", raw->message);
  return process;
}

// For people: "UDP port 8000 and TCP port 8000".
std::string ports_text(const Ports &ports) {
  std::string text;
  if (ports.udp != 0) text = "UDP port " + std::to_string(ports.udp);
  if (ports.tcp != 0) text += (text.empty() ? "" : " and ") + ("TCP port " + std::to_string(ports.tcp));
  return text;
}

}  // namespace

// One run of astral-portmap. The pending read shares it; `mapper` is null when nobody waits for its answer.
struct PortMapper::Run {
  PortMapper *mapper;
  std::uint32_t number;
  Ref<GSubprocess> process;
  std::array<char, 4096> line;
};

PortMapper::PortMapper(bool allowed, std::uint16_t tcp_port, std::function<void()> on_change)
    : program_(allowed ? find_program() : std::string()),
      on_change_(std::move(on_change)),
      timer_(g_main_context_default(),
             [this] {
               std::vector<PortMapping::Effect> effects;
               mapping_.tick(now(), effects);
               perform(std::move(effects));
             }),
      overdue_(g_main_context_default(), [this] {
        if (run_) answered(run_->number, {.error = "the router took too long"});
      }) {
  if (allowed && program_.empty()) g_message("Port mapping: this build has no astral-portmap");
  surroundings_.allowed = !program_.empty();
  surroundings_.inside.tcp = tcp_port;
  look_at_network();
}

PortMapper::~PortMapper() {
  if (run_) run_->mapper = nullptr;
}

void PortMapper::use_udp_port(std::uint16_t port) {
  surroundings_.inside.udp = port;
  observe();
}

void PortMapper::nat_known(core::Udp udp) {
  surroundings_.udp = udp;
  observe();
}

void PortMapper::look_at_network() {
  surroundings_.gateway = read_gateway();
  surroundings_.local = surroundings_.gateway.empty() ? "" : local_address(surroundings_.gateway);
  observe();
}

void PortMapper::observe() {
  std::vector<PortMapping::Effect> effects;
  mapping_.observe(surroundings_, now(), effects);
  perform(std::move(effects));
}

void PortMapper::perform(std::vector<PortMapping::Effect> effects) {
  bool changed = false;
  for (const PortMapping::Effect &effect : effects)
    std::visit(Match{[this](const PortMapping::Ask &asked) { ask(asked); },
                     [this](const PortMapping::Remove &remove) {
                       start(program_, "unmap", surroundings_, remove.known,
                             static_cast<GSubprocessFlags>(G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                                                           G_SUBPROCESS_FLAGS_STDERR_SILENCE));
                     },
                     [&changed](const PortMapping::Changed &) { changed = true; }},
               effect);
  timer_.set(mapping_.deadline());
  if (changed) on_change_();
}

void PortMapper::ask(const PortMapping::Ask &asked) {
  if (run_) {
    run_->mapper = nullptr;
    g_subprocess_force_exit(run_->process.get());
  }
  run_ = std::make_shared<Run>(Run{this, asked.number, {}, {}});
  run_->process = start(program_, "map", surroundings_, asked.known, G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  overdue_.set(now() + (run_->process ? longest_run : Time{}));
  if (!run_->process) return;
  // Whatever it prints, no more is read than has room.
  g_input_stream_read_all_async(
      g_subprocess_get_stdout_pipe(run_->process.get()), run_->line.data(), run_->line.size(),
      G_PRIORITY_DEFAULT, nullptr,
      [](GObject *stream, GAsyncResult *result, gpointer data) noexcept {
        const std::unique_ptr<std::shared_ptr<Run>> run(static_cast<std::shared_ptr<Run> *>(data));
        gsize size = 0;
        const bool read = g_input_stream_read_all_finish(G_INPUT_STREAM(stream), result, &size, nullptr);
        if (!(*run)->mapper) return;
        auto answer = read_router_answer({(*run)->line.data(), read ? size : 0});
        (*run)->mapper->answered((*run)->number,
                                 answer ? *answer : RouterAnswer{.error = "no usable answer"});
      },
      new std::shared_ptr<Run>(run_));
}

void PortMapper::answered(std::uint32_t number, const RouterAnswer &answer) {
  overdue_.set(never);
  if (run_) {
    run_->mapper = nullptr;
    if (run_->process) g_subprocess_force_exit(run_->process.get());
    run_.reset();
  }
  std::vector<PortMapping::Effect> effects;
  mapping_.answered(number, answer, now(), effects);
  const std::string router = "Port mapping: the router " + surroundings_.gateway;
  std::string line = router + " forwards nothing: " + answer.error;
  if (answer.outside != Ports{})
    line = router + " forwards " + ports_text(answer.outside) +
           (answer.address.empty() ? "" : " of " + answer.address) + " to this machine (" + answer.protocol +
           ")" + (answer.error.empty() ? "" : "; " + answer.error);
  if (std::exchange(said_, line) != line) g_message("%s", line.c_str());
  perform(std::move(effects));
}

void PortMapper::leave() {
  if (run_) {
    run_->mapper = nullptr;
    if (run_->process) g_subprocess_force_exit(run_->process.get());
    run_.reset();
  }
  overdue_.set(never);
  std::vector<PortMapping::Effect> effects;
  mapping_.leave(effects);
  perform(std::move(effects));
}

}  // namespace astral::node

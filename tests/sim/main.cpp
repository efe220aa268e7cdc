// SPDX-License-Identifier: BSD-3-Clause
// astralsim: runs a scenario with the shipped core and reports what it cost and which invariants were broken.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "liars.hpp"
#include "scenario.hpp"

namespace {

using astral::sim::Figures;
using astral::sim::Plan;

void print_help(std::ostream &out) {
  out << "usage: astralsim [OPTION]...\n"
         "Runs many nodes in one process on a virtual clock and checks the invariants of the network.\n\n"
         "  --scenario NAME    what happens (default steady): see below\n"
         "  --nodes N          nodes (default 100)\n"
         "  --streams N        published streams (default 2)\n"
         "  --viewers N        viewers of all streams, each at a random node (default 50)\n"
         "  --minutes N        how long the scenario deaths lasts (default 3)\n"
         "  --liars N          hostile nodes, in the scenarios of liars (default: a fifth)\n"
         "  --fed-soon PERCENT fail if fewer honest viewers were fed within 5 s, in the scenarios of liars\n"
         "  --unproved         as if nothing were signed: media, and what nodes say of others\n"
         "  --seed N           the seed that decides everything (default 1)\n"
         "  --seeds COUNT      run COUNT seeds from --seed on, each twice, and compare the trace hashes;\n"
         "                     without --scenario the seeds take the scenarios in turn, but homes\n"
         "  --json             print the figures as one line of JSON\n"
         "  --weigh            also count the bytes of messages as JSON on the wire\n"
         "  --follow NODE      print the effects of this node as they happen\n"
         "  --outages SECONDS  name the nodes that were without media for so long\n"
         "  --help             print this text\n\n"
         "scenarios:";
  for (const std::string &name : astral::sim::scenarios()) out << ' ' << name;
  for (const std::string &name : astral::sim::liar_scenarios()) out << ' ' << name;
  out << "\nThe exit status is 1 if an invariant was broken or two runs of a seed differ.\n";
}

int usage() {
  print_help(std::cerr);
  return 2;
}

void print_json(const Plan &plan, const Figures &f) {
  std::printf(
      "{\"scenario\":\"%s\",\"nodes\":%zu,\"streams\":%zu,\"viewers\":%zu,\"seed\":%llu,\"supernodes\":%zu,"
      "\"join_messages\":%.1f,\"join_bytes\":%.0f,\"rest_messages_s\":%.3f,\"rest_bytes_s\":%.1f,"
      "\"depth_p50\":%zu,\"depth_max\":%zu,\"fed_s_p50\":%.2f,\"fed_s_p99\":%.2f,\"source_share\":%.4f,"
      "\"heal_s\":%.1f,\"switches\":%llu,\"lost\":%llu,\"outages\":%zu,\"outage_s_p50\":%.3f,"
      "\"outage_s_p99\":%.3f,\"outage_s_max\":%.3f,\"soon_share\":%.4f,\"late_share\":%.4f,\"forged\":%llu,"
      "\"fed\":%zu,\"unfed\":%zu,\"steps\":%llu,\"hash\":\"%"
      "016llx\",\"broken\":%zu}\n",
      plan.scenario.c_str(), plan.nodes, plan.streams, plan.viewers,
      static_cast<unsigned long long>(plan.seed), f.supernodes, f.join_messages, f.join_bytes,
      f.rest_messages_s, f.rest_bytes_s, f.depth_p50, f.depth_max, f.fed_s_p50, f.fed_s_p99, f.source_share,
      f.heal_s, static_cast<unsigned long long>(f.switches), static_cast<unsigned long long>(f.lost),
      f.outages, f.outage_s_p50, f.outage_s_p99, f.outage_s_max, f.soon_share, f.late_share,
      static_cast<unsigned long long>(f.forged), f.fed, f.unfed, static_cast<unsigned long long>(f.steps),
      static_cast<unsigned long long>(f.hash), f.broken.size());
  std::fflush(stdout);
}

bool complain(const Plan &plan, const Figures &figures) {
  for (const std::string &what : figures.broken) std::cout << "  " << what << '\n';
  if (figures.broken.empty()) return false;
  std::cout << "again: astralsim --scenario " << plan.scenario << " --nodes " << plan.nodes << " --streams "
            << plan.streams << " --viewers " << plan.viewers << " --seed " << plan.seed << std::endl;
  return true;
}

int many(Plan plan, std::uint64_t seeds) {
  std::vector<std::string> names = astral::sim::scenarios();
  std::erase(names, "homes");  // it has a test of its own, and the others keep their seeds
  const bool all = plan.scenario.empty();
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < seeds; ++i, ++plan.seed) {
    if (all) plan.scenario = names[plan.seed % names.size()];
    const Figures once = astral::sim::play(plan);
    const Figures twice = astral::sim::play(plan);
    bool bad = complain(plan, once);
    if (once.hash != twice.hash) {
      std::cout << "seed " << plan.seed << " (" << plan.scenario << ") gave two different traces"
                << std::endl;
      bad = true;
    }
    if (bad) ++failed;
  }
  std::cout << seeds << " seeds, " << failed << " failed" << std::endl;
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char **argv) {
  Plan plan;
  std::uint64_t seeds = 0;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help") {
      print_help(std::cout);
      return 0;
    }
    if (option == "--json") {
      json = true;
      continue;
    }
    if (option == "--unproved") {
      plan.is_proved = false;
      continue;
    }
    if (option == "--weigh") {
      plan.weigh = true;
      continue;
    }
    if (i + 1 == argc) return usage();
    const std::string value = argv[++i];
    const std::uint64_t number = std::strtoull(value.c_str(), nullptr, 10);
    if (option == "--follow")
      plan.follow = value;
    else if (option == "--outages")
      plan.outage = number;
    else if (option == "--scenario")
      plan.scenario = value;
    else if (option == "--nodes")
      plan.nodes = number;
    else if (option == "--streams")
      plan.streams = number;
    else if (option == "--viewers")
      plan.viewers = number;
    else if (option == "--liars")
      plan.liars = number;
    else if (option == "--fed-soon")
      plan.least_soon_share = static_cast<double>(number) / 100;
    else if (option == "--minutes")
      plan.minutes = number;
    else if (option == "--seed")
      plan.seed = number;
    else if (option == "--seeds")
      seeds = number;
    else
      return usage();
  }
  if (plan.nodes == 0 || plan.streams == 0 || plan.streams > plan.nodes) return usage();
  if (seeds > 0) return many(plan, seeds);
  if (plan.scenario.empty()) plan.scenario = "steady";
  const Figures figures = astral::sim::play(plan);
  if (json) print_json(plan, figures);
  return complain(plan, figures) ? 1 : 0;
}

// SPDX-License-Identifier: BSD-3-Clause
// A script drives a World. It is a list of blocks: command lines, `----`, what the nodes did meanwhile, an
// empty line. This class runs the commands and writes the trace; the test compares. Times are seconds of
// the world. Heartbeats and Announce (which only the API needs) are left out. Ids are numbered
// as they appear.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "world.hpp"

namespace astral::sim {

class Script {
 public:
  Script();
  // Empty: the command was not understood.
  std::string run(const std::string &line);

  // The whole script with the output that its commands give now.
  static std::string play(const std::string &text);

 private:
  using Words = std::vector<std::string>;
  bool act(const Words &words);
  bool add(const Words &words);
  void show(const Words &words);
  void note(std::size_t node, const core::Effects &effects);
  std::string name(std::size_t node, core::PeerId peer);
  std::string short_ids(std::string line);

  core::World world_;
  std::string out_;
  std::map<std::pair<std::size_t, core::PeerId>, std::string> names_;
  std::map<std::string, std::string> ids_;
  std::map<std::string, std::size_t> publishers_;  // node/slug → element
};

}  // namespace astral::sim

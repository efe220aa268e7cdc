// SPDX-License-Identifier: BSD-3-Clause
// Machines that lie: the Node of each is the shipped one, and what it says and hears is changed at its edge.
// Knows attacks; what the others make of them is the scenario's business.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "world.hpp"

namespace astral::sim {

enum class Lie {
  room,      // offers places that it has not; its links come up, and bring nothing
  sinkhole,  // offers places, and no link comes up; as a supernode it swallows what others send through it
  forger,    // says Cancel, Leaving and Gone in the name of others; sends media of its own
  sybil,     // one of many names of one network: takes places, and fills directories with streams
  eclipse,   // a supernode that knows other liars only, and answers no search
  replayer,  // says again what others have said
  loris,     // opens sockets to all supernodes, and says nothing there
};
inline constexpr std::size_t kinds_of_lies = 7;
// The scenarios of liars: `liars` has all kinds, `liars-NAME` one.
std::vector<std::string> liar_scenarios();

class Liars : public core::Hostile {
 public:
  Liars(core::World &world, std::vector<core::Slug> slugs, std::uint64_t seed)
      : world_(world), slugs_(std::move(slugs)), rng_(seed) {}

  // Whether node `ordinal` of `all` nodes lies, if `count` of them do.
  static bool lies(std::size_t ordinal, std::size_t count, std::size_t all) {
    return (ordinal + 1) * count / all != ordinal * count / all;
  }
  // The settings of the next liar of this scenario. The caller adds the machine, and then tells its index.
  core::Settings next(core::Settings settings, const std::string &scenario);
  void came(std::size_t index);
  bool is_liar(std::size_t index) const { return who_.contains(index); }
  std::size_t count() const { return who_.size(); }

  // Signatures are modelled, not computed: what a liar says in the name of another node would be refused, and
  // what was said before as well, so it is not said.
  bool statements_are_proved = false;

  bool says(std::size_t from, core::Send &send) override;
  bool hears(std::size_t to, core::PeerId peer, const core::Message &message) override;
  bool forges(std::size_t provider) const override;

 private:
  struct Liar {
    Lie lie = Lie::room;
    bool supernode = false;
    std::uint64_t beats = 0;
    std::map<std::size_t, std::set<core::PeerId>> sockets =
        {};  // of a loris, by the machine at the other end
  };
  bool is(std::size_t index, Lie lie) const;
  bool told(std::size_t to, const core::Message &message, const core::Place &from);
  void lie_with_beat(std::size_t index, core::PeerId peer);
  void lie_of_room(std::size_t index, core::PeerId peer);
  void flood(std::size_t index, core::PeerId peer);
  void offer(std::size_t index, const core::Request &request);
  void answer(std::size_t index, const core::Place &to, core::Message message);
  void pass_by(std::size_t index, const core::Routed &routed);
  void pass_on(std::size_t index, const core::Routed &routed);
  void forge(std::size_t index, const core::Routed &heard);
  void knock(std::size_t index);
  void only_liars(std::vector<core::NodeInfo> &nodes);
  core::Place place(std::size_t index);
  core::Uuid source(const core::Slug &slug) const;

  core::World &world_;
  std::vector<core::Slug> slugs_;
  core::Rng rng_;
  std::map<std::size_t, Liar> who_;
  std::size_t made_ = 0;
  std::vector<Liar> next_;
  std::map<core::TicketId, core::Slug> forged_;  // tickets of ours that mean nothing
  std::uint64_t tickets_ = 0;
};

}  // namespace astral::sim

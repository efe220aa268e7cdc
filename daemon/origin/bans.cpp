// SPDX-License-Identifier: BSD-3-Clause
#include "origin/bans.hpp"

#include <algorithm>

namespace astral::origin {
namespace {

Ref<GInetAddressMask> mask_of(const std::string &text) {
  return Ref<GInetAddressMask>::adopt(g_inet_address_mask_new_from_string(text.c_str(), nullptr));
}

}  // namespace

Expected<std::string> Bans::name_of(const std::string &key_or_address) {
  if (is_fingerprint(key_or_address)) return key_or_address;
  if (const auto network = mask_of(key_or_address))
    return std::string(GString_(g_inet_address_mask_to_string(network.get())).get());
  return fail(Code::invalid, "must be the fingerprint of a key, an IP address, or ADDRESS/BITS");
}

Expected<void> Bans::add(const std::string &name, Ban ban) {
  if (all_.size() >= most && !all_.contains(name))
    return fail(Code::no_room, "there are " + std::to_string(all_.size()) + " bans, the most that are kept");
  const bool is_new = all_.insert_or_assign(name, std::move(ban)).second;
  if (auto network = mask_of(name); is_new && network) networks_.emplace_back(std::move(network), name);
  return {};
}

bool Bans::remove(const std::string &name) {
  std::erase_if(networks_, [&](const auto &network) { return network.second == name; });
  return all_.erase(name) > 0;
}

Expected<void> Bans::admit(const Author &author) const {
  const Ban *ban = find(author);
  if (!ban) return {};
  return fail(Code::refused,
              "this origin takes nothing from you" + (ban->reason.empty() ? "" : ": " + ban->reason));
}

const Ban *Bans::of_node(const std::string &uuid) const {
  const auto next = all_.lower_bound(uuid);
  const bool is_its_key =
      next != all_.end() && is_fingerprint(next->first) && core::uuid_of(next->first) == uuid;
  return is_its_key ? &next->second : nullptr;
}

const Ban *Bans::find(const Author &author) const {
  if (const auto key = all_.find(author.key); key != all_.end()) return &key->second;
  if (networks_.empty()) return nullptr;
  const auto address = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(author.address.c_str()));
  if (!address) return nullptr;
  const auto network = std::ranges::find_if(networks_, [&](const auto &one) {
    return g_inet_address_mask_matches(one.first.get(), address.get());
  });
  return network == networks_.end() ? nullptr : &all_.at(network->second);
}

}  // namespace astral::origin

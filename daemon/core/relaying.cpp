// SPDX-License-Identifier: BSD-3-Clause
#include "core/relaying.hpp"

#include <vector>

#include "core/limits.hpp"
#include "core/slug.hpp"

namespace astral::core {

void Relaying::recruited(const Request &request) {
  const NodeInfo &self = node_.settings.self;
  if (node_.leaving || self.origin) return;
  if (!self.supernode && node_.settings.seeded_by != SeededBy::anybody) return;
  if (!is_uuid(request.search) || !is_slug(request.slug) || request.asker.uuid == node_.self()) return;
  if (directory_.name_for(request.slug, request.key) != request.slug) return;  // of another stream
  StreamState *stream = streams_.find(request.slug);
  if (stream != nullptr && streams_.offers_places(*stream)) return outbox_.post(ToServe{request});
  if (stream == nullptr && streams_.all.size() >= max_carried) return;
  const std::pair key{request.slug, request.asker.uuid};
  if (waiting_.size() >= max_relayed && !waiting_.contains(key)) return;
  const Time until = node_.now + node_.settings.timeouts.relay;
  waiting_[key] = {.request = request, .until = until};
  StreamState &wanted = stream != nullptr ? *stream : streams_.open(request.slug);
  wanted.relayed = until;
  if (!request.pass.empty()) wanted.pass = request.pass;
  wanted.pause(Purpose::parent).until.reset();  // somebody waits: search now
  outbox_.post(NeedChanged{.slug = request.slug});
}

void Relaying::carry_changed(const Slug &slug) {
  const StreamState *stream = streams_.find(slug);
  if (stream == nullptr || !streams_.offers_places(*stream)) return;
  auto next = waiting_.lower_bound({slug, Uuid{}});
  while (next != waiting_.end() && next->first.first == slug) {
    outbox_.post(ToServe{next->second.request});
    next = waiting_.erase(next);
  }
}

void Relaying::lapse() {
  std::erase_if(waiting_, [&](const auto &entry) { return entry.second.until <= node_.now; });
}

}  // namespace astral::core

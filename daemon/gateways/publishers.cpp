// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/publishers.hpp"

#include <algorithm>
#include <utility>

namespace astral::gateways {

Publishers::Publishers(runtime::Driver &driver, const Limits &limits)
    : driver_(driver), limits_(limits), deadline_(g_main_context_default(), [this] { on_deadline(); }) {}

Expected<Publishers::Id> Publishers::begin(const std::string &slug, Over over) {
  const auto found = publishers_.find(slug);
  if (found == publishers_.end() && publishers_.size() >= limits_.count)
    return fail(Code::no_room, "too many publishers at this node");
  if (found != publishers_.end() && found->second.is_ending)
    return fail(Code::no_room, "the previous publisher is still ending this stream: try again in a moment");
  if (found != publishers_.end() && found->second.id != 0 &&
      now() - found->second.heard < limits_.until_stale)
    return fail(Code::conflict, "another publisher is publishing " + slug + " already");

  Publisher &publisher = publishers_[slug];
  const Over stale = publisher.id == 0 ? Over() : publisher.over;
  if (publisher.id != 0) detach(publisher);
  if (publisher.ingest)
    publisher.ingest->begin();
  else
    publisher.ingest = driver_.media().ingest(slug, "astral://" + node_ + "/" + slug,
                                              [this, slug](const Error &error) { on_over(slug, error); });
  const Id id = next_++;
  slugs_.emplace(id, slug);
  publisher.id = id;
  publisher.over = std::move(over);
  publisher.warnings.clear();
  publisher.heard = now();
  if (std::exchange(publisher.until, never) != never) driver_.publisher_away(slug, false);
  set_deadline();
  if (stale) stale({Code::conflict, "another publisher continues " + slug});
  return id;
}

Publishers::Publisher *Publishers::find(Id id) {
  const auto found = slugs_.find(id);
  return found == slugs_.end() ? nullptr : &publishers_.at(found->second);
}

void Publishers::expect(Id id, const rtmp::Metadata &metadata) {
  if (Publisher *publisher = find(id)) publisher->ingest->expect(metadata);
}

void Publishers::warn(Id id, const std::string &warning) {
  Publisher *publisher = find(id);
  if (!publisher) return;
  std::vector<std::string> &all = publisher->warnings;
  if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
}

std::vector<std::string> Publishers::warnings(const std::string &slug) const {
  const auto found = publishers_.find(slug);
  return found == publishers_.end() ? std::vector<std::string>() : found->second.warnings;
}

Expected<void> Publishers::push(Id id, const rtmp::Media &media) {
  Publisher *publisher = find(id);
  if (!publisher) return {};
  publisher->heard = now();
  auto pushed = publisher->ingest->push(media);
  if (!pushed) publishers_.erase(slugs_.extract(id).mapped());
  return pushed;
}

void Publishers::finish(Id id) {
  Publisher *publisher = find(id);
  if (!publisher) return;
  detach(*publisher);
  publisher->is_ending = true;
  publisher->ingest->finish();
}

void Publishers::leave(Id id) {
  Publisher *publisher = find(id);
  if (!publisher) return;
  const std::string slug = slugs_.at(id);
  detach(*publisher);
  publisher->until = now() + limits_.for_return;
  set_deadline();
  driver_.publisher_away(slug, true);
}

void Publishers::detach(Publisher &publisher) {
  slugs_.erase(publisher.id);
  publisher.id = 0;
  publisher.over = {};
}

void Publishers::on_over(const std::string &slug, const Error &error) {
  const auto over = publishers_.extract(slug);
  if (over.empty()) return;
  g_info("publishing %s: %s", slug.c_str(), error.detail.c_str());
  slugs_.erase(over.mapped().id);
  if (over.mapped().over) over.mapped().over(error);
}

void Publishers::on_deadline() {
  for (auto &[slug, publisher] : publishers_) {
    if (publisher.until > now()) continue;
    publisher.until = never;
    publisher.is_ending = true;
    publisher.ingest->finish();
  }
  set_deadline();
}

void Publishers::set_deadline() {
  Time next = never;
  for (const auto &[slug, publisher] : publishers_) next = std::min(next, publisher.until);
  deadline_.set(next);
}

}  // namespace astral::gateways

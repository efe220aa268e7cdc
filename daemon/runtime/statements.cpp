// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/statements.hpp"

#include <algorithm>
#include <memory>
#include <variant>

#include "core/limits.hpp"
#include "glue/match.hpp"
#include "protocol/invitation.hpp"
#include "protocol/statement.hpp"

namespace astral::runtime {
namespace {

enum class Verdict { good, known, useless, forged };

class Judge {
 public:
  // Whether the word that the node knows already takes the place of the same one or an older one.
  enum class Replace { yes, no };
  Judge(const core::NodeView &node, std::int64_t unix_ms, Replace replace = Replace::yes)
      : node_(node),
        replace_(replace),
        now_(static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_ms))) {}

  Verdict judge(core::StreamInfo &stream) const {
    if (!stream.is_signed()) return Verdict::useless;
    const auto known = node_.find_stream(stream.slug);
    if (known && known->is_signed() && known->fingerprint == stream.fingerprint &&
        known->updated >= stream.updated) {
      if (replace_ == Replace::yes) stream = *known;
      return Verdict::known;
    }
    const auto ahead = static_cast<std::uint64_t>(core::max_ahead / 1ms);
    if (stream.expires <= now_ || stream.updated > now_ + ahead) return Verdict::useless;
    return protocol::check(stream) ? Verdict::good : Verdict::forged;
  }

  // Leaves the good ones. False: one is forged.
  bool sift(std::vector<core::StreamInfo> &streams) const {
    std::vector<core::StreamInfo> good;
    bool is_honest = true;
    for (core::StreamInfo &stream : streams) {
      const Verdict verdict = judge(stream);
      is_honest = is_honest && verdict != Verdict::forged;
      if (verdict == Verdict::good || verdict == Verdict::known) good.push_back(std::move(stream));
    }
    streams = std::move(good);
    return is_honest;
  }

  // A pass that cannot be judged here travels on: others may know the stream.
  void judge(core::Request &request) const {
    request.invited = false;
    if (request.pass.empty()) return;
    const auto known = node_.find_stream(request.slug);
    request.invited =
        known && known->is_private && protocol::check(request.pass, request.slug, known->key, now_);
  }

  bool sift(core::Message &message) const {
    return std::visit(Match{[&](core::Request &asked) {
                              judge(asked);
                              return true;
                            },
                            [&](core::Find &find) {
                              judge(find.request);
                              return true;
                            },
                            [&](core::Streams &told) { return sift(told.streams); },
                            [&](core::Advert &told) { return sift(told.stream); },
                            [&](core::Offer &told) { return sift(told.stream); },
                            [&](core::Gone &told) { return sift(told.stream); },
                            [&](core::Routed &told) {
                              sift_inside(told);
                              return true;  // whoever passes it on does not look into it
                            },
                            [](auto &) { return true; }},
                      message);
  }

 private:
  void sift_inside(core::Routed &routed) const {
    if (!routed.what || routed.to.uuid != node_.self().uuid) return;
    core::Message inside = routed.what->message;
    sift(inside);
    routed.what = std::make_shared<const core::Enclosed>(core::Enclosed{std::move(inside)});
  }

  const core::NodeView &node_;
  const Replace replace_;
  const std::uint64_t now_;
};

}  // namespace

bool check_statements(core::Message &message, const core::NodeView &node, std::int64_t unix_ms) {
  // A source that says something old is corrected, so the node hears that as it is.
  const bool is_news = std::holds_alternative<core::Streams>(message);
  return Judge(node, unix_ms, is_news ? Judge::Replace::no : Judge::Replace::yes).sift(message);
}

void check_listed(std::vector<core::StreamInfo> &streams, const core::NodeView &node, std::int64_t unix_ms) {
  const Judge judge(node, unix_ms);
  for (core::StreamInfo &stream : streams)
    if (const Verdict verdict = judge.judge(stream);
        verdict == Verdict::useless || verdict == Verdict::forged)
      protocol::strip(stream);
}

}  // namespace astral::runtime

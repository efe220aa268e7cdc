// SPDX-License-Identifier: BSD-3-Clause
#include "peer/origin_pin.hpp"

#include <glib.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "glue/json.hpp"

namespace astral::peer {
namespace {

constexpr std::size_t most = 100;  // origins that are kept
constexpr json::Text url_rule{1, 4096};

struct Pinned {
  std::string url;
  Fingerprint key;
};

std::vector<Pinned> read(const std::string &file) {
  char *text = nullptr;
  gsize size = 0;
  if (file.empty() || !g_file_get_contents(file.c_str(), &text, &size, nullptr)) return {};
  const GString_ kept(text);
  auto in = json::Reader::parse({kept.get(), size}, {.max_bytes = 1024 * 1024});
  std::vector<Pinned> all;
  if (in) {
    for (json::Reader &item : in->objects("origins", most))
      all.push_back(
          {item.text("url", url_rule), item.text("key", {.min = 64, .max = 64, .good = is_fingerprint})});
  }
  if (in && in->good()) return all;
  g_warning("%s: %s", file.c_str(), (in ? in->error() : in.error()).detail.c_str());
  return {};
}

}  // namespace

OriginPin::OriginPin(const std::string &state_dir, std::string url)
    : file_(state_dir.empty() ? "" : state_dir + "/origin-keys.json"), url_(std::move(url)) {
  for (Pinned &one : read(file_)) {
    if (one.url == url_) key_ = std::move(one.key);
  }
}

Expected<void> OriginPin::check(const std::optional<http::Signer> &signer) {
  if (!signer && key_.empty()) return {};
  if (!signer || (!key_.empty() && signer->key != key_)) {
    return fail(Code::refused,
                "the origin's answer is not signed by the key that it had before, " + key_ +
                    (file_.empty() ? "" : "; if it may have another one, remove it from " + file_));
  }
  if (signer->created + order < newest_) return fail(Code::refused, "the origin's answer is an old one");
  newest_ = std::max(newest_, signer->created);
  if (!key_.empty()) return {};
  key_ = signer->key;
  keep();
  return {};
}

void OriginPin::keep() const {
  if (file_.empty()) return;
  std::vector<Pinned> all = read(file_);
  std::erase_if(all, [this](const Pinned &one) { return one.url == url_; });
  if (all.size() >= most) all.erase(all.begin());
  all.push_back({url_, key_});
  std::vector<json::Builder> list;
  for (const Pinned &one : all) {
    json::Builder out;
    list.push_back(out.set("url", one.url).set("key", one.key));
  }
  const std::string text = json::Builder().set("origins", list).text() + "\n";
  GError *raw = nullptr;
  if (g_file_set_contents_full(file_.c_str(), text.c_str(), static_cast<gssize>(text.size()),
                               G_FILE_SET_CONTENTS_CONSISTENT, 0600, &raw))
    return;
  const GErrorPtr error(raw);
  g_warning("cannot write the origin's key: %s", error->message);
}

}  // namespace astral::peer

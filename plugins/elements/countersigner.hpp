// SPDX-License-Identifier: BSD-3-Clause
// At the node that a stream is published at: signs with the stream's key what its publishers have signed with
// keys of their own, and encrypts it first if the stream is private. Decides when a key epoch begins.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "elements/object_meta.hpp"
#include "glue/random.hpp"
#include "trust/guest_list.hpp"
#include "trust/signer.hpp"

namespace astral::elements {

// Who may read a private stream, and what only they see.
struct Privacy {
  std::string name = {}, description = {};
  std::vector<trust::Guest> guests = {};  // at most max_invited
};
inline constexpr std::size_t max_invited = trust::max_guests - 1;  // the node itself is one

// The JSON of the property "privacy": name, description, guests [{id, secret: hexadecimal}]. Errors: invalid.
Expected<Privacy> read_privacy(std::string_view text);

// **Thread**: the element's loop.
class Countersigner {
 public:
  // A new key epoch begins with a group, so that who joins needs one catalog. It waits for one no longer than
  // this.
  static constexpr Time max_wait = 5s;

  // `first_catalog`: above the catalogs of a private stream's earlier starts, see first_group().
  Countersigner(const Key &key, const std::string &slug, std::uint64_t first_catalog)
      : media_(key, track_name(slug, media_track)),
        catalog_(key, track_name(slug, catalog_track)),
        next_catalog_(first_catalog) {}

  const Key &key() const { return media_.key(); }
  // From now on the stream is private; another list of guests begins another key epoch.
  void set_privacy(Privacy privacy, Time now);
  bool is_private() const { return privacy_.has_value(); }
  // Opens what sign() encrypts, on this node.
  const trust::Guest &self() const { return self_; }

  // Null: refused, because it is not signed, or of a private stream and from before; errors are counted.
  SharedTaken sign(const SharedTaken &taken, Time now);
  // The publisher has left without a word: the object that ends its run. Nullopt: it has ended already.
  std::optional<track::Object> end();
  std::uint64_t refused() const { return refused_; }

 private:
  bool sign_catalog(const Taken &taken, Time now);
  bool seal_catalog(const Taken &taken, Time now);

  const trust::Signer media_, catalog_;
  std::shared_ptr<const Catalog> given_, own_;  // the publisher's, and as we have signed it
  // Of the newest object: its place, its run, its catalog, and whether the run ends there.
  moqt::Location newest_ = {};
  std::uint64_t epoch_ = 0, catalog_group_ = 0;
  bool is_over_ = true;
  std::uint64_t refused_ = 0;

  std::optional<Privacy> privacy_;
  const trust::Guest self_{random_bytes<std::tuple_size_v<trust::GuestId>>(), Secret::random()};
  std::uint64_t next_catalog_;  // its group
  std::optional<trust::EpochKey> epoch_key_;
  std::vector<std::uint8_t> guests_;  // as encoded, of this key epoch
  std::optional<Time> due_;           // since when a new key epoch is due
};

}  // namespace astral::elements

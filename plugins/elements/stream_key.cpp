// SPDX-License-Identifier: BSD-3-Clause
#include "elements/stream_key.hpp"

#include "protocol/slug.hpp"

namespace astral::elements {

Expected<Key> stream_key(const ElementSettings &settings) {
  if (!settings.stream_key_file.empty()) return Key::load_or_create(settings.stream_key_file);
  if (settings.signaller == SignallerKind::application || !protocol::is_slug(settings.slug))
    return Key::generate();
  const std::string name = settings.slug + ".pem";
  const GString_ file(g_build_filename(g_get_user_state_dir(), "astral", "streams", name.c_str(), nullptr));
  auto key = Key::load_or_create(file.get());
  if (key) return key;
  GST_WARNING("the stream's key is not kept, so its next run will be another stream: %s",
              key.error().detail.c_str());
  return Key::generate();
}

}  // namespace astral::elements

// SPDX-License-Identifier: BSD-3-Clause
#include "peer/peer_cache.hpp"

#include <gio/gio.h>

#include "core/limits.hpp"
#include "glue/error.hpp"
#include "glue/json.hpp"
#include "protocol/object_codec.hpp"

namespace astral::peer {
namespace {

std::string path_in(const std::string &directory) {
  return directory + "/peers.json";
}

}  // namespace

std::vector<core::NodeInfo> remembered_peers(const std::string &directory) {
  char *text = nullptr;
  gsize size = 0;
  if (!g_file_get_contents(path_in(directory).c_str(), &text, &size, nullptr)) return {};
  const GString_ kept(text);
  auto in = json::Reader::parse({kept.get(), size});
  std::vector<core::NodeInfo> peers;
  if (in)
    for (json::Reader &item : in->objects("nodes", core::max_told_supernodes)) {
      peers.push_back(protocol::read_node(item));
      peers.back().updated = 0;  // any news of this node replaces the remembered version
    }
  if (in && in->good()) return peers;
  g_warning("%s: %s", path_in(directory).c_str(), (in ? in->error() : in.error()).detail.c_str());
  return {};
}

void remember_peers(const std::string &directory, const std::vector<core::NodeInfo> &peers) {
  std::vector<json::Builder> nodes;
  for (const core::NodeInfo &peer : peers) nodes.push_back(protocol::node_json(peer));
  const std::string text = json::Builder().set("nodes", nodes).text() + "\n";
  GError *raw = nullptr;
  if (g_file_set_contents_full(path_in(directory).c_str(), text.c_str(), static_cast<gssize>(text.size()),
                               G_FILE_SET_CONTENTS_CONSISTENT, 0600, &raw))
    return;
  const GErrorPtr error(raw);
  g_warning("cannot write the list of known peers: %s", error->message);
}

}  // namespace astral::peer

// SPDX-License-Identifier: BSD-3-Clause
#include "node/state_dir.hpp"

#include <gio/gio.h>
#include <sys/stat.h>

#include <cerrno>

#include "glue/ref.hpp"

namespace astral::node {
namespace {

Expected<void> write(const std::string &path, const std::string &text) {
  GError *raw = nullptr;
  if (g_file_set_contents_full(path.c_str(), text.c_str(), static_cast<gssize>(text.size()),
                               G_FILE_SET_CONTENTS_CONSISTENT, 0600, &raw))
    return {};
  const GErrorPtr why(raw);
  return fail(Code::failed, why->message);
}

}  // namespace

std::string absolute(const std::string &path) {
  static const std::string started_in = GString_(g_get_current_dir()).get();
  return GString_(g_canonicalize_filename(path.c_str(), started_in.c_str())).get();
}

std::string default_state_dir(const std::string &label) {
  const std::string name = label.empty() ? "astral" : "astral-" + label;
  return GString_(g_build_filename(g_get_user_state_dir(), name.c_str(), nullptr)).get();
}

Expected<void> make_state_dir(const std::string &directory) {
  if (g_mkdir_with_parents(directory.c_str(), 0700) == 0) return {};
  return fail(Code::failed, "--state-dir: cannot make " + directory + ": " + g_strerror(errno));
}

Expected<std::string> kept_devices(const std::string &directory) {
  char *text = nullptr;
  gsize size = 0;
  GError *raw = nullptr;
  if (g_file_get_contents((directory + "/devices.json").c_str(), &text, &size, &raw)) {
    const GString_ kept(text);
    return std::string(kept.get(), size);
  }
  const GErrorPtr error(raw);
  if (g_error_matches(error.get(), G_FILE_ERROR, G_FILE_ERROR_NOENT)) return std::string();
  return fail(Code::failed, error->message);
}

Expected<void> keep_devices(const std::string &directory, const std::string &devices) {
  return write(directory + "/devices.json", devices);
}

void warn_of_readers(const std::string &file) {
  struct stat about{};
  if (file.empty() || stat(file.c_str(), &about) != 0 || (about.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  g_warning("%s holds a secret, and others on this machine can read it: chmod 600 %s", file.c_str(),
            file.c_str());
}

}  // namespace astral::node

// SPDX-License-Identifier: BSD-3-Clause
#include "node/settings.hpp"

#include <glib.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "glue/ref.hpp"
#include "http/server.hpp"
#include "node/option_table.hpp"
#include "node/state_dir.hpp"

namespace astral::node {
namespace {

constexpr const char *file_group = "astralnode";
constexpr std::size_t beside_children = 400;  // connections: neighbours, elements, calls

struct KeyFileFree {
  void operator()(GKeyFile *file) const { g_key_file_unref(file); }
};
struct OptionContextFree {
  void operator()(GOptionContext *context) const { g_option_context_free(context); }
};

const char *key_of(const Option &option) {
  return option.key ? option.key : option.name;
}

Expected<void> read_file(Options &options, const std::string &path) {
  const std::unique_ptr<GKeyFile, KeyFileFree> file(g_key_file_new());
  GError *raw = nullptr;
  if (!g_key_file_load_from_file(file.get(), path.c_str(), G_KEY_FILE_NONE, &raw)) {
    const GErrorPtr error(raw);
    return fail(Code::invalid, "--settings: " + path + ": " + error->message);
  }
  gsize count = 0;
  const std::unique_ptr<char *, void (*)(char **)> keys(
      g_key_file_get_keys(file.get(), file_group, &count, nullptr), g_strfreev);
  if (!keys) return fail(Code::invalid, "--settings: " + path + ": has no group [" + file_group + "]");
  for (gsize i = 0; i < count; ++i) {
    const std::string key = keys.get()[i];
    const std::string label = path + ": " + key;
    const auto option =
        std::ranges::find_if(option_table(), [&](const Option &o) { return key == key_of(o); });
    if (option == option_table().end()) return fail(Code::invalid, label + ": no such setting");
    gsize values = 0;
    const std::unique_ptr<char *, void (*)(char **)> list(
        g_key_file_get_string_list(file.get(), file_group, key.c_str(), &values, nullptr), g_strfreev);
    if (values > 1 && !option->clear) return fail(Code::invalid, label + ": has more than one value");
    for (gsize j = 0; j < std::max<gsize>(values, 1); ++j) {
      const std::string value = values > 0 ? list.get()[j] : "";
      if (const auto done = option->set(options, *option, label, value); !done) return done;
    }
  }
  return {};
}

// The command line as names and values, in order.
struct CommandLine {
  struct Given {
    std::string name;  // without hyphens; a letter becomes its long name
    std::string value;
    bool has_value;
  };
  std::vector<Given> given;
  std::string help;
};

gboolean collect(const char *name, const char *value, gpointer data, GError **) noexcept {
  std::string long_name = name + (name[1] == '-' ? 2 : 1);
  if (name[1] != '-') {
    const auto option =
        std::ranges::find_if(option_table(), [&](const Option &o) { return o.letter == name[1]; });
    long_name = option != option_table().end() ? option->name : name[1] == 's' ? "settings" : "help";
  }
  static_cast<CommandLine *>(data)->given.push_back({long_name, value ? value : "", value != nullptr});
  return TRUE;
}

Expected<CommandLine> read_command_line(const std::vector<std::string> &args) {
  CommandLine line;
  const auto entry = [](const char *name, char letter, int flags, const char *help, const char *placeholder) {
    const auto callback = reinterpret_cast<gpointer>(&collect);
    return GOptionEntry{name, letter, flags, G_OPTION_ARG_CALLBACK, callback, help, placeholder};
  };
  std::vector<GOptionEntry> entries{
      entry("settings", 's', G_OPTION_FLAG_FILENAME, "a file with these options, in the group [astralnode]",
            "FILE"),
      entry("version", 0, G_OPTION_FLAG_OPTIONAL_ARG, "print the version", nullptr),
      entry("help", 'h', G_OPTION_FLAG_OPTIONAL_ARG, "print this", nullptr),
  };
  std::vector<std::string> texts;
  texts.reserve(option_table().size());  // entries hold pointers into it
  for (const Option &option : option_table()) {
    if (!option.placeholder) continue;
    texts.push_back(help_text(option));
    entries.push_back(entry(option.name, option.letter, option.is_flag ? G_OPTION_FLAG_OPTIONAL_ARG : 0,
                            texts.back().c_str(), option.placeholder));
  }
  entries.push_back({});

  const std::unique_ptr<GOptionContext, OptionContextFree> context(g_option_context_new(nullptr));
  g_option_context_set_summary(context.get(), "A node of Astral, the peer-to-peer network for live video.");
  g_option_context_set_description(
      context.get(),
      "The settings file takes the same names, and token = SECRET, which is no option of the command line.\n"
      "A program on another machine that sends 'Authorization: Bearer SECRET' may do what this machine may "
      "do.");
  g_option_context_set_help_enabled(context.get(), FALSE);
  GOptionGroup *main_group = g_option_group_new("main", "", "", &line, nullptr);
  g_option_group_add_entries(main_group, entries.data());
  g_option_context_set_main_group(context.get(), main_group);

  char **argv = g_new0(char *, args.size() + 2);
  argv[0] = g_strdup("astralnode");
  for (std::size_t i = 0; i < args.size(); ++i) argv[i + 1] = g_strdup(args[i].c_str());
  GError *raw = nullptr;
  const bool parsed = g_option_context_parse_strv(context.get(), &argv, &raw);
  const GErrorPtr error(raw);
  const std::string left = parsed && argv[1] ? argv[1] : "";
  g_strfreev(argv);
  if (!parsed) return fail(Code::invalid, error->message);
  if (!left.empty()) return fail(Code::invalid, "'" + left + "' is no option");
  line.help = GString_(g_option_context_get_help(context.get(), TRUE, nullptr)).get();
  return line;
}

Expected<void> apply(Options &options, const CommandLine &line, const Option &option) {
  const std::string label = std::string("--") + option.name;
  bool first = true;
  for (const CommandLine::Given &given : line.given) {
    if (given.name != option.name) continue;
    if (!first && !option.clear) return fail(Code::invalid, label + ": given twice");
    if (first && option.clear) option.clear(options);
    first = false;
    const std::string value = given.has_value ? given.value : "true";  // only a flag has no value
    if (const auto done = option.set(options, option, label, value); !done) return done;
  }
  return {};
}

}  // namespace

Expected<Options> read_options(const std::vector<std::string> &args) {
  const auto line = read_command_line(args);
  if (!line) return tl::unexpected<Error>(line.error());
  Options options;
  std::string version;
  for (const CommandLine::Given &given : line->given) {
    if (given.name != "help" && given.name != "version") continue;
    if (given.has_value) return fail(Code::invalid, "--" + given.name + ": takes no value");
    if (given.name == "help") options.shown = line->help;
    if (given.name == "version") version = "astralnode " ASTRAL_VERSION "\n";
  }
  if (options.shown.empty()) options.shown = version;
  if (!options.shown.empty()) return options;
  for (const CommandLine::Given &given : line->given)
    if (given.name == "settings") options.settings_file = absolute(given.value);  // the last one counts
  if (!options.settings_file.empty()) {
    if (const auto done = read_file(options, options.settings_file); !done)
      return tl::unexpected<Error>(done.error());
  }
  for (const Option &option : option_table())
    if (const auto done = apply(options, *line, option); !done) return tl::unexpected<Error>(done.error());
  return options;
}

std::size_t max_connections(const Options &options) {
  return std::max(http::ServerLimits{}.connections, options.capacity + options.max_players + beside_children);
}

}  // namespace astral::node

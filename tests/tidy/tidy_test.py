#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests the rules of tidy.py: each case is a tree with one file, and the fault that a rule must report in it.

Prints TAP. Usage: tidy_test.py
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tidy  # noqa: E402

OWN = '#include "http/call.hpp"\n'
# Rule, path of the file, its text, the fault that the rule must report (empty: none).
CASES = (
    (tidy.rooms, 'daemon/http/server.cpp', OWN, ''),
    (tidy.rooms, 'daemon/http/server.cpp', '#include "glue/json.hpp"\n', ''),
    (tidy.rooms, 'daemon/http/server.cpp', '#include "peer/peers.hpp"\n', 'includes peer/peers.hpp'),
    (tidy.rooms, 'daemon/http/server.cpp', '  #  include "core/node.hpp"\n', 'includes core/node.hpp'),
    # A list that names one file of a room allows no other file of that room.
    (tidy.rooms, 'daemon/runtime/driver.hpp', '#include "media/media_backend.hpp"\n', ''),
    (tidy.rooms, 'daemon/runtime/driver.hpp', '#include "media/stream.hpp"\n', 'includes media/stream.hpp'),
    # A folder inside a room is that room.
    (tidy.rooms, 'daemon/formats/rtmp/flv.hpp', '#include "formats/player.hpp"\n', ''),
    (tidy.rooms, 'daemon/formats/rtmp/flv.hpp', '#include "glue/json.hpp"\n', 'includes glue/json.hpp'),
    (tidy.rooms, 'plugins/track/store.hpp', '#include "core/node.hpp"\n', 'includes core/node.hpp'),
    (tidy.rooms, 'plugins/quic/state.cpp', '#include "missing.hpp"\n', 'includes missing.hpp'),
    (tidy.names, 'daemon/http/server.cpp', 'Door door;\n', 'Door is HttpListener now'),
    (tidy.names, 'daemon/http/server.cpp', '// Door to door.\nint Doors = 0;\n', ''),
    (tidy.names, 'daemon/core/node.cpp', 'Notice notice;\n', 'Notice is InternalEvent now'),
    (tidy.names, 'plugins/moqt/messages.cpp', 'Notice notice;\n', ''),
    (tidy.rooms, 'daemon/attic/old.cpp', '', 'is in no room'),
    (tidy.purity, 'daemon/formats/facts.cpp', '#include <vector>\n', ''),
    (tidy.purity, 'daemon/formats/facts.cpp', '#include <glib.h>\n', 'includes <glib.h>'),
    (tidy.libraries, 'daemon/http/server.cpp', '#include <libsoup/soup.h>\n', ''),
    (tidy.libraries, 'daemon/gateways/hls.cpp', '#include <gst/gst.h>\n', 'includes gst/gst.h'),
    (tidy.pages, 'web/main.js', "import * as own from './main.js';\nimport {a,\n  b} from './main.js';\n", ''),
    (tidy.pages, 'web/main.js', "const {default: Hls} = await import('./hls.js');\n", ''),
    (tidy.pages, 'web/main.js', "import {x} from './origin/map.js';\n", 'imports ./origin/map.js'),
    (tidy.pages, 'web/main.js', "import {x} from './missing.js';\n", 'imports ./missing.js'),
    (tidy.pages, 'web/main.js', "export {x} from 'https://example.org/x.js';\n", 'imports https://example.org/x.js'),
    (tidy.pages, 'web/origin/map.js', "import {x} from '../main.js';\n", 'imports ../main.js'),
    (tidy.pages, 'web/origin/map.js', "await import('./viz.js');\n", 'imports ./viz.js'),
    (tidy.shell_functions, 'tests/run', '#!/usr/bin/env bash\nrun_all() { true; }\nset_name=a\nrun_all; chroot /\n', ''),
    (tidy.shell_functions, 'tests/run', '#!/usr/bin/env bash\n  run_all b\n', 'run_all'),
    (tidy.shell_functions, 'tests/run', '#!/usr/bin/env bash\nrun_# A comment.\n', 'run_#'),
)


def faults(rule, path, text):
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(['git', 'init', '-q', root], check=True)
        os.makedirs(os.path.join(root, os.path.dirname(path)))
        with open(os.path.join(root, path), 'w', encoding='utf-8') as file:
            file.write(text)
        subprocess.run(['git', '-C', root, 'add', '.'], check=True)
        return list(rule(tidy.Tree(root)))


def main():
    print(f'1..{len(CASES)}')
    for number, (rule, path, text, wanted) in enumerate(CASES, 1):
        found = faults(rule, path, text)
        good = found == ([f'{path}: {wanted}'] if wanted else [])
        print(f'{"ok" if good else "not ok"} {number} - {rule.__name__}: {path} {wanted or "is as it should be"}')
        if not good:
            print(f'# {found}')


if __name__ == '__main__':
    main()

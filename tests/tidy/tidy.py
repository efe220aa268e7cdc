#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks the house rules that a program can check: includes, licence lines, READMEs, sizes and others.

Prints TAP, one result per rule. Usage: tidy.py SOURCE_ROOT
"""
import os
import re
import subprocess
import sys

PURE_PROTOCOL = ('protocol/families.hpp', 'protocol/limits.hpp', 'protocol/message.hpp', 'protocol/nat.hpp', 'protocol/slug.hpp', 'protocol/types.hpp')
PURE_GLUE = ('glue/error.hpp', 'glue/bytes.hpp', 'glue/time.hpp')
# What a room may include besides its own files: all of another room ('http/'), or one file of it.
ROOMS = {
    'plugins/glue': (),
    'plugins/protocol': ('glue/',),
    'plugins/moqt': PURE_GLUE,
    'plugins/quic': ('glue/',),
    'plugins/stun': PURE_GLUE,
    'plugins/websocket': ('glue/',),
    'plugins/udp': ('stun/', 'websocket/', 'glue/'),
    'plugins/ice': ('udp/udp_sender.hpp', 'glue/', 'quic/path.hpp'),
    'plugins/track': ('moqt/', *PURE_GLUE),
    'plugins/trust': ('moqt/', 'glue/'),
    'plugins/elements': ('protocol/', 'trust/', 'track/', 'udp/', 'stun/', 'ice/', 'quic/', 'moqt/', 'glue/'),
    'daemon/core': (*PURE_PROTOCOL, *PURE_GLUE),
    'daemon/formats': PURE_GLUE,
    'daemon/http': ('websocket/', 'glue/'),
    'daemon/media': ('formats/', 'protocol/families.hpp', 'protocol/nat.hpp', 'glue/'),
    'daemon/peer': ('core/', 'protocol/', 'http/', 'glue/'),
    'daemon/runtime': ('core/', 'protocol/', 'peer/', 'media/media_backend.hpp', 'glue/'),
    'daemon/gateways': ('core/slug.hpp', 'formats/', 'http/', 'media/media_backend.hpp', 'protocol/title.hpp', 'runtime/', 'glue/'),
    'daemon/api': ('core/', 'formats/carriage.hpp', 'formats/endpoints.hpp', 'formats/facts.hpp', 'http/', 'protocol/object_codec.hpp', 'protocol/title.hpp', 'runtime/', 'glue/'),
    'daemon/node': ('core/', 'http/', 'media/', 'peer/peer_cache.hpp', 'peer/third_server.hpp', 'runtime/', 'gateways/', 'api/', 'stun/turn_check.hpp', 'glue/'),
    'daemon/origin': ('stun/server.hpp', 'udp/socket.hpp', 'core/limits.hpp', 'core/rng.hpp', 'core/slug.hpp', 'runtime/driver.hpp', 'media/media_backend.hpp', 'http/', 'protocol/object_codec.hpp', 'protocol/statement.hpp', 'protocol/title.hpp', 'protocol/types.hpp', 'glue/'),
    'daemon/ctl': ('core/slug.hpp', 'http/exchange.hpp', 'http/websocket.hpp', 'protocol/title.hpp', 'glue/'),
}
# Pure code: it may include the standard library only.
PURE = ('plugins/moqt/', 'plugins/protocol/slug.cpp', *(f'plugins/{name}' for name in PURE_PROTOCOL), 'daemon/core/', 'daemon/formats/')
# What the modules of a page may import besides those of their own folder: packages from npm.
PAGES = {'web': ('hls.js', 'qr.js', 'viz.js'), 'web/origin': ('hls.js',)}
# Which folders may include a library's headers: prefix of the include, and the folders.
LIBRARIES = {
    'ngtcp2/': ('plugins/quic/',),
    'gnutls/': ('plugins/quic/', 'plugins/glue/', 'daemon/http/'),
    'agent.h': ('plugins/ice/',),
    'nice/': ('plugins/ice/',),
    'sqlite3.h': ('daemon/origin/',),
    'unicode/': ('plugins/protocol/title.cpp',),
    'miniupnpc/': ('daemon/node/astral_portmap.cpp',),
    'natpmp.h': ('daemon/node/astral_portmap.cpp',),
    'json-glib/': ('plugins/glue/',),
    'libsoup/': ('plugins/elements/', 'plugins/glue/', 'daemon/http/', 'daemon/peer/', 'daemon/origin/', 'daemon/ctl/'),
    'gst/': ('plugins/elements/', 'plugins/glue/', 'plugins/track/', 'daemon/media/', 'daemon/node/main.cpp'),
}
# Where code may sleep: in the benches, and in the function that waits in tests/element.
PATIENT = ('tests/bench/', 'tests/element/pair.cpp')
CXX = ('.cpp', '.hpp', '.c', '.h')
SOURCES = CXX + ('.py', '.js', '.mjs', '.sh')
MAX_LINES = 600


def list_files(root):
    listed = subprocess.run(['git', '-C', root, 'ls-files', '-z'], capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [p for p in listed.stdout.split('\0') if p and os.path.isfile(os.path.join(root, p))]
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if not f.startswith(('build', '.git')) and f != 'node_modules']
        found += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return found


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = sorted(list_files(root))
        self._texts = {}

    def text(self, path):
        if path not in self._texts:
            with open(os.path.join(self.root, path), encoding='utf-8', errors='replace') as file:
                self._texts[path] = file.read()
        return self._texts[path]

    def of(self, *suffixes):
        return [p for p in self.files if p.endswith(suffixes)]

    def code(self):
        """Sources, and scripts without a suffix."""
        return [p for p in self.files if p.endswith(SOURCES) or
                ('.' not in os.path.basename(p) and self.text(p).startswith('#!'))]

    def includes(self, path):
        return re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', self.text(path), re.M)


def without_comments(text):
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    return re.sub(r'//[^\n]*|/\*.*?\*/', '', text, flags=re.S)


def rooms(tree):
    """a room includes only its own files and those on its list"""
    for path in tree.of(*CXX):
        parts = path.split('/')
        if parts[0] not in ('plugins', 'daemon'):
            continue
        room = '/'.join(parts[:2])
        if room not in ROOMS or len(parts) < 3:
            yield f'{path}: is in no room'
            continue
        for quote, name in tree.includes(path):
            if quote != '"':
                continue
            if '/' in name:
                allowed = name.startswith((parts[1] + '/', *(a for a in ROOMS[room] if a.endswith('/')))) or name in ROOMS[room]
            else:
                allowed = f'{os.path.dirname(path)}/{name}' in tree.files
            if not allowed:
                yield f'{path}: includes {name}'


def pages(tree):
    """the modules of a page import only those of their folder and those on its list"""
    names = r'(?:[\w*{}\s,$]+\s+from\s+)'
    mark = re.compile(rf"""^\s*(?:import\s+{names}?|export\s+{names})['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]""", re.M)
    for path in tree.of('.js'):
        folder = os.path.dirname(path)
        if not path.startswith('web/'):
            continue
        for found in mark.finditer(tree.text(path)):
            name = found[1] or found[2]
            file = name.removeprefix('./')
            own = name.startswith('./') and (f'{folder}/{file}' in tree.files or file in PAGES.get(folder, ()))
            if not own:
                yield f'{path}: imports {name}'


def purity(tree):
    """pure code includes the standard library only"""
    for path in tree.of(*CXX):
        if path.startswith(PURE):
            for quote, name in tree.includes(path):
                if quote == '<' and not re.fullmatch(r'[a-z_]+', name):
                    yield f'{path}: includes <{name}>'


def libraries(tree):
    """only the listed folders include the headers of a library"""
    for path in tree.of(*CXX):
        if not path.startswith(('plugins/', 'daemon/')):
            continue
        for _, name in tree.includes(path):
            for prefix, places in LIBRARIES.items():
                if name.startswith(prefix) and not path.startswith(places):
                    yield f'{path}: includes {name}'


def licence(tree):
    """each source starts with its licence"""
    for path in tree.code():
        lines = tree.text(path).split('\n', 2)
        first = lines[1] if lines[0].startswith('#!') and len(lines) > 1 else lines[0]
        if 'SPDX-License-Identifier: BSD-3-Clause' not in first:
            yield f'{path}: does not start with SPDX-License-Identifier'


def readmes(tree):
    """each folder has a README"""
    folders = set()
    for path in tree.files:
        parts = path.split('/')[:-1]
        if parts and not parts[0].startswith('.'):
            folders.add(parts[0])
            if len(parts) > 1 and parts[0] in ('plugins', 'daemon', 'tests'):
                folders.add('/'.join(parts[:2]))
    for folder in sorted(folders):
        if f'{folder}/README.md' not in tree.files:
            yield f'{folder}/README.md is missing'


def sizes(tree):
    """no source file is too long"""
    for path in tree.code():
        lines = tree.text(path).count('\n')
        if lines > MAX_LINES:
            yield f'{path}: {lines} lines, more than {MAX_LINES}'


def headers(tree):
    """each header has #pragma once"""
    for path in tree.of('.hpp'):
        if '#pragma once' not in tree.text(path):
            yield f'{path}: has no #pragma once'


def no_throw(tree):
    """our code neither throws nor catches exceptions"""
    for path in tree.of(*CXX):
        if path.startswith(('plugins/', 'daemon/')):
            for word in re.findall(r'\b(?:throw|try|catch)\b', without_comments(tree.text(path))):
                yield f'{path}: {word}'


def no_sleep(tree):
    """C++ code does not sleep"""
    for path in tree.of(*CXX):
        if path.startswith(PATIENT):
            continue
        for call in re.findall(r'\b(?:sleep_for|sleep_until|usleep|nanosleep|g_usleep|sleep)\s*\(',
                               without_comments(tree.text(path))):
            yield f'{path}: {call})'


def no_loose_ends(tree):
    """no code is marked as unfinished"""
    mark = re.compile(r'\b(?:TO' 'DO|FIX' r'ME|XX' r'X)\b')
    for path in tree.code():
        for number, line in enumerate(tree.text(path).split('\n'), 1):
            if mark.search(line) and 'mkdtemp' not in line and 'mkstemp' not in line:
                yield f'{path}:{number}: {line.strip()}'


def no_conflicts(tree):
    """no file has the markers of a merge conflict"""
    mark = re.compile(r'^(?:<{7}|>{7}) ', re.M)
    for path in sorted({*tree.code(), *tree.of('.md', '.json', '.build', '.xml')}):
        if found := mark.search(tree.text(path)):
            yield f'{path}:{tree.text(path)[:found.start()].count(chr(10)) + 1}'


# Old names that the field's terms have replaced, and what to write instead.
OLD_NAMES = {'Door': 'HttpListener', 'Guests': 'ConnectionLimiter', 'Caller': 'RemoteAddress', 'Introduction': 'PeerHandshake',
             'MediaFloor': 'MediaBackend', 'media_floor': 'media_backend', 'Carried': 'StreamState', 'Letter': 'Task',
             'Desk': 'NodeContext', 'Agenda': 'TimerQueue', 'Standing': 'NodeRole', 'Standpoint': 'RoleState', 'keeper': 'key_owner',
             'Climb': 'LoopCheck', 'Climbed': 'LoopChecked', 'Front': 'Server', 'Visit': 'what it is: a connection, a scope',
             'SinkBody': 'SinkImpl', 'SourceBody': 'SourceImpl', 'RelayBody': 'RelayImpl'}
# The same, for the core alone: in other rooms these names mean something else.
OLD_NAMES_OF_CORE = {'Notice': 'InternalEvent', 'Due': 'TimerKind', 'Room': 'UpstreamBudget', 'lent': 'overcommitted'}


def names(tree):
    """code uses the field's terms, not the names that they have replaced"""
    for path in tree.of(*CXX):
        of_core = path.startswith(('daemon/core/', 'tests/unit/core/', 'tests/sim/'))
        names = OLD_NAMES | OLD_NAMES_OF_CORE if of_core else OLD_NAMES
        old = re.compile(r'\b(' + '|'.join(names) + r')\b')
        for name in sorted({found[1] for found in old.finditer(without_comments(tree.text(path)))}):
            yield f'{path}: {name} is {names[name]} now'


def shell_functions(tree):
    """shell scripts call no function that is not there"""
    scripts = [path for path in tree.files if path.endswith('.sh') or
               re.match(r'#!.*\b(?:ba)?sh\b', tree.text(path).split('\n', 1)[0])]
    functions = {name for path in scripts for name in re.findall(r'^(\w+)\(\)', tree.text(path), re.M)}
    # Only our own functions have "_" in their names.
    command = re.compile(r'^\s*(?:(?:if|while|!|need) )*([a-z]\w*_[^\s=()[;]*)(?=[\s;]|$)', re.M)
    for path in scripts:
        for name in command.findall(tree.text(path)):
            if name not in functions:
                yield f'{path}: {name}'


RULES = (rooms, pages, purity, libraries, licence, readmes, sizes, headers, no_throw, no_sleep, no_loose_ends, no_conflicts,
         names, shell_functions)


def main():
    tree = Tree(sys.argv[1])
    print(f'1..{len(RULES)}')
    for number, rule in enumerate(RULES, 1):
        faults = list(rule(tree))
        print(f'{"not ok" if faults else "ok"} {number} - {rule.__name__}: {rule.__doc__}')
        for fault in faults:
            print(f'# {fault}')


if __name__ == '__main__':
    main()

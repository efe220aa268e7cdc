# SPDX-License-Identifier: BSD-3-Clause
"""The README's commands for the simulator work after the README's build, which is configured without tests."""
import json
import re
import subprocess

import astral

README = (astral.TOP / 'README.md').read_text()


def lines(start):
    return re.findall(rf'^    ({re.escape(start)}\S*.*)$', README, re.M)


def run(argv, seconds):
    done = subprocess.run([str(a) for a in argv], cwd=astral.TOP, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=seconds * astral.PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_simulator_is_a_target_of_the_readmes_build(tmp_path):
    setup = lines('meson setup build')[0].split('&&')[0].split()
    target = lines('ninja -C build tests/')[0].split()[-1]
    build = tmp_path / 'build'
    run([build if word == 'build' else word for word in setup], 120)
    built = json.loads(run(['meson', 'introspect', '--targets', build], 60))
    assert str(build / target) in [file for made in built for file in made['filename']], target


def test_the_readmes_simulator_command_runs():
    words = lines('build/tests/sim/astralsim')[0].split()
    assert words[0] == 'build/' + lines('ninja -C build tests/')[0].split()[-1]
    figures = json.loads(run([astral.BUILD / words[0].removeprefix('build/'), *words[1:]], 120).splitlines()[-1])
    assert figures['nodes'] == int(words[words.index('--nodes') + 1])

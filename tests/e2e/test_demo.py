# SPDX-License-Identifier: BSD-3-Clause
"""The README's first command: the demo runs, its stream crosses three nodes, and Ctrl-C ends every process."""
import os
import re
import signal

import astral


def processes_of(folder):
    """Those with the demo's folder in their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                if str(folder).encode() in file.read():
                    found.append(pid)
        except OSError:
            pass  # it has ended meanwhile
    return found


def test_the_demo_plays_over_three_nodes_and_ctrl_c_ends_it_all(network, tmp_path):
    scratch = tmp_path / 'scratch'
    scratch.mkdir()
    demo = network.start('demo', [astral.TOP / 'pipelines' / 'demo'], ASTRAL_BUILD=astral.BUILD, TMPDIR=scratch)
    demo.wait_for_output(r'Ctrl-C ends all processes', 120)
    page, slug = re.search(r'Watch +(http://\S+)/#watch/(\S+)', demo.output).groups()
    assert astral.http('GET', page + '/').status == 200
    ticket = astral.http('GET', f'{page}/stream/{slug}/ticket').json['ticket']
    assert ticket['source_label'] == 'relay-node' and ticket['hops'] == 2
    astral.wait_until(lambda: astral.http('GET', f'{page}/stream/{slug}/hls/index.m3u8').status == 200, 'the playlist', 40)
    demo.wait_for_output(r'live +\d+ kbit/s +viewer-node gets it from relay-node over 2 hops', 40)
    assert processes_of(scratch)
    demo.end(signal.SIGINT)
    astral.wait_until(lambda: not processes_of(scratch), 'every process to end')

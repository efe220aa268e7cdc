# SPDX-License-Identifier: BSD-3-Clause
"""Every gst-launch line that we print for publishers makes a picture that browsers show: 4:2:0, with its sound, from the beginning."""
import html
import re
import shlex

import pytest

import astral
import media

HOST = '127.0.0.1:8000'


def joined(text):
    """One line of each command; backslashes continue it."""
    return re.findall(r'^\s*(?:[a-z]+: `)?(gst-launch-1\.0 .*mux.*)$', text.replace('\\\\\n', '').replace('\\\n', ''), re.M)


def of_readme(_):
    return joined((astral.TOP / 'README.md').read_text())


def of_page(_):
    return joined((astral.TOP / 'web' / 'commands.js').read_text().replace('${host}', HOST).replace('${slug}', 'demo').replace('`,\n', '\n'))


def of_origin(network):
    return joined(html.unescape(re.sub(r'<[^>]*>', '\n', network.origin().call('GET', '/upload', headers={'Accept': 'text/html'}).body.decode())))


@pytest.mark.parametrize('lines', [of_readme, of_page, of_origin])
def test_a_printed_line_makes_a_picture_for_browsers(network, lines):
    node = network.node('n')
    found = lines(network)
    assert len(found) == 1, found
    words = [re.sub(r'astral://[^/]+/[a-z-]+', node.uri('demo'), word) for word in shlex.split(found[0])]
    network.start('line', words)
    astral.wait_until(lambda: (node.stream('demo') or {}).get('bitrate_kbps'), 'the line to publish', 40)
    streams = media.probe(f'{node.url}/stream/demo/live.ts', '-show_streams')['streams']
    assert {s['codec_name'] for s in streams} == {'h264', 'aac'}
    assert [s['pix_fmt'] for s in streams if s['codec_name'] == 'h264'] == ['yuv420p']

# SPDX-License-Identifier: BSD-3-Clause
"""Every launch line in the elements' documentation works: astralsink's lines publish, and the other elements' lines play that."""
import re
import shlex

import astral
import pytest

ELEMENTS = astral.TOP / 'plugins' / 'elements'


def lines(element):
    text = (ELEMENTS / f'gst{element}.cpp').read_text()
    block = re.search(rf'/\*\*\n \* SECTION:element-{element}\n(.*?)\*/', text, re.S)[1]
    found = re.findall(r'^ \* (gst-launch-1\.0 .*)$', block, re.M)
    assert found, f'{element} has no launch line'
    return found


def start(network, line, node, file=None):
    """Starts the line with the URI of this test's node. With `file`, the line writes to it instead of the screen."""
    words = [word.replace('astral://127.0.0.1/', node.uri('')) for word in shlex.split(line)]
    if file:
        words = [word for word in words if not word.startswith('location=')]
        at = next(i for i, word in enumerate(words) if word in ('autovideosink', 'filesink'))
        words[at:at + 1] = ['filesink', f'location={file}']
    return network.start(words[0], words)


def publish(network, line, node):
    slug = re.search(r'astral://127\.0\.0\.1/([a-z0-9-]+)', line)[1]
    start(network, line, node)
    astral.wait_until(lambda: (node.stream(slug) or {}).get('bitrate_kbps'), f'{slug} to be live')
    return slug


@pytest.mark.parametrize('line', lines('astralsink'))
def test_a_line_of_the_sink_publishes(network, line):
    publish(network, line, network.node('n'))


@pytest.mark.parametrize('line', lines('astralsrc') + lines('astralrelay'))
def test_a_line_of_the_others_plays_it(network, line, tmp_path):
    node = network.node('n')
    publish(network, lines('astralsink')[0], node)
    file = tmp_path / 'played'
    start(network, line, node, file)
    astral.wait_until(lambda: file.exists() and file.stat().st_size > 100_000, 'something to be played')

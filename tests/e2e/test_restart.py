# SPDX-License-Identifier: BSD-3-Clause
"""Nothing grows and nothing is forgotten: viewers that come and go, a publisher that comes back, leaks."""
import os
import re
import signal

import astral
import media

ROUNDS = int(os.environ.get('ASTRAL_E2E_ROUNDS', '50'))
WARM_UP = 5  # caches, allocator arenas
MAX_GROWTH_KB = 6 * 1024  # the windows of one stream (groups kept, HLS segments) may fill meanwhile


def live(network, slug='talk'):
    node = network.node('p')
    publisher, published = media.publish_test_picture(network, node, slug)
    astral.wait_until(lambda: (node.stream(slug) or {}).get('streaming'), 'the stream to be live')
    return node, publisher, published


def watch_a_moment(network, node, number):
    viewer, received = media.view(network, node, 'talk', network.folder / f'moment-{number}')
    media.grows(received, 2000)
    viewer.end(signal.SIGINT)
    received.unlink()


def test_a_viewer_comes_and_goes(network):
    node, publisher, _ = live(network)
    for number in range(WARM_UP):
        watch_a_moment(network, node, number)

    def idle():
        return not [t for t in node.tickets() if t['held'] is False]
    astral.wait_until(idle, 'the tickets of viewers to be gone', 40)
    before = node.files(), node.threads(), node.memory_kb()
    for number in range(ROUNDS):
        watch_a_moment(network, node, number)
    astral.wait_until(idle, 'the tickets of viewers to be gone', 40)
    astral.wait_until(lambda: node.files() <= before[0] + 1 and node.threads() <= before[1] + 1,
                      'files and threads to be given back', 30)
    assert node.memory_kb() - before[2] < MAX_GROWTH_KB
    assert publisher.running()


def test_a_publisher_comes_back(network):
    node, publisher, first_file = live(network)
    viewer, received = media.view(network, node, 'talk')
    media.grows(received, 50_000)
    publisher.end(signal.SIGINT)
    astral.wait_until(lambda: not node.stream('talk')['streaming'], 'the stream to wait for its publisher')
    assert viewer.running()
    first = first_file.read_bytes()
    media.publish_test_picture(network, node, 'talk', record=network.folder / 'second')
    astral.wait_until(lambda: node.stream('talk')['streaming'], 'the stream to be live again')
    media.grows(received, 100_000, 30)
    viewer.end(signal.SIGINT)
    media.grows(network.folder / 'second', 65536)
    second, got = (network.folder / 'second').read_bytes(), received.read_bytes()
    _, start, run = media.match(got, second)
    assert run > 50_000 and got[:-run], 'the viewer got nothing of the second session'
    # In front of the second session is the first, to its end or nearly so, and perhaps a new stream header.
    before = got[:-run]
    _, _, old = media.match(before[:len(before) // 2], first)
    assert old > 10_000
    assert start < 1_000_000, 'the viewer missed the start of the second session'


def leaks(log):
    return re.findall(r'object-alive, type-name=\(string\)(\w+),', log)


def test_no_element_leaks(network):
    node, _, _ = live(network)
    for kind in ('src', 'sink'):
        if kind == 'src':
            process, received = media.view(network, node, 'talk', GST_TRACERS='leaks', GST_DEBUG='GST_TRACER:7')
            media.grows(received, 20_000)
        else:
            record = network.folder / 'leaks.published'
            process = network.launch('leaky', media.test_picture('mpegtsmux', node.uri('other'), record),
                                     GST_TRACERS='leaks', GST_DEBUG='GST_TRACER:7')
            astral.wait_until(lambda: (node.stream('other') or {}).get('streaming'), 'the other stream to be live')
            media.grows(record, 50_000)
        assert process.end(signal.SIGINT) == 0, process.output
        assert leaks(process.output) == [], process.output[-3000:]

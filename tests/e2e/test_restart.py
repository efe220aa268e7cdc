# SPDX-License-Identifier: BSD-3-Clause
"""Viewers that join and leave cost a node no memory, a publisher that returns continues its stream, and no element leaks."""
import os
import re
import signal

import astral
import media

ROUNDS = int(os.environ.get('ASTRAL_E2E_ROUNDS', '50'))
WARM_UP = 5  # viewers before the first measurement: they fill caches and allocator arenas
MAX_GROWTH_KB = 6 * 1024  # the stream's store of groups and its HLS window may still fill


def live(network, slug='talk'):
    node = network.node('p', None, (), None, '--dvr', '0')
    publisher, published = media.publish_test_picture(network, node, slug)
    astral.wait_until(lambda: (node.stream(slug) or {}).get('streaming'), 'the stream to be live')
    return node, publisher, published


def watch_a_moment(network, node, number):
    viewer, received = media.view(network, node, 'talk', network.folder / f'moment-{number}')
    media.grows(received, 2000)
    viewer.end(signal.SIGINT)
    received.unlink()


def test_viewers_that_join_and_leave_cost_no_memory_files_or_threads(network):
    node, publisher, _ = live(network)
    for number in range(WARM_UP):
        watch_a_moment(network, node, number)

    def idle():
        return not [t for t in node.tickets() if t['held'] is False]
    astral.wait_until(idle, "the viewers' tickets to be gone", 40)
    before = node.files(), node.threads(), node.memory_kb()
    for number in range(ROUNDS):
        watch_a_moment(network, node, number)
    astral.wait_until(idle, "the viewers' tickets to be gone", 40)
    astral.wait_until(lambda: node.files() <= before[0] + 1 and node.threads() <= before[1] + 1,
                      'files to be closed and threads to end', 30)
    assert node.memory_kb() - before[2] < MAX_GROWTH_KB
    assert publisher.running()


def test_a_viewer_plays_on_when_the_publisher_returns(network):
    node, publisher, first_file = live(network)
    viewer, received = media.view(network, node, 'talk')
    media.grows(received, 50_000)
    publisher.kill()
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
    assert run > 50_000 and got[:-run], 'the viewer received nothing of the second session'
    # Before the second session come the bytes of the first one, and perhaps a new stream header.
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

# SPDX-License-Identifier: BSD-3-Clause
"""A source feeds ten viewers, and the cable of one carries only a third of the stream's bit rate. The other nine lose no byte, the
source's memory does not grow, and the tenth receives what fits."""
import signal

import astral
import media

GOOD_VIEWERS = 9
KBPS, FPS = 3000, 30
BYTES_PER_SECOND = KBPS * 1000 // 8
STORED_SECONDS = 9  # seconds that the source keeps: of its own stream it keeps three times its --store-time
FILLED_SECONDS = 26  # until all that the source keeps is there; for HLS it keeps the playlist and as long again
MEASURED_SECONDS = 20  # seconds; a queue for the slow child alone would grow to several times SLACK_KB
SLACK_KB = 2000


def watch(network, source, name, **plug):
    machine = network.machine(**plug)
    node = machine.node(name, None, [source], 1)  # no upstream to forward, so the source feeds every viewer
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), f'{name} to know that the stream is live')
    return node, *media.view(machine, node, 'talk')


def test_a_slow_child_does_not_hold_up_the_others(network):
    machine = network.machine()
    source = machine.node('s', None, (), None, '--dvr', '0', '--store-time', str(STORED_SECONDS // 3))
    _, published = media.publish_noise(machine, source, 'talk', FPS, KBPS)
    good = [watch(network, source, f'v{number}') for number in range(GOOD_VIEWERS)]
    _, slow_viewer, slow_received = watch(network, source, 'slow', rate=KBPS * 1000 / 3)
    media.grows(slow_received, 1, 40)
    media.grows(published, FILLED_SECONDS * BYTES_PER_SECOND, 60)
    memory_kb = source.memory_kb()
    media.grows(published, MEASURED_SECONDS * BYTES_PER_SECOND, 60)
    grown_kb = source.memory_kb() - memory_kb
    print(f'{grown_kb=} of {memory_kb=}, the slow viewer has {media.size(slow_received)} of {media.size(published)} bytes')
    assert grown_kb < SLACK_KB
    astral.wait_until(lambda: source.get('/node')['node']['slow_children'] == 1, 'the source to ask the slow child to find another parent', 60)
    assert slow_viewer.running(), slow_viewer.output
    media.grows(slow_received, 1, 20)
    for node, viewer, received in good:
        assert [t['source'] for t in node.tickets() if t['held'] and t['role'] == 'active'] == ['s']
        media.grows(received, BYTES_PER_SECOND // 4)
        assert viewer.end(signal.SIGINT) == 0, viewer.output
    media.grows(published, BYTES_PER_SECOND)
    for _, _, received in good:
        media.assert_exact(received, published, max_header=64 * 188)

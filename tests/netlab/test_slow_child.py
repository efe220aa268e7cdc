# SPDX-License-Identifier: BSD-3-Clause
"""A source feeds ten viewers, and the plug of one takes a third of the stream: the nine lose nothing, the source's memory does
not grow, and the tenth sees what fits."""
import signal

import astral
import media

GOOD = 9
KBPS, FPS = 3000, 30
SECOND = KBPS * 1000 // 8
STORED = 9  # seconds that the source keeps: three times what it is told, of its own stream
LONGER = 20  # by then what was kept for the slow one alone would be several times SLACK_KB
SLACK_KB = 2000


def watch(network, source, name, **plug):
    machine = network.machine(**plug)
    node = machine.node(name, None, [source], 1)  # no room to forward: all hang on the source
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), f'{name} to know that the stream is live')
    return node, *media.view(machine, node, 'talk')


def test_a_slow_child_holds_up_nobody(network):
    machine = network.machine()
    source = machine.node('s', None, (), None, '--store-time', str(STORED // 3))
    _, published = media.publish_noise(machine, source, 'talk', FPS, KBPS)
    good = [watch(network, source, f'v{number}') for number in range(GOOD)]
    _, slow_viewer, slow_received = watch(network, source, 'slow', rate=KBPS * 1000 / 3)
    media.grows(slow_received, 1, 40)
    media.grows(published, (STORED + 2) * SECOND, 40)
    memory_kb = source.memory_kb()
    media.grows(published, LONGER * SECOND, 60)
    grown_kb = source.memory_kb() - memory_kb
    print(f'{grown_kb=} of {memory_kb=}, the slow one has {media.size(slow_received)} of {media.size(published)}')
    assert grown_kb < SLACK_KB
    astral.wait_until(lambda: source.get('/node')['node']['slow_children'] == 1, 'the slow one to be asked to find another place', 60)
    assert slow_viewer.running(), slow_viewer.output
    media.grows(slow_received, 1, 20)
    for node, viewer, received in good:
        assert [t['source'] for t in node.tickets() if t['held'] and t['role'] == 'active'] == ['s']
        media.grows(received, SECOND // 4)
        assert viewer.end(signal.SIGINT) == 0, viewer.output
    media.grows(published, SECOND)
    for _, _, received in good:
        media.assert_exact(received, published, max_header=64 * 188)

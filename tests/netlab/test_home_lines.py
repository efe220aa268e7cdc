# SPDX-License-Identifier: BSD-3-Clause
"""Nodes on home lines, which carry little more than a stream, or less: no line is asked for more than it has, who is behind catches up or
skips, and who loses its parent loses no byte. tests/bench/lines measures how fast."""
import collections
import signal

import pytest

import astral
import media
from wire import Way

SLUG = 'talk'
FPS, KBPS = 30, 3700  # with MPEG-TS 4 Mbit/s
SECOND = 500_000  # bytes of the stream
NEAR = 0.005  # seconds of delay in a line
ONE_CHILD_KBYTES = 700  # KB/s: one child of the stream, not two


def line(mbps, **more):
    return Way(rate=mbps * 1e6, delay=NEAR, **more)


def first_node(network, upstream_limit=None, **cable):
    """A node that is the first of its network, and publishes: (node, the file of what it published)."""
    machine = network.machine(**cable)
    node = machine.node('p', None, (), upstream_limit)
    _, published = media.publish_noise(machine, node, SLUG, FPS, KBPS)
    astral.wait_until(lambda: (node.stream(SLUG) or {}).get('streaming'), 'the stream to be live')
    return node, published


class Viewer:
    def __init__(self, network, name, source, upstream_limit=None, **cable):
        machine = network.machine(**cable)
        self.node = machine.node(name, None, [source], upstream_limit)
        astral.wait_until(lambda: (self.node.stream(SLUG) or {}).get('streaming'), f'{name} to know that the stream is live', 40)
        self.player, self.received = media.view(machine, self.node, SLUG)
        media.grows(self.received, 10_000, 40)

    def parent(self):
        return next((ticket['source'] for ticket in self.node.tickets() if ticket['held'] and ticket['role'] == 'active'), None)

    def behind(self, published):
        """How many bytes of what is published up to now come after the newest that the viewer has. Waits while these cannot be
        found: they contain the stream's header or the place of a skip, or the publisher has not written them to its file yet."""
        def distance():
            received, all_bytes = self.received.read_bytes()[-10_000:], published.read_bytes()
            at = all_bytes.rfind(received)
            return [len(all_bytes) - at - len(received)] if at >= 0 else None
        return astral.wait_until(distance, 'the newest bytes that the viewer has to be among the published ones')[0]


def assert_no_byte_is_lost(viewers, published):
    for viewer in viewers:
        assert viewer.player.end(signal.SIGINT) == 0, viewer.player.output
    media.grows(published, SECOND)
    for viewer in viewers:
        media.assert_exact(viewer.received, published, max_header=64 * 188)


def test_a_viewer_keeps_up_on_a_line_with_a_quarter_to_spare(network):
    """After the queue that the burst with which it joins has left in the line. The line also loses packets."""
    source, published = first_node(network)
    viewer = Viewer(network, 'v', source, up=line(2), down=line(5, loss=0.01))
    astral.wait_until(lambda: viewer.behind(published) < SECOND / 4, 'the viewer to catch up', 90)
    for _ in range(5):
        media.grows(published, SECOND)
        assert viewer.behind(published) < 2 * SECOND
    assert_no_byte_is_lost([viewer], published)


def test_five_viewers_keep_up_when_all_lines_carry_two_streams_up(network):
    source, published = first_node(network, up=line(10), down=line(10))
    viewers = [Viewer(network, f'v{number}', source, up=line(10), down=line(10)) for number in range(1, 6)]
    astral.wait_until(lambda: all(viewer.behind(published) < SECOND for viewer in viewers), 'all viewers to catch up', 60)
    for _ in range(10):
        media.grows(published, SECOND)
        assert all(viewer.behind(published) < 2 * SECOND for viewer in viewers)
    places = collections.Counter(viewer.parent() for viewer in viewers)
    assert None not in places and max(places.values()) <= 2, places
    assert_no_byte_is_lost(viewers, published)


def test_a_viewer_whose_line_is_too_thin_skips(network):
    """It may be 3 s behind for 2 s, and then goes on with the newest group, which may be a second old."""
    source, published = first_node(network)
    viewer = Viewer(network, 'v', source, up=line(2), down=line(3))
    media.grows(published, 30 * SECOND, 90)
    for _ in range(10):
        media.grows(published, SECOND)
        assert viewer.behind(published) < 7 * SECOND
    assert viewer.player.running(), viewer.player.output


def test_of_two_viewers_with_the_same_place_one_is_moved(network):
    machine = network.machine()
    source = machine.node('p', None, (), ONE_CHILD_KBYTES)
    machines = network.machine(), network.machine()
    nodes = [machine.node(f'v{number}', None, [source], 2 * ONE_CHILD_KBYTES) for number, machine in enumerate(machines)]
    media.publish_noise(machine, source, SLUG, FPS, KBPS)
    received = []
    for machine, node in zip(machines, nodes):
        astral.wait_until(lambda node=node: node.stream(SLUG), 'the stream to be known', every=0.01)
        received.append(media.view(machine, node, SLUG)[1])
    astral.wait_until(lambda: source.stream(SLUG)['bitrate_kbps'] > KBPS * 0.9, 'the stream to be measured')

    def sources():
        return sorted(ticket['source'] for node in nodes for ticket in node.tickets() if ticket['held'] and ticket['role'] == 'active')
    for path in received:
        media.grows(path, SECOND)
    astral.wait_until(lambda: sources() in (['p', 'v0'], ['p', 'v1']), 'one viewer to feed the other')
    for path in received:
        media.grows(path, 2 * SECOND)


def test_no_byte_is_lost_behind_the_middle_of_a_chain_that_dies(network):
    """Within five seconds of the stream the others are where they would be without the loss."""
    source, published = first_node(network, ONE_CHILD_KBYTES)
    viewers = []
    for number in range(2, 6):
        viewers.append(Viewer(network, f'h{number}', source, ONE_CHILD_KBYTES))
        media.grows(viewers[-1].received, 2 * SECOND)
    assert [viewer.parent() for viewer in viewers] == ['p', 'h2', 'h3', 'h4']
    viewers.pop(1).node.kill()
    media.grows(published, 5 * SECOND, 60)
    assert all(viewer.behind(published) < 2 * SECOND for viewer in viewers)
    assert_no_byte_is_lost(viewers, published)


@pytest.mark.parametrize('rtt', [0.02, 0.1, 0.2])
@pytest.mark.parametrize('mbps', [2, 10])  # tests/bench/lines measures 50 and 200: beside other tests a machine may not carry them
def test_a_node_measures_its_line(network, mbps, rtt):
    supernode = network.machine().node('s', None, (), None, '--supernode', 'yes')
    node = network.machine(up=Way(rate=mbps * 1e6, delay=rtt / 2), down=Way(rate=mbps * 1e6, delay=rtt / 2)).node('n', None, [supernode])
    astral.wait_until(lambda: 0.8 * mbps * 1000 < node.get('/node')['node'].get('upstream_kbps', 0) < 1.2 * mbps * 1000,
                      f'the node to measure {mbps} Mbit/s', 40)

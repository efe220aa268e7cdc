# SPDX-License-Identifier: BSD-3-Clause
"""A cable is pulled: packets are lost without an error. The viewer loses no byte."""
import os
import signal

import astral
import media
from diamond import Diamond

BYTES_PER_SECOND = media.KBPS * 125
CUTS = int(os.environ.get('ASTRAL_NETLAB_CUTS', '2'))


def test_the_viewer_loses_no_byte_when_its_parents_cable_is_pulled(network):
    machines = {name: network.machine() for name in ('s', 'r1', 'r2', 'v')}
    diamond = Diamond(machines.get)
    diamond.start()
    viewer, received = diamond.view()
    media.grows(received, 500_000)
    for _ in range(CUTS):
        parent = astral.wait_until(diamond.ready, 'the viewer to have a relay and another one', 90)
        machines[parent].unplug()
        media.grows(received, 1_000_000)
        assert viewer.running(), viewer.output
        machines[parent].unplug(False)
    media.grows(received, 500_000)
    assert viewer.end(signal.SIGINT) == 0, viewer.output
    media.grows(diamond.published, 500_000)
    media.assert_exact(received, diamond.published, max_header=64 * 188)


def test_the_only_link_of_a_viewer_outlives_a_cut(network):
    """Nobody else could feed the viewer. The cut lasts for eight seconds of the stream."""
    machine = network.machine()
    source = machine.node('s', None, (), None)
    _, published = media.publish_noise(machine, source, 'talk', media.FPS, media.KBPS)
    home = network.machine()
    node = home.node('v', None, [source])
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the viewer to know that the stream is live')
    viewer, received = media.view(home, node, 'talk')
    media.grows(received, 300_000)

    def ticket():
        return [ticket['created'] for ticket in node.tickets() if ticket['held'] and ticket['role'] == 'active']
    before = ticket()
    home.unplug()
    media.grows(published, 8 * BYTES_PER_SECOND, 40)
    home.unplug(False)
    media.grows(received, 8 * BYTES_PER_SECOND, 20)
    assert ticket() == before
    assert viewer.end(signal.SIGINT) == 0, viewer.output
    media.grows(published, 200_000)
    media.assert_exact(received, published, max_header=64 * 188)

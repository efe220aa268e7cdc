# SPDX-License-Identifier: BSD-3-Clause
"""The cable of the viewer's parent is pulled: packets are lost without an error. The viewer loses no byte."""
import os
import signal

import astral
import media
from diamond import Diamond

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

# SPDX-License-Identifier: BSD-3-Clause
"""A viewer's machine gets another address, as a phone does when it changes networks. Its only parent lives, but every path to it is
dead. The viewer loses no byte."""
import signal

import astral
import media

MOVES = 2


def test_the_viewer_loses_no_byte_when_its_machine_gets_another_address(network):
    machine, home = network.machine(), network.machine()
    source = machine.node('s', None, (), None)
    _, published = media.publish_test_picture(machine, source, 'talk')
    viewing = home.node('v', None, [source], None, '--supernode', 'no')
    astral.wait_until(lambda: (viewing.stream('talk') or {}).get('streaming'), 'the stream to be known')
    viewer, received = media.view(home, viewing, 'talk')
    media.grows(received, 100_000)
    for _ in range(MOVES):
        home.readdress()
        media.grows(received, 200_000)
        assert viewer.running(), viewer.output
    assert viewer.end(signal.SIGINT) == 0, viewer.output
    media.grows(published, 100_000)
    media.assert_exact(received, published, max_header=64 * 188)

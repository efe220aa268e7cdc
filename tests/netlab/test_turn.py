# SPDX-License-Identifier: BSD-3-Clause
"""Homes with a TURN server, an origin, and nobody who could relay: where no direct path exists, the picture comes through the server."""
import pytest

import astral
import homes
import pairs
import turn
from homes import FULL_CONE, PORT_RESTRICTED, SYMMETRIC, UDP_BLOCKED

COUNT = 100_000  # bytes: nearly a second of the stream
LITTLE = COUNT // 4  # what ICE may send through the server to find out that there is a better path
SECONDS = 20


@pytest.fixture
def meeting(internet):
    return pairs.Internet(internet, with_stun=True, with_supernode=False)


@pytest.fixture
def server(internet):
    return turn.Server(internet)


def play(meeting, internet, kinds, options):
    """Returns the pair when its viewer has seen the picture."""
    pair = pairs.Pair(meeting, *(homes.Home(internet, kind).host for kind in kinds), options)
    if UDP_BLOCKED not in kinds:  # so that the pair is known to have no direct path
        for node in (pair.publisher, pair.viewer):
            pairs.wait_until_nat_is_known(node)
    pair.publish()
    pair.play(COUNT, SECONDS)
    assert pair.parent() == pair.publisher.label
    return pair


@pytest.mark.parametrize('publisher, viewer', [(True, True), (True, False), (False, True)])
def test_two_symmetric_homes_get_the_picture_through_a_turn_server_of_either(meeting, internet, server, publisher, viewer):
    options = [server.option() if has else () for has in (publisher, viewer)]
    before = server.machine.arrived()
    pair = play(meeting, internet, (SYMMETRIC, SYMMETRIC), options)
    assert server.machine.arrived() - before > COUNT
    assert [node.get('/node')['node'].get('turn', False) for node in (pair.publisher, pair.viewer)] == [publisher, viewer]


def test_a_home_whose_udp_is_blocked_reaches_its_turn_server_over_tcp(meeting, internet, server):
    before = server.machine.arrived()
    play(meeting, internet, (UDP_BLOCKED, PORT_RESTRICTED), (server.option('tcp'), ()))
    assert server.machine.arrived() - before > COUNT


def test_a_pair_with_a_direct_path_sends_its_picture_directly(meeting, internet, server):
    pair = pairs.Pair(meeting, *(homes.Home(internet, kind).host for kind in (FULL_CONE, PORT_RESTRICTED)), [server.option()] * 2)
    pair.publish()
    pair.play(COUNT, SECONDS)
    before = server.machine.arrived()
    pair.play(COUNT, SECONDS)
    assert server.machine.arrived() - before < LITTLE


@pytest.mark.parametrize('transport', ['udp', 'tcp'])
def test_the_doctor_says_what_the_turn_server_answers(meeting, internet, server, transport):
    right = server.option(transport)[1]
    says = {right: 'gives addresses', right.replace(turn.USER + ':', 'nobody:'): 'does not accept the user or the password',
            right.replace(turn.ENCODED, 'wrong'): 'does not accept the user or the password',
            right.replace('?', ':9?'): 'does not answer'}
    for number, (uri, said) in enumerate(says.items()):
        machine = homes.Home(internet, SYMMETRIC).host
        node = machine.node(f'asks-{number}', meeting.origin, (), None, '--turn', uri)

        def doctor(node=node, machine=machine):
            return machine.run(astral.program('astralctl'), '--node', node.url, 'doctor')
        astral.wait_until(lambda said=said, doctor=doctor: f'{said}' in doctor(), f'the doctor to say {said!r}', 20)
        assert turn.PASSWORD not in doctor() and turn.ENCODED not in doctor()


def test_nobody_learns_the_password(meeting, internet, server):
    pair = play(meeting, internet, (SYMMETRIC, SYMMETRIC), [server.option()] * 2)
    shown = [node.call('GET', path).body.decode() for node in (pair.publisher, pair.viewer, meeting.origin)
             for path in ('/settings', '/node', '/nodes', '/log', '/pipelines', '/tickets', '/doctor')]
    shown += [node.output for node in (pair.publisher, pair.viewer, meeting.origin)]
    for secret in (turn.PASSWORD, turn.ENCODED):
        assert not [text for text in shown if secret in text]

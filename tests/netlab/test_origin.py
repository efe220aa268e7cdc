# SPDX-License-Identifier: BSD-3-Clause
"""Homes and an origin, and no node that anybody can reach: the origin carries the homes' signalling and no media."""
import astral
import homes
import pairs
import pytest
from homes import FULL_CONE, PORT_RESTRICTED, RESTRICTED, SYMMETRIC

COUNT = 600_000  # bytes of the stream: some seconds
SECONDS = 30
SIGNALLING = 150_000  # bytes that may arrive at the origin meanwhile


@pytest.fixture
def meeting(internet):
    """Only an origin; the machines of the test come to the same switch."""
    return pairs.Internet(internet, with_supernode=False)


def itself(node):
    return node.get('/node')['node']


def other_way(pair):
    """The same two nodes: the viewer publishes, the publisher watches."""
    back = object.__new__(pairs.Pair)
    back.slug = pair.slug + '-back'
    back._machines = tuple(reversed(pair._machines))
    back.publisher, back.viewer = pair.viewer, pair.publisher
    return back


def test_two_homes_and_an_origin_get_a_picture_in_both_directions(meeting, internet):
    pair = pairs.Pair(meeting, *(homes.Home(internet, PORT_RESTRICTED).host for _ in range(2)))
    for way in (pair, other_way(pair)):
        way.publish()
        before = meeting.origin_machine.arrived()
        way.play(COUNT, SECONDS)
        assert meeting.origin_machine.arrived() - before < SIGNALLING
        assert way.parent() == way.publisher.label
    for node in (pair.publisher, pair.viewer):
        assert not itself(node)['supernode']  # nobody can reach it
        assert node.supernode() == astral.ORIGIN


NATS = {  # as two ports of one server show them
    FULL_CONE: ('endpoint-independent', 'address-dependent'),
    RESTRICTED: ('endpoint-independent', 'address-dependent'),
    PORT_RESTRICTED: ('endpoint-independent', 'address-and-port-dependent'),
    SYMMETRIC: ('address-and-port-dependent', 'address-and-port-dependent'),
}


def test_homes_with_only_an_origin_learn_what_their_nats_do(meeting, internet):
    nodes = {kind: homes.Home(internet, kind).host.node(kind.replace(' ', '-'), meeting.origin) for kind in NATS}

    def known():
        return {kind: (itself(node).get('nat_mapping'), itself(node).get('nat_filtering')) for kind, node in nodes.items()} == NATS
    astral.wait_until(known, 'the nodes to know their NATs', 20)
    public = internet.machine().node('public', meeting.origin)
    astral.wait_until(lambda: itself(public).get('udp') == 'open', 'the public node to know that it has no NAT', 20)


def test_a_pair_without_a_path_hears_that_a_reachable_node_is_missing_and_gets_the_picture_once_there_is_one(meeting, internet):
    pair = pairs.Pair(meeting, *(homes.Home(internet, SYMMETRIC).host for _ in range(2)))
    pair.publish()

    def told():
        answer = pair.viewer.call('POST', f'/stream/{pair.slug}/tickets', {})
        return 'astralctl doctor' in str(answer.json)
    astral.wait_until(told, 'the viewer to hear what is missing', 60)

    internet.machine().node('reachable', meeting.origin)
    for node in (pair.publisher, pair.viewer):
        astral.wait_until(lambda node=node: itself(node).get('primary_supernode_uuid') == 'reachable', f'{node.name} to move', 40)
    pair.play(COUNT, 2 * SECONDS)
    assert pair.parent() == 'reachable'


def test_a_home_with_a_forwarded_port_becomes_the_supernode_of_the_others(meeting, internet):
    opened = homes.Home(internet, PORT_RESTRICTED, forwarded=[8000]).host.node('opened', meeting.origin)
    astral.wait_until(lambda: itself(opened)['supernode'], 'the home with an open port to be a supernode', 40)
    closed = homes.Home(internet, PORT_RESTRICTED).host.node('closed', meeting.origin)
    astral.wait_until(lambda: itself(closed).get('primary_supernode_uuid') == 'opened', 'the other to be its child', 40)

# SPDX-License-Identifier: BSD-3-Clause
"""Twelve nodes and an origin as real processes: a tree grows, supernodes and the origin die, relays leave, and whoever did
not depend on them never notices."""
import os
import signal

import pytest

import astral
import media

SUPERNODES = ('s0', 's1', 's2')
CHILDREN = tuple(f'n{number}' for number in range(9))
NO_ROOM = 10
ROOM_FOR_TWO = 300  # KB/s, of streams of media.KBPS


def own(node):
    return node.get('/node')['node']


def settled(node):
    said = own(node)
    return said['supernode'] or 'primary_supernode_uuid' in said


def held(node):
    """The active ticket of `talk`, or None."""
    ticket = node.ticket('talk')
    return ticket if ticket and ticket['confirmed'] else None


def store(network):
    return f'sqlite://{network.folder}/origin.db'


@pytest.fixture
def twelve(network):
    origin = network.origin(store=store(network))
    nodes = {}
    for name in SUPERNODES:
        nodes[name] = network.node(name, origin, (), NO_ROOM, '--supernode', 'yes', '--capacity', 5)
    for name in SUPERNODES:
        astral.wait_until(lambda: own(nodes[name])['supernode'], f'{name} to be a supernode')
    # They hear of each other from the origin.
    astral.wait_until(lambda: len([n for n in origin.get('/nodes')['nodes'] if n['supernode']]) == 3,
                      'the origin to know three supernodes', 40)
    for name in CHILDREN:
        nodes[name] = network.node(name, origin, (), ROOM_FOR_TWO, '--supernode', 'no')
    for name in CHILDREN:
        astral.wait_until(lambda: settled(nodes[name]), f'{name} to have a supernode', 40)
    return origin, nodes


def children_of(nodes, name):
    return [child for child in CHILDREN if nodes[child].running() and
            own(nodes[child]).get('primary_supernode_uuid') == name]


def test_a_network_of_twelve(network, twelve):
    origin, nodes = twelve
    taken = {name: len(children_of(nodes, name)) for name in SUPERNODES}
    assert sum(taken.values()) == len(CHILDREN) and max(taken.values()) <= 5, taken

    # A stream reaches all of them as a tree.
    source = nodes['n0']
    publisher, _ = media.publish_test_picture(network, source, 'talk')
    astral.wait_until(lambda: (source.stream('talk') or {}).get('streaming'), 'the stream to be live')
    viewers = [node for name, node in nodes.items() if name != 'n0']
    for node in viewers:
        watch(node)
    hops = {node.uuid: held(node)['hops'] for node in viewers}
    assert set(hops) == set(nodes) - {'n0'}
    for node in viewers:
        assert node.get('/stream/talk')['stream']['name'] == 'talk'

    # A supernode dies: its children have another, and who did not get the stream through it never noticed.
    def parents():
        return {node.uuid: held(node)['source'] for node in viewers if node.running() and held(node)}

    def through(name, tree):
        way, at = [], name
        while at in tree and len(way) < 20:
            at = tree[at]
            way.append(at)
        return way
    before = parents()
    depth = max(len(through(node.uuid, before)) for node in viewers)
    victim = max(SUPERNODES, key=lambda name: len(children_of(nodes, name)))
    orphans = children_of(nodes, victim)
    untouched = {node: held(node) for node in viewers if node.uuid != victim and victim not in through(node.uuid, before)}
    assert orphans and untouched
    nodes[victim].kill()
    for name in orphans:
        astral.wait_until(lambda: own(nodes[name]).get('primary_supernode_uuid') in set(SUPERNODES) - {victim},
                          f'{name} to have another supernode', 40)
    living = [node for node in viewers if node.running()]
    for node in living:
        astral.wait_until(lambda: held(node) and node.uuid not in through(held(node)['source'], parents()),
                          f'{node.name} to be fed', 40)
    keep_their_tickets(untouched)

    # The origin dies and comes back: nothing stops.
    tickets = {node: held(node) for node in living}
    origin.kill()
    flows(living)
    keep_their_tickets(tickets)
    origin = network.origin('--port', origin.port, store=store(network))
    # That a node is reachable is not kept: this one has heard of it again.
    astral.wait_until(lambda: {node['uuid'] for node in origin.get('/nodes?limit=256')['nodes'] if node.get('reachable')}
                      >= {node.uuid for node in (source, *living)}, 'the origin to hear of everybody again', 100)
    assert origin.get('/stream/talk')['stream']['streaming']
    newcomer = network.node('n9', origin, (), ROOM_FOR_TWO, '--supernode', 'no')
    astral.wait_until(lambda: settled(newcomer), 'a newcomer to have a supernode', 40)
    watch(newcomer)
    flows([*living, newcomer])
    keep_their_tickets(tickets)
    assert publisher.running()

    # A relay leaves properly: its children have other parents. (That they have them before it goes is a matter of time, and
    # so of the simulator and of unit/core/moving_test.)
    tree = parents()
    feeding = [node for node in living if node.uuid in tree.values() and node.uuid not in SUPERNODES]
    if not feeding:
        pytest.fail(f'nobody relays: {tree}, depth was {depth}')
    leaver = feeding[0]
    below = [node for node in living if tree.get(node.uuid) == leaver.uuid]
    assert leaver.call('DELETE', '/node').status == 200

    assert below and leaver.wait() == 0
    for node in below:
        astral.wait_until(lambda: held(node) and held(node)['source'] != leaver.uuid, f'{node.name} to be fed by another')
    flows([newcomer, *(node for node in living if node.running())])


def watch(node):
    astral.wait_until(lambda: node.call('POST', '/stream/talk/tickets', {}).status == 303,
                      f'{node.name} to get a ticket', 40)


def keep_their_tickets(tickets):
    """By node; whoever is far from the publisher may have found a place that is nearer."""
    for node, before in tickets.items():
        ticket = held(node)
        assert ticket and (ticket['created'] == before['created'] or ticket['hops'] < before['hops']), (before, ticket)


def flows(nodes):
    """What each has of the stream grows."""
    for node in nodes:
        first = segment(node)
        astral.wait_until(lambda: segment(node) > first, f'the segments of {node.name} to go on', 40)


def segment(node):
    """The number of the newest segment; -1: there is none yet."""
    answer = node.call('GET', '/stream/talk/hls/index.m3u8')
    if answer.status != 200:
        return -1
    lines = answer.body.decode().splitlines()
    first = next(int(line.split(':')[1]) for line in lines if line.startswith('#EXT-X-MEDIA-SEQUENCE:'))
    return first + len([line for line in lines if line and not line.startswith('#')])


def test_a_network_of_one_says_so(network):
    a = network.node('a')
    assert 'a network of one' in a.output
    astral.wait_until(lambda: own(a)['supernode'], 'it to be its own supernode', 40)
    assert 'a network of one' not in network.node('b', bootstrap=[a]).output


def test_leaves_within_three_seconds(network):
    origin = network.origin()
    a = network.node('a', origin)
    b = network.node('b', origin, [a])
    astral.wait_until(lambda: settled(b), 'b to have a place')
    assert a.end(signal.SIGTERM, 3.0) == 0
    astral.wait_until(lambda: own(b)['supernode'], 'b to be a supernode itself', 40)


def test_finds_its_peers_again(network):
    a = network.node('a')
    port = a.port
    b = network.node('b', None, [a])
    astral.wait_until(lambda: own(b).get('primary_supernode_uuid') == 'a', 'b to register with a')
    state = network.folder / 'state-b' / 'peers.json'
    astral.wait_until(state.exists, 'b to remember')
    assert os.stat(state).st_mode & 0o777 == 0o600
    assert b.end() == 0
    b = network.node('b')  # neither an origin nor a bootstrap node
    astral.wait_until(lambda: own(b).get('primary_supernode_uuid') == 'a', f'b to find a at port {port} again', 40)


def test_seeds_another_node(network):
    a = network.node('a')
    b = network.node('b', None, [a])
    c = network.node('c', None, [a], None, '--seeding', 'no')
    for node in (b, c):
        astral.wait_until(lambda: settled(node), f'{node.name} to have a place')
    media.publish_test_picture(network, a, 'talk')
    astral.wait_until(lambda: (a.stream('talk') or {}).get('streaming'), 'the stream to be live')
    answer = a.call('POST', '/stream/talk/tickets', {'destination_uuid': 'b'})
    assert answer.status in (201, 303), answer.body
    astral.wait_until(lambda: held(b), 'b to have the stream')
    refused = a.call('POST', '/stream/talk/tickets', {'destination_uuid': 'c'})
    assert refused.status == 412 and 'does not let' in refused.error['message'], refused.body
    assert network.ctl(a, 'seed', 'talk', 'b').returncode == 0

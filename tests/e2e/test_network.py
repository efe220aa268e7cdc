# SPDX-License-Identifier: BSD-3-Clause
"""Twelve nodes and an origin as real processes. A tree grows; a supernode and the origin are killed; a relay leaves. Nodes that did
not depend on the lost one keep their parents."""
import os
import signal

import pytest

import astral
import media

SUPERNODES = ('s0', 's1', 's2')
CHILDREN = tuple(f'n{number}' for number in range(9))
NO_ROOM = 10  # KB/s: no stream
NOISE_KBPS = 700  # noise, because a test picture takes much less than its encoder may use
PLENTY = 100_000  # KB/s
PLACES = 3        # counted, because how many a line has room for changes with the rate of the noise


def node_info(node):
    return node.get('/node')['node']


def has_a_role(node):
    said = node_info(node)
    return said['supernode'] or 'primary_supernode_uuid' in said


def active_ticket(node):
    """The active ticket of `talk`, or None."""
    ticket = node.ticket('talk')
    return ticket if ticket and ticket['confirmed'] else None


def active_tickets(nodes):
    """Waits until all nodes are fed at the same moment: a node may be between two parents. The active ticket of each."""
    def all_fed():
        tickets = {node: active_ticket(node) for node in nodes}
        return all(tickets.values()) and tickets
    return astral.wait_until(all_fed, f'{len(nodes)} nodes to be fed', 40)


def store(network):
    return f'sqlite://{network.folder}/origin.db'


@pytest.fixture
def twelve(network):
    origin = network.origin(store=store(network))
    nodes = {}
    for name in SUPERNODES:
        nodes[name] = network.node(name, origin, (), NO_ROOM, '--supernode', 'yes', '--capacity', 5)
    for name in SUPERNODES:
        astral.wait_until(lambda: node_info(nodes[name])['supernode'], f'{name} to be a supernode')
    # The supernodes learn of each other from the origin.
    astral.wait_until(lambda: len([n for n in origin.get('/nodes')['nodes'] if n['supernode']]) == 3,
                      'the origin to know three supernodes', 40)
    for name in CHILDREN:
        nodes[name] = network.node(name, origin, (), PLENTY, '--supernode', 'no', '--max-children', PLACES)
    for name in CHILDREN:
        astral.wait_until(lambda: has_a_role(nodes[name]), f'{name} to have a supernode', 40)
    return origin, nodes


def children_of(nodes, name):
    return [child for child in CHILDREN if nodes[child].running() and
            node_info(nodes[child]).get('primary_supernode_uuid') == name]


def test_a_network_of_twelve_survives_the_loss_of_a_supernode_the_origin_and_a_relay(network, twelve):
    origin, nodes = twelve
    taken = {name: len(children_of(nodes, name)) for name in SUPERNODES}
    assert sum(taken.values()) == len(CHILDREN) and max(taken.values()) <= 5, taken

    # A stream reaches all nodes through a tree.
    source = nodes['n0']
    publisher, _ = media.publish_noise(network, source, 'talk', media.FPS, NOISE_KBPS)
    astral.wait_until(lambda: (source.stream('talk') or {}).get('streaming'), 'the stream to be live')
    viewers = [node for name, node in nodes.items() if name != 'n0']
    for node in viewers:
        watch(node)
    active_tickets(viewers)
    for node in viewers:
        assert node.get('/stream/talk')['stream']['name'] == 'talk'

    # A supernode is killed. Its children find another one. Nodes that did not get the stream through it keep their parents.
    def parents():
        return {node.label: active_ticket(node)['source'] for node in viewers if node.running() and active_ticket(node)}

    def through(name, tree):
        way, at = [], name
        while at in tree and len(way) < 20:
            at = tree[at]
            way.append(at)
        return way
    before_tickets = active_tickets(viewers)
    before = {node.label: ticket['source'] for node, ticket in before_tickets.items()}
    depth = max(len(through(node.label, before)) for node in viewers)
    victim = max(SUPERNODES, key=lambda name: len(children_of(nodes, name)))
    orphans = children_of(nodes, victim)
    untouched = {node: ticket for node, ticket in before_tickets.items() if node.label != victim and victim not in through(node.label, before)}
    assert orphans and untouched
    nodes[victim].kill()
    for name in orphans:
        astral.wait_until(lambda: node_info(nodes[name]).get('primary_supernode_uuid') in set(SUPERNODES) - {victim},
                          f'{name} to have another supernode', 40)
    living = [node for node in viewers if node.running()]
    for node in living:
        astral.wait_until(lambda: active_ticket(node) and node.label not in through(active_ticket(node)['source'], parents()),
                          f'{node.name} to be fed', 40)
    expect_same_or_nearer_parents(untouched)

    # The origin is killed and restarted. The stream goes on.
    tickets = active_tickets(living)
    origin.kill()
    expect_new_segments(living)
    expect_same_or_nearer_parents(tickets)
    origin = network.origin('--port', origin.port, store=store(network))
    # The store does not keep which nodes are reachable, so this waits until the new origin has checked all of them.
    astral.wait_until(lambda: {node['uuid'] for node in origin.get('/nodes?limit=256')['nodes'] if node.get('reachable')}
                      >= {node.label for node in (source, *living)}, 'the origin to hear of everybody again', 100)
    assert origin.get('/stream/talk')['stream']['streaming']
    newcomer = network.node('n9', origin, (), PLENTY, '--supernode', 'no', '--max-children', PLACES)
    astral.wait_until(lambda: has_a_role(newcomer), 'a newcomer to have a supernode', 40)
    watch(newcomer)
    expect_new_segments([*living, newcomer])
    expect_same_or_nearer_parents(tickets, [newcomer])
    assert publisher.running()

    # A relay leaves properly. Its children find other parents. (Only the simulator and the unit tests of core/ check that they
    # have them before the relay is gone, because that depends on time.)
    tree = parents()
    feeding = [node for node in living if node.label in tree.values() and node.label not in SUPERNODES]
    if not feeding:
        pytest.fail(f'no node is a relay: {tree}, depth was {depth}')
    leaver = feeding[0]
    below = [node for node in living if tree.get(node.label) == leaver.label]
    assert leaver.call('DELETE', '/node').status == 200

    assert below and leaver.wait() == 0
    for node in below:
        astral.wait_until(lambda: active_ticket(node) and active_ticket(node)['source'] != leaver.label, f'{node.name} to be fed by another')
    expect_new_segments([newcomer, *(node for node in living if node.running())])


def watch(node):
    astral.wait_until(lambda: node.call('POST', '/stream/talk/tickets', {}).status == 303,
                      f'{node.name} to get a ticket', 40)


def expect_same_or_nearer_parents(tickets, newcomers=()):
    """Each node still has its ticket, or one with fewer hops: a node may move nearer to the publisher. One that cannot forward
    makes way for one that can."""
    now = active_tickets([*tickets, *newcomers])
    for node, before in tickets.items():
        ticket = now[node]
        took_its_place = [other for other, its in now.items() if other.label not in SUPERNODES and its['source'] == before['source']
                          and its['created'] >= before['created']]
        made_way = node.label in SUPERNODES and took_its_place
        assert ticket['created'] == before['created'] or ticket['hops'] < before['hops'] or made_way, (before, ticket)


def expect_new_segments(nodes):
    """Waits until each node has a new segment."""
    for node in nodes:
        first = segment(node)
        astral.wait_until(lambda: segment(node) > first, f'the segments of {node.name} to go on', 40)


def segment(node):
    """The number of the newest segment, or -1 if there is none yet."""
    answer = node.call('GET', '/stream/talk/hls/index.m3u8')
    if answer.status != 200:
        return -1
    lines = answer.body.decode().splitlines()
    first = next(int(line.split(':')[1]) for line in lines if line.startswith('#EXT-X-MEDIA-SEQUENCE:'))
    return first + len([line for line in lines if line and not line.startswith('#')])


def test_a_node_without_peers_says_that_it_is_a_network_of_one(network):
    a = network.node('a')
    assert 'a network of one' in a.output
    astral.wait_until(lambda: node_info(a)['supernode'], 'it to be its own supernode', 40)
    assert 'a network of one' not in network.node('b', bootstrap=[a]).output


def test_a_node_leaves_within_three_seconds_of_sigterm(network):
    origin = network.origin()
    a = network.node('a', origin)
    b = network.node('b', origin, [a])
    astral.wait_until(lambda: has_a_role(b), 'b to have a place')
    assert a.end(signal.SIGTERM, 3.0) == 0
    astral.wait_until(lambda: node_info(b)['supernode'], 'b to be a supernode itself', 40)


def test_a_restarted_node_finds_the_peers_that_it_remembers(network):
    a = network.node('a')
    port = a.port
    b = network.node('b', None, [a])
    astral.wait_until(lambda: node_info(b).get('primary_supernode_uuid') == 'a', 'b to register with a')
    state = network.folder / 'state-b' / 'peers.json'
    astral.wait_until(state.exists, 'b to write peers.json')
    assert os.stat(state).st_mode & 0o777 == 0o600
    assert b.end() == 0
    b = network.node('b')  # neither an origin nor a bootstrap node
    astral.wait_until(lambda: node_info(b).get('primary_supernode_uuid') == 'a', f'b to find a at port {port} again', 40)


def test_a_node_makes_another_one_take_its_stream_if_that_allows_seeding(network):
    a = network.node('a')
    b = network.node('b', None, [a])
    c = network.node('c', None, [a], None, '--seeding', 'no')
    for node in (b, c):
        astral.wait_until(lambda: has_a_role(node), f'{node.name} to have a place')
    media.publish_test_picture(network, a, 'talk')
    astral.wait_until(lambda: (a.stream('talk') or {}).get('streaming'), 'the stream to be live')
    answer = a.call('POST', '/stream/talk/tickets', {'destination_uuid': 'b'})
    assert answer.status in (201, 303), answer.body
    astral.wait_until(lambda: active_ticket(b), 'b to have the stream')
    refused = a.call('POST', '/stream/talk/tickets', {'destination_uuid': 'c'})
    assert refused.status == 412 and 'does not let' in refused.error['message'], refused.body
    assert network.ctl(a, 'seed', 'talk', 'b').returncode == 0

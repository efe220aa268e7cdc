# SPDX-License-Identifier: BSD-3-Clause
"""Three machines find each other through the origin alone, through one known address alone, and from memory alone. Then a stream
crosses the network."""
import signal

import astral
import media


def itself(node):
    return node.get('/node')['node']


def become_supernode(node):
    astral.wait_until(lambda: itself(node)['supernode'], f'{node.name} to be a supernode', 40)


def become_children(supernode, children):
    for node in children:
        astral.wait_until(lambda: itself(node).get('primary_supernode_uuid') == supernode.label,
                          f'{node.name} to be a child of {supernode.name}', 40)

    def listed():
        return {node['uuid']: node.get('primary_supernode_uuid') for node in supernode.get('/nodes')['nodes']}
    wanted = {node.label: supernode.label for node in children}
    astral.wait_until(lambda: wanted.items() <= listed().items(), f'{supernode.name} to list its children')
    for node in children:
        assert not itself(node)['supernode']
        seen = {one['uuid']: one['supernode'] for one in node.get('/nodes')['nodes']}
        assert seen.get(supernode.label) is True, seen


def flows(publishing, viewing):
    """A stream published on one machine arrives on another, byte for byte, over its cable. Both arguments are (machine, node)."""
    _, published = media.publish_test_picture(*publishing, 'talk')
    machine, node = viewing
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), f'{node.name} to know that the stream is live')
    before = machine.arrived()
    viewer, received = media.view(machine, node, 'talk')
    media.grows(received, 200_000)
    assert viewer.end(signal.SIGINT) == 0, viewer.output
    assert machine.arrived() - before >= media.size(received)
    media.grows(published, 64 * 1024)  # the recording may lag behind the viewer
    media.assert_exact(received, published, max_header=64 * 188)


def met_by_the_origin(network):
    """An origin and three machines with a node each: a supernode and two children."""
    origin = network.machine().origin()
    machines = [network.machine() for _ in range(3)]
    a = machines[0].node('a', origin)
    become_supernode(a)
    b, c = machines[1].node('b', origin), machines[2].node('c', origin)
    become_children(a, [b, c])
    return origin, machines, (a, b, c)


def test_nodes_find_each_other_through_the_origin_alone(network):
    _, machines, (_, b, c) = met_by_the_origin(network)
    flows((machines[1], b), (machines[2], c))


def test_nodes_find_each_other_through_a_known_address_alone(network):
    machines = [network.machine() for _ in range(3)]
    a = machines[0].node('a')
    b, c = (machine.node(label, bootstrap=[a]) for machine, label in zip(machines[1:], 'bc'))
    become_children(a, [b, c])
    flows((machines[1], b), (machines[2], c))


def test_nodes_find_each_other_from_memory_alone(network):
    origin, machines, (a, b, c) = met_by_the_origin(network)

    def remembers(machine, label, others):
        path = machine.folder / f'state-{label}' / 'peers.json'
        return path.exists() and others <= {peer['uuid'] for peer in astral.read_json(path.read_text())['nodes']}
    for machine, label, others in zip(machines, 'abc', ({'b', 'c'}, {'a'}, {'a'})):
        astral.wait_until(lambda: remembers(machine, label, others), f'{label} to remember {others}')

    # A power cut: no node says goodbye. A former child returns first and becomes the supernode. The former supernode becomes its
    # child; the third node may remember only that one.
    for server in (a, b, c, origin):
        server.kill()
    b = machines[1].node('b')
    become_supernode(b)
    a = machines[0].node('a')
    become_children(b, [a])
    c = machines[2].node('c')
    become_children(b, [a, c])
    flows((machines[1], b), (machines[2], c))

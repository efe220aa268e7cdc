# SPDX-License-Identifier: BSD-3-Clause
"""What a stranger on another network can do to a node that it connects to. It has as many keys as it likes, and no rights."""
import socket

import astral
import stranger
from lab import PLUG

PLACES = 6
FAR = '10.88.0'  # the stranger's network


def machine_of_a_stranger(network, node_machine):
    """A machine of another network, which the node's machine can reach."""
    machine = network.machine()
    machine.namespace.ip('address', 'add', f'{FAR}.1/24', 'dev', PLUG)
    machine.namespace.ip('route', 'replace', f'{network.net}.0/24', 'dev', PLUG, 'src', f'{FAR}.1')
    node_machine.namespace.ip('route', 'add', f'{FAR}.0/24', 'dev', PLUG)
    return machine


def connections(listener):
    """How many have come to the listener."""
    count = 0
    listener.setblocking(False)
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_one_stranger_does_not_take_all_places_of_a_supernode(network):
    home = network.machine()
    supernode = home.node('s', None, (), None, '--supernode', 'yes', '--capacity', PLACES)
    far = machine_of_a_stranger(network, home)

    def come(number):
        one = stranger.meet(8000, far.folder, f'liar{number}', host=home.address)
        one.send({'type': 'register'})
        assert one.receive_json()['type'] == 'registered'
        return one
    liars = [far.namespace.do(come, number) for number in range(PLACES)]

    def beat():  # a node that says nothing would lose its place anyway
        for liar in liars:
            try:
                liar.send({'type': 'heartbeat', 'tickets': [], 'sent_ms': 1})
            except OSError:
                pass  # it was told to leave
    machines = [network.machine() for _ in range(2)]
    honest = [machine.node(label, None, [supernode], None, '--supernode', 'no') for machine, label in zip(machines, 'ab')]
    for node in honest:
        astral.wait_until(lambda: beat() or node.get('/node')['node'].get('primary_supernode_uuid') == 's',
                          f'{node.name} to have a place', 40, every=0.5)


def test_no_node_connects_where_a_stranger_points(network):
    home = network.machine()
    home.node('s', None, (), None, '--supernode', 'yes')
    home.namespace.ip('address', 'add', '192.168.9.1/24', 'dev', PLUG)
    inside = [home.namespace.do(socket.create_server, (address, 2222)) for address in ('127.0.0.1', '192.168.9.1')]
    far = machine_of_a_stranger(network, home)
    own = far.namespace.do(socket.create_server, (f'{FAR}.1', 2222))
    liar = far.namespace.do(lambda: stranger.meet(8000, far.folder, 'liar', host=home.address, supernode=True))

    def point(number, address):
        uuid = f'{number:032x}'  # like that of a key
        place = {'uuid': uuid, 'via': uuid, 'ip_address': address, 'port': 2222}
        node = {'uuid': uuid, 'ip_address': address, 'port': 2222, 'kind': 'node', 'supernode': True, 'version': '0', 'updated': 1}
        liar.send({'type': 'heartbeat', 'tickets': [], 'sent_ms': 1, 'nodes': [node]})
        sealed = {'text': '{"type":"hold","ticket":"t1"}', 'key': '0' * 64, 'number': 1, 'signature': '0' * 128}
        liar.send({'type': 'routed', 'to': place, 'from': place, 'hops': 0, 'sealed': sealed})
    for number, address in enumerate(('127.0.0.1', '192.168.9.1', f'{FAR}.1')):
        point(number, address)
    # The last one is in the stranger's own network, so it may know of it. What the node did about the others, it did before.
    astral.wait_until(lambda: connections(own), 'the node to connect to the stranger\'s own network')
    assert [connections(listener) for listener in inside] == [0, 0]

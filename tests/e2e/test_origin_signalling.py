# SPDX-License-Identifier: BSD-3-Clause
"""The origin is the supernode of nodes that find no other one. It carries their signalling, and no media."""
import json
import signal

import astral
import media
from raw_websocket import CLOSE, WebSocket


def itself(node):
    return node.get('/node')['node']


def is_at_the_origin(node):
    return node.supernode() == astral.ORIGIN


def two_children(network, origin):
    nodes = [network.node(label, origin, (), None, '--supernode', 'no') for label in 'pv']
    for node in nodes:
        astral.wait_until(lambda node=node: is_at_the_origin(node), f'{node.name} to be a child of the origin')
    return nodes


def test_two_nodes_that_are_no_supernodes_get_a_stream_through_an_origin(network):
    origin = network.origin()
    p, v = two_children(network, origin)
    _, published = media.publish_test_picture(network, p, 'talk')
    astral.wait_until(lambda: (v.stream('talk') or {}).get('streaming'), 'the viewer to know that the stream is live')
    viewer, received = media.view(network, v, 'talk')
    media.grows(received, 200_000)
    assert viewer.end(signal.SIGINT) == 0, viewer.output
    media.grows(published, 64 * 1024)
    media.assert_exact(received, published, max_header=64 * 188)
    assert all(node['uuid'] in 'pv' for node in origin.get('/nodes')['nodes'])  # it does not list itself


def test_its_children_move_to_a_supernode_that_comes(network):
    origin = network.origin()
    nodes = two_children(network, origin)
    reachable = network.node('reachable', origin)
    astral.wait_until(lambda: itself(reachable)['supernode'], 'the reachable node to be a supernode')
    for node in nodes:
        astral.wait_until(lambda node=node: itself(node).get('primary_supernode_uuid') == 'reachable', f'{node.name} to move', 40)


def test_an_origin_turns_elements_away(network):
    origin = network.origin()
    element = WebSocket(origin.port)
    element.send({'type': 'hello', 'uuid': 'sink', 'kind': 'element', 'port': 0})
    while True:
        opcode, payload = element.receive()
        if opcode == CLOSE:
            break
        assert json.loads(payload)['type'] != 'welcome'
    assert b'carries no media' in payload


def test_without_signalling_there_is_no_place_to_connect_to(network):
    origin = network.origin('--signalling', 0)
    assert WebSocket(origin.port).status == 404
    node = network.node('n', origin)
    astral.wait_until(lambda: itself(node)['supernode'], 'the node to be a network of one')

# SPDX-License-Identifier: BSD-3-Clause
"""A node is its key: its uuid is made from it, and nobody has the uuid of another. People call it by a label, which several nodes may have."""
import re

import astral
import media
import raw_websocket
import stranger
from test_origin_trust import Signer

NOT_ITS_UUID = 'its uuid is not that of its key'


def itself(server, uuid=''):
    """A node's JSON, with uuids."""
    answer = server.call('GET', f'/node/{uuid}' if uuid else '/node')
    assert answer.status == 200, answer.body
    return answer.raw_json['node']


def test_the_uuid_is_that_of_the_key_and_the_label_stands_beside_it(network):
    node = network.node('n1')
    key = network.folder / 'state-n1' / 'key.pem'
    assert re.fullmatch('[0-9a-f]{32}', node.uuid) and node.uuid == stranger.Key(key).uuid
    assert (node.label, itself(node)['uuid'], itself(node)['label']) == ('n1', node.uuid, 'n1')
    assert not key.with_name('uuid').exists()
    assert 'n1' in network.ctl(node, 'listnodes').stdout
    assert node.end() == 0
    again = network.node('n1')
    assert (again.uuid, itself(again)['label']) == (node.uuid, 'n1')
    assert again.end() == 0
    renamed = network.node('n2', state='n1')
    assert (renamed.uuid, itself(renamed)['label']) == (node.uuid, 'n2')
    assert renamed.end() == 0
    plain = network.node('', state='n1')
    assert plain.label == plain.uuid == node.uuid and 'label' not in itself(plain)
    assert node.uuid in network.ctl(plain, 'listnodes').stdout
    assert plain.end() == 0
    key.unlink()
    assert network.node('n1').uuid != node.uuid


def test_a_label_may_stand_for_the_uuid(network):
    p = network.node('p')
    v = network.node('v', bootstrap=[p])
    media.publish_test_picture(network, p, 'talk')
    astral.wait_until(lambda: (v.stream('talk') or {}).get('streaming'), 'V to know the stream')
    astral.wait_until(lambda: v.supernode() == 'p', 'V to have a place')
    assert (itself(v)['primary_supernode_uuid'], itself(v)['primary_supernode_label']) == (p.uuid, 'p')
    assert itself(v, 'p')['uuid'] == itself(v, p.uuid)['uuid'] == p.uuid and itself(p, 'p')['uuid'] == p.uuid
    assert p.call('GET', '/node/nobody').status == 404
    stream = v.call('GET', '/stream/talk').raw_json['stream']
    assert (stream['source'], stream['source_label']) == (p.uuid, 'p')

    done = network.ctl(p, 'seed', 'talk', 'v')
    assert done.returncode == 0, done.stderr
    astral.wait_until(lambda: (v.ticket('talk') or {}).get('confirmed'), 'V to have the stream')
    for answer in v.call('GET', '/stream/talk/ticket'), p.call('GET', '/stream/talk/ticket/v'), p.call('GET', f'/stream/talk/ticket/{v.uuid}'):
        ticket = answer.raw_json['ticket']
        assert (ticket['source'], ticket['source_label']) == (p.uuid, 'p'), ticket
        assert (ticket['destination'], ticket['destination_label']) == (v.uuid, 'v'), ticket
    assert re.search(r'^talk +p +v +', network.ctl(p, 'listtickets').stdout, re.M)
    assert p.call('DELETE', '/stream/talk/ticket/v').status == 200

    def seeded(name):
        return p.call('POST', '/stream/talk/tickets', {'destination_uuid': name}, timeout=30).status in (201, 303)
    for name in 'v', v.uuid:
        astral.wait_until(lambda: seeded(name), f'{name} to get the stream again')
    astral.wait_until(lambda: network.ctl(p, 'revoketicket', 'talk', 'v').returncode == 0, 'the ticket to be revoked')


def test_a_label_of_two_nodes_means_neither(network):
    third = network.node('third')
    twins = [network.node('twin', bootstrap=[third], state=f'twin-{number}') for number in range(2)]
    uuids = {twin.uuid for twin in twins}
    assert len(uuids) == 2
    astral.wait_until(lambda: uuids <= {node['uuid'] for node in third.call('GET', '/nodes').raw_json['nodes']}, 'both to be known')
    assert third.call('POST', '/streams', {'name': 'talk'}).status == 201
    for method, path, body in (('GET', '/node/twin', None), ('DELETE', '/node/twin', None), ('GET', '/stream/talk/ticket/twin', None),
                               ('POST', '/stream/talk/tickets', {'destination_uuid': 'twin'})):
        answer = third.call(method, path, body)
        assert answer.status == 409 and all(uuid in answer.error['message'] for uuid in uuids), (method, path, answer.body)
    refused = network.ctl(third, 'seed', 'talk', 'twin')
    assert refused.returncode == 1 and all(uuid in refused.stderr for uuid in uuids), refused.stderr
    for twin in twins:
        shown = itself(third, twin.uuid)
        assert (shown['uuid'], shown['label'], shown['port']) == (twin.uuid, 'twin', twin.port)


def test_who_says_the_uuid_of_another_is_dropped(network):
    """A node, and a player or publisher, which has no key."""
    first = network.node('first')
    second = network.node('second', bootstrap=[first])
    astral.wait_until(lambda: second.supernode() == 'first', 'the second node to have a place')
    thief = stranger.greet(first.port, network.folder, uuid=second.uuid)
    assert thief.closed_with()[1] == NOT_ITS_UUID
    element = raw_websocket.WebSocket(first.port)
    element.send({'type': 'hello', 'uuid': second.uuid, 'kind': 'element', 'port': 0})
    assert element.closed_with()[1] == NOT_ITS_UUID
    shown = itself(first, second.uuid)
    assert (shown['label'], shown['port']) == ('second', second.port)
    assert second.call('POST', '/streams', {'name': 'talk'}).status == 201
    astral.wait_until(lambda: (first.stream('talk') or {}).get('source') == 'second', 'the first node to hear of the stream')
    honest = stranger.meet(first.port, network.folder, 'second')  # a label is free
    assert second.supernode() == 'first' and itself(first, honest.uuid)['label'] == 'second'


def test_an_origin_takes_a_uuid_of_a_key_from_that_key_alone(network):
    origin = network.origin()
    owner, thief = Signer.new(network.folder), Signer.new(network.folder)
    assert owner.call(origin, 'POST', '/nodes', {'uuid': owner.uuid, 'label': 'n1', 'port': 9}).status == 201
    shown = itself(origin, owner.uuid)
    assert (shown['label'], shown['key']) == ('n1', owner.fingerprint)
    for uuid in owner.uuid, '0' * 32, 'n1':
        refused = thief.call(origin, 'POST', '/nodes', {'uuid': uuid, 'port': 9})
        assert refused.status == 403 and 'uuid' in refused.error['message'], (uuid, refused.body)
    for uuid in owner.uuid, '0' * 32:
        refused = origin.call('POST', '/nodes', {'uuid': uuid, 'port': 9})
        assert refused.status == 403 and 'uuid' in refused.error['message'], (uuid, refused.body)
    assert origin.call('POST', '/nodes', {'uuid': '12345', 'port': 9}).status == 201
    assert 'key' not in itself(origin, '12345')
    page = origin.call('GET', '/nodes', headers={'Accept': 'text/html'}).body.decode()
    assert re.search(r'12345\S* <span[^>]*>unsigned<', page) and page.count('unsigned<') == 1
    assert origin.call('GET', '/node/n1').status == 404  # an origin knows nobody by a label
    node = network.node('n2', origin)
    astral.wait_until(lambda: origin.call('GET', f'/node/{node.uuid}').status == 200, 'the node to report')
    assert (itself(origin, node.uuid)['label'], itself(origin, node.uuid)['key'][:32]) == ('n2', node.uuid)

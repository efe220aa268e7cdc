# SPDX-License-Identifier: BSD-3-Clause
"""Access rules of a node that listens on all addresses. The stranger of these tests calls from this machine's network address,
which is not loopback, so the node takes it for another machine. A machine without such an address skips these tests."""
import socket

import pytest

import astral
import media
import openapi
import raw_websocket

TOKEN = 'correct-horse-battery-staple'
GUESSES = 10  # daemon/http/guesses.hpp
PER_ADDRESS = 128  # daemon/http/server.hpp


class FromElsewhere:
    """Calls the same node at the network address."""

    def __init__(self, node, address):
        self.address, self.port, self.url = address, node.port, f'http://{address}:{node.port}'

    def call(self, method, path, body=None, headers=None):
        return astral.http(method, self.url + path, body, headers)


@pytest.fixture
def node(network):
    settings = network.folder / 'node.conf'
    settings.write_text(f'[astralnode]\ntoken={TOKEN}\nallowed_hosts=studio;node.example\n'
                        'allowed_origins=https://node.example\n')
    node = network.node('n', None, (), None, '--settings', settings, listen='0.0.0.0')
    assert node.call('POST', '/streams', {'name': 'mine'}).status == 201
    return node


@pytest.fixture
def stranger(node):
    address = astral.own_address()
    if not address:
        pytest.skip('this machine has only loopback addresses')
    return FromElsewhere(node, address)


def state(node):
    settings = {name: value for name, value in node.get('/settings').items() if name != 'time_ms'}
    return {'/settings': settings, **{path: node.get(path) for path in ('/nodes', '/streams', '/tickets')}}


# Valid bodies for the operations that only the owner may call.
BODIES = {'create_stream': {'name': 'theirs'}, 'pause_or_resume': {'streaming': True}, 'accept_invitation': {'invitation': 'x'}, 'confirm_ticket': {'confirmed': True}, 'confirm_ticket_of': {'confirmed': True}}


def owners_calls(node):
    said = openapi.Description(node.call('GET', '/openapi.json').body)
    for operation, (method, path, _) in said.operations.items():
        if said.is_for_the_owner(operation):
            yield method, path.format(slug='mine', uuid='n', file='x', session='y', id='z', guest='g'), BODIES.get(operation)


def test_a_stranger_reads_but_changes_nothing(node, stranger):
    before = state(node)
    for path in ('/nodes', '/node', '/streams', '/stream/mine', '/tickets', '/settings', '/health', '/'):
        assert stranger.call('GET', path).status == 200, path
    assert stranger.call('POST', '/ping', b'x' * 1000).status == 200
    calls = list(owners_calls(node))
    assert len(calls) >= 10
    guess = ({'Authorization': 'Bearer ' + TOKEN[:-1]}, 'not this node')
    for count, (method, path, body) in enumerate(calls):
        for headers, why in (({}, 'only this machine itself'), ({'Authorization': 'Basic ' + TOKEN}, 'only this machine itself'),
                             *([guess] if count < GUESSES else [])):
            answer = stranger.call(method, path, body, headers)
            assert answer.status == 403 and why in answer.error['message'], (method, path, headers, answer.body)
    assert state(node) == before


def test_who_guesses_tokens_waits(node, stranger):
    for count in range(GUESSES):
        assert stranger.call('PUT', '/stream/mine', {'streaming': True}, {'Authorization': f'Bearer guess-{count}'}).status == 403
    late = stranger.call('PUT', '/stream/mine', {'streaming': True}, {'Authorization': f'Bearer {TOKEN}'})
    assert late.status == 429 and 'too many wrong tokens' in late.error['message'] and 0 < int(late.headers['Retry-After']) < 60
    assert stranger.call('GET', '/streams').status == 200 and node.call('GET', '/streams', headers={'Authorization': 'Bearer wrong'}).status == 200
    astral.wait_until(lambda: stranger.call('GET', '/settings', None, {'Authorization': f'Bearer {TOKEN}'}).status == 200, 'the next try', 30, every=1)


def test_a_stranger_learns_how_many_there_are_and_not_who(network, node, stranger):
    viewer = network.node('v', None, [node])
    assert node.call('POST', '/streams', {'name': 'talk'}).status == 201
    astral.wait_until(lambda: viewer.stream('talk'), 'the viewer to know the stream')
    assert viewer.call('POST', '/stream/talk/tickets', {}).status in (201, 303, 412)
    astral.wait_until(lambda: len(node.get('/nodes')['nodes']) == 2, 'the node to know the viewer')
    events, owners = (raw_websocket.WebSocket(node.port, '/events', host) for host in (stranger.address, '127.0.0.1'))
    other = network.node('w', None, [node])
    astral.wait_until(lambda: len(node.get('/nodes')['nodes']) == 3, 'the node to know the other viewer')
    assert node.call('POST', '/streams', {'name': 'seen'}).status == 201
    for listener, hears in ((owners, True), (events, False)):
        told = []
        while not any(one['type'] == 'stream' and one['data'].get('slug') == 'seen' for one in told):
            told.append(listener.receive_json())
        assert any(one['type'] == 'node' and one['data']['uuid'] == 'w' for one in told) == hears
    seen = stranger.call('GET', '/nodes').json
    assert [one['uuid'] for one in seen['nodes']] == [node.label] and seen['count'] == 3
    tickets = node.get('/tickets')
    assert stranger.call('GET', '/tickets').json == {'tickets': [], 'count': len(tickets['tickets'])} and tickets['count'] == len(tickets['tickets'])
    assert stranger.call('GET', '/stream/talk/tickets').json['tickets'] == []
    for path in '/node/v', '/stream/talk/ticket/v':
        answer = stranger.call('GET', path)
        assert answer.status == 403 and '--show-peers' in answer.error['message'], path
    assert stranger.call('GET', f'/node/{node.uuid}').status == 200
    assert other.end() == 0


def test_who_is_on_the_local_network_may_watch_and_keep_nothing(network, node, stranger):
    assert node.get('/settings')['owner'] and not stranger.call('GET', '/settings').json['owner']
    publisher = network.node('p', None, [node])
    media.publish_test_picture(network, publisher, 'talk')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be known')
    for body in ({}, {'player': False}, {'player': True, 'destination_uuid': 'p'}):
        answer = stranger.call('POST', '/stream/talk/tickets', body)
        assert answer.status == 403 and 'only this machine itself' in answer.error['message'], answer.body
    assert not node.tickets()
    assert stranger.call('POST', '/stream/talk/tickets', {'player': True}).status == 303
    assert stranger.call('GET', '/stream/talk/ticket').json['ticket']['source'] == 'p'
    assert stranger.call('DELETE', '/stream/talk/ticket').status == 403


def test_a_stranger_with_the_token_may_change_things(node, stranger):
    token = {'Authorization': f'Bearer {TOKEN}'}
    made = stranger.call('POST', '/streams', {'name': 'With token'}, token)
    assert made.status == 201 and made.headers['Location'] == '/stream/with-token'
    foreign = {**token, 'Origin': 'http://evil.example'}
    assert stranger.call('DELETE', '/stream/with-token', None, foreign).status == 403
    assert stranger.call('DELETE', '/stream/with-token', None, token).status == 200
    assert stranger.call('DELETE', '/node', None, token).status == 200
    assert node.wait() == 0


def test_a_stranger_registers_only_itself(node, stranger):
    said = openapi.Description(node.call('GET', '/openapi.json').body)

    def register(status, caller=stranger, **body):
        answer = caller.call('POST', '/nodes', body)
        assert answer.status == status, (body, answer.body)
        said.check('register_node', answer)
        return answer
    assert register(201, uuid='s', port=1).json['node']['ip_address'] == stranger.address
    register(200, uuid='s', port=1, ip_address=stranger.address)
    register(409, uuid='s', port=2)
    register(409, uuid=node.uuid, port=2)
    register(403, uuid='0' * 32, port=2)  # as if it were of a key
    register(403, uuid='t', port=1, ip_address='198.51.100.7')
    register(201, node, uuid='t', port=1, ip_address='198.51.100.7')  # this machine may register others
    register(409, uuid='t', port=1)
    for i in range(15):
        register(201, uuid=f's{i}', port=1)
    register(503, uuid='one-more', port=1)
    register(201, node, uuid='one-more', port=1)


def test_unknown_hosts_and_foreign_pages_are_refused(node):
    before = state(node)
    rebound = f'http://evil.example:{node.port}'
    for method, path, body in owners_calls(node):
        for headers in ({'Host': f'evil.example:{node.port}', 'Origin': rebound}, {'Host': 'evil.example'},
                        {'Origin': 'http://evil.example'}, {'Origin': 'null'}, {'Origin': 'http://127.0.0.1'}):
            answer = node.call(method, path, body, headers)
            assert answer.status == 403 and 'header \'' in answer.error['message'], (method, path, headers, answer.body)
    for path in ('/', '/streams', '/node', '/openapi.json', '/stream/mine/hls/index.m3u8', '/nope'):
        assert node.call('GET', path, None, {'Host': 'evil.example'}).status == 403, path
    for path in ('/peer', '/events', '/bandwidth?run=x'):
        for headers in (['Origin: http://evil.example'], ['Origin: null']):
            assert raw_websocket.WebSocket(node.port, path, headers=headers).status == 403, (path, headers)
        assert raw_websocket.WebSocket(node.port, path, authority='evil.example').status == 403, path
        assert raw_websocket.WebSocket(node.port, path, authority='evil.example', headers=['Origin: http://evil.example']).status == 403
        raw_websocket.WebSocket(node.port, path, headers=[f'Origin: http://127.0.0.1:{node.port}']).close()
    assert state(node) == before

    for host in ('localhost', 'LOCALHOST:1', 'node.example', 'Studio:8000', '[::1]:8000', '192.0.2.1', socket.gethostname()):
        assert node.call('GET', '/streams', None, {'Host': host}).status == 200, host
    friend = {'Host': 'node.example', 'Origin': 'https://node.example'}
    answer = node.call('POST', '/streams', {'name': 'friend'}, friend)
    assert answer.status == 201 and answer.headers['Access-Control-Allow-Origin'] == 'https://node.example'
    playlist = node.call('GET', '/stream/mine/hls/index.m3u8', None, {'Origin': 'http://player.example'})
    assert playlist.status != 403 and playlist.headers['Access-Control-Allow-Origin'] == '*'


def test_one_address_cannot_take_all_connections(node, stranger):
    open_ones = []
    for _ in range(PER_ADDRESS):
        open_ones.append(socket.create_connection((stranger.address, node.port), 10))
    one_more = astral.wait_until(lambda: refused(stranger), 'the next connection to be refused')
    assert one_more.error['message'] == 'too many connections from your address'
    assert node.get('/ping') == {'return': 'Pong!'}
    for client in open_ones:
        client.close()
    astral.wait_until(lambda: not refused(stranger), 'the node to accept the stranger again')


def refused(stranger):
    answer = stranger.call('GET', '/ping')
    return answer if answer.status == 503 else None

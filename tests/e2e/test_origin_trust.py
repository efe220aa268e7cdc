# SPDX-License-Identifier: BSD-3-Clause
"""At the origin, a caller from another address cannot change a living node's entry. The stranger of these tests calls from
127.0.0.2."""
import http.client
import http.server
import json
import threading

import pytest

import astral


def stranger(origin, method, path, body=None):
    """A call from 127.0.0.2."""
    connection = http.client.HTTPConnection('127.0.0.1', origin.port, timeout=20 * astral.PATIENCE, source_address=('127.0.0.2', 0))
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {'Content-Type': 'application/json'} if text else {})
    answer = connection.getresponse()
    found = astral.Answer(answer.status, answer.headers, answer.read())
    connection.close()
    return found


class Questions(http.server.ThreadingHTTPServer):
    """A fake node: answers GET with its uuid and port, and records the requests."""
    daemon_threads = True

    def __init__(self, uuid):
        super().__init__(('127.0.0.1', 0), Question)
        self.uuid, self.asked = uuid, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]


class Question(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({'node': {'uuid': self.server.uuid, 'port': self.server.port}}).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.asked.append((self.command, self.path, self.headers))

    def log_message(self, *_):
        pass


@pytest.fixture
def played():
    with Questions('n1') as made:
        yield made
        made.shutdown()


def reachable(origin, uuid):
    answer = origin.call('GET', f'/node/{uuid}')
    return answer.json['node'].get('reachable') if answer.status == 200 else None


def test_the_origin_checks_that_a_new_node_is_reachable(network, played):
    origin = network.origin()
    first = origin.call('POST', '/nodes', {'uuid': 'n1', 'port': played.port})
    assert first.status == 201 and first.json['reachable'] is None
    astral.wait_until(lambda: reachable(origin, 'n1'), 'the origin to reach it')
    assert origin.call('POST', '/nodes', {'uuid': 'n1', 'port': played.port}).json['reachable'] is True
    (method, path, headers), = played.asked  # exactly one request
    assert (method, path) == ('GET', '/node')
    assert {name.lower() for name in headers} <= {'host', 'accept', 'accept-encoding', 'user-agent', 'connection'}


def test_a_node_at_whose_address_another_one_answers_is_not_reachable(network, played):
    origin = network.origin()
    origin.call('POST', '/nodes', {'uuid': 'n2', 'port': played.port})
    astral.wait_until(lambda: reachable(origin, 'n2') is False, 'the origin to find n1 there')
    assert origin.call('POST', '/nodes', {'uuid': 'n2', 'port': played.port}).json['reachable'] is False


def test_a_stranger_cannot_remove_a_living_node(network, played):
    origin = network.origin()
    origin.call('POST', '/nodes', {'uuid': 'n1', 'port': played.port})
    astral.wait_until(lambda: reachable(origin, 'n1'), 'the origin to reach it')

    def hint():
        answer = stranger(origin, 'DELETE', '/node/n1')
        assert answer.status == 202 and answer.json['removed'] is False
        return answer.json['checking']
    # The origin checks a node at most once every few seconds, even if many callers ask for it.
    assert [hint() for _ in range(50)] == [False] * 50
    astral.wait_until(hint, 'the origin to check again', every=0.5)
    astral.wait_until(lambda: len(played.asked) == 2, 'the second request at the node')
    hint()
    assert origin.call('GET', '/node/n1').status == 200
    assert len(played.asked) == 2


def test_a_strangers_delete_removes_a_dead_node(network):
    origin = network.origin()
    node = network.node('n1', origin)
    astral.wait_until(lambda: reachable(origin, 'n1'), 'the origin to reach it')
    node.kill()
    astral.wait_until(lambda: stranger(origin, 'DELETE', '/node/n1').status == 404, 'the origin to find it gone', every=0.5)


def test_a_stranger_cannot_take_the_uuid_of_a_living_node(network, played):
    origin = network.origin()
    origin.call('POST', '/nodes', {'uuid': 'n1', 'port': played.port})
    astral.wait_until(lambda: reachable(origin, 'n1'), 'the origin to reach it')
    thief = {'uuid': 'n1', 'port': 9, 'ip_address': '127.0.0.1', 'supernode': True}
    answer = stranger(origin, 'POST', '/nodes', thief)
    assert answer.status == 409 and answer.error['code'] == 'conflict'
    assert origin.get('/node/n1')['node']['port'] == played.port
    played.shutdown()
    played.server_close()
    # The first node is gone. A report of its uuid from another address makes the origin check, and then take the new one.
    astral.wait_until(lambda: stranger(origin, 'POST', '/nodes', {'uuid': 'n1', 'port': 9}).status == 201,
                      'the origin to accept the new address', every=0.5)
    assert origin.get('/node/n1')['node']['ip_address'] == '127.0.0.2'


def test_a_stranger_cannot_change_streams(network):
    origin = network.origin()
    origin.call('POST', '/nodes', {'uuid': 'n1', 'port': 9})
    assert origin.call('POST', '/streams', {'name': 'talk', 'source': 'n1', 'streaming': True}).status == 201
    for method, path, body in (('POST', '/streams', {'name': 'talk', 'source': 'n1'}), ('POST', '/streams', {'name': 'more', 'source': 'n1'}),
                               ('PUT', '/stream/talk', {'uuid': 'n1', 'streaming': False}), ('DELETE', '/stream/talk?uuid=n1', None)):
        answer = stranger(origin, method, path, body)
        assert answer.status == 403 and answer.error['code'] == 'refused', (method, path)
    assert [(s['slug'], s['streaming']) for s in origin.get('/streams')['streams']] == [('talk', True)]
    assert origin.call('DELETE', '/stream/talk?uuid=n1').status == 200


def test_a_node_that_ends_removes_itself_from_the_origin(network):
    origin = network.origin()
    node = network.node('n1', origin)
    astral.wait_until(lambda: origin.call('GET', '/node/n1').status == 200, 'the node to report')
    assert node.end() == 0
    assert origin.call('GET', '/node/n1').status == 404

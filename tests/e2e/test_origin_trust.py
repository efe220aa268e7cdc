# SPDX-License-Identifier: BSD-3-Clause
"""At the origin, a caller from another address cannot change a living node's entry. The stranger of these tests calls from
127.0.0.2."""
import base64
import hashlib
import http.client
import http.server
import json
import secrets
import threading
import time

import pytest

import astral
import raw_websocket
from stranger import Key


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
    astral.wait_until(lambda: reachable(origin, node.uuid), 'the origin to reach it')
    node.kill()
    astral.wait_until(lambda: stranger(origin, 'DELETE', f'/node/{node.uuid}').status == 404, 'the origin to find it gone', every=0.5)


def test_a_stranger_cannot_take_the_uuid_of_a_living_node_that_signs_nothing(network, played):
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
    astral.wait_until(lambda: origin.call('GET', f'/node/{node.uuid}').status == 200, 'the node to report')
    assert node.end() == 0
    assert origin.call('GET', f'/node/{node.uuid}').status == 404


class Signer(Key):
    """Signs calls as RFC 9421 says."""

    def headers(self, method, path, body):
        digest = f'sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:'
        params = ('("@method" "@path" "@query" "content-digest")'
                  f';created={int(time.time())};nonce="{secrets.token_hex(16)}";keyid="{self.public}";alg="ed25519"')
        text = f'"@method": {method}\n"@path": {path}\n"@query": ?\n"content-digest": {digest}\n"@signature-params": {params}'
        signature = base64.b64encode(bytes.fromhex(self.sign(text))).decode()
        return {'Content-Type': 'application/json', 'Content-Digest': digest, 'Signature-Input': f'key={params}',
                'Signature': f'key=:{signature}:'}

    def call(self, origin, method, path, body):
        text = json.dumps(body).encode()
        return origin.call(method, path, text, self.headers(method, path, text))


def test_names_belong_to_the_key_that_signs(network):
    """The other calls come from the owner's own address."""
    origin = network.origin(store=f'sqlite://{network.folder}/o.db')
    owner, thief = Signer.new(network.folder), Signer.new(network.folder)
    node, stream = {'uuid': owner.uuid, 'port': 9}, {'name': 'talk', 'source': owner.uuid, 'streaming': True}
    assert owner.call(origin, 'POST', '/nodes', node).status == 201
    assert owner.call(origin, 'POST', '/streams', stream).status == 201

    def try_to_take(origin):
        calls = (('POST', '/streams', stream), ('PUT', '/stream/talk', {'uuid': owner.uuid, 'name': 'mine'}),
                 ('DELETE', '/stream/talk', {'uuid': owner.uuid}))
        for method, path, body in (('POST', '/nodes', node), *calls):
            for answer in origin.call(method, path, body), thief.call(origin, method, path, body):
                assert answer.status in (403, 404, 409), (method, path)
    try_to_take(origin)
    assert origin.get('/stream/talk')['stream']['owner'] == origin.get(f'/node/{owner.uuid}')['node']['key']
    assert owner.call(origin, 'DELETE', f'/node/{owner.uuid}', {}).status == 200
    try_to_take(origin)
    assert owner.call(origin, 'DELETE', '/stream/talk', {}).status == 200
    try_to_take(origin)
    origin.kill()
    origin = network.origin(store=f'sqlite://{network.folder}/o.db')
    try_to_take(origin)
    assert owner.call(origin, 'POST', '/streams', stream).status == 201


def test_a_signed_call_counts_once(network):
    origin = network.origin()
    owner = Signer.new(network.folder)
    body = json.dumps({'uuid': owner.uuid, 'port': 9}).encode()
    headers = owner.headers('POST', '/nodes', body)
    assert origin.call('POST', '/nodes', body, headers).status == 201
    again = origin.call('POST', '/nodes', body, headers)
    assert again.status == 403 and 'before' in again.error['message']


def test_nobody_takes_the_stream_of_a_node_that_was_here(network):
    origin = network.origin()
    node = network.node('n1', origin)
    assert node.call('POST', '/streams', {'name': 'talk'}).status == 201
    shown = astral.wait_until(lambda: origin.call('GET', '/stream/talk').json.get('stream'), 'the stream at the origin')
    assert origin.call('DELETE', f'/stream/talk?uuid={node.uuid}').status == 403
    assert origin.call('DELETE', f'/node/{node.uuid}?uuid={node.uuid}').status == 202
    assert node.end() == 0
    assert origin.call('POST', '/nodes', {'uuid': node.uuid, 'port': 9}).status == 403
    for source in node.uuid, 'n1':
        assert origin.call('POST', '/streams', {'name': 'talk', 'source': source}).status in (403, 409), source
    assert shown['owner'] == shown['fingerprint'] == origin.get('/stream/talk')['stream']['owner']
    node = network.node('n1', origin)  # has its key again
    astral.wait_until(lambda: origin.call('GET', f'/node/{node.uuid}').status == 200, 'the node to be back')
    assert node.call('POST', '/streams', {'name': 'talk'}).status in (200, 201)
    assert node.call('DELETE', '/stream/talk').status == 200
    astral.wait_until(lambda: origin.call('GET', '/stream/talk').status == 404, 'the origin to hear that the stream is deleted')


def test_an_administrator_hides_and_bans(network):
    token = 'x' * 32
    (network.folder / 'token').write_text(token + '\n')
    origin = network.origin('--admin-token', network.folder / 'token')
    node = network.node('n1', origin)
    assert node.call('POST', '/streams', {'name': 'talk'}).status == 201
    shown = astral.wait_until(lambda: origin.call('GET', '/stream/talk').json.get('stream'), 'the stream at the origin')

    def admin(*words, token=token):
        return network.ctl(origin, '--token', token, *words)
    assert admin('hide', 'talk', token='y' * 32).returncode == 1
    assert admin('hide', 'talk').returncode == 0
    assert origin.call('GET', '/stream/talk').status == 404
    assert admin('listbans').stdout.endswith('hidden  talk\n')
    assert admin('unhide', 'talk').returncode == 0
    key = origin.get(f'/node/{node.uuid}')['node']['key']
    assert key != shown['owner'] and admin('ban', key, 'spam').returncode == 0
    assert origin.get('/nodes') == {'nodes': []} and origin.get('/streams') == {'streams': []}
    node.wait_for_output('takes nothing from you: spam', 60)  # it reports every 30 s
    assert admin('unban', key).returncode == 0
    assert admin('ban', '127.0.0.0/8').returncode == 0
    assert raw_websocket.WebSocket(origin.port).status == 403
    assert admin('unban', '127.0.0.0/8').returncode == 0
    assert raw_websocket.WebSocket(origin.port).status == 101
    assert origin.call('GET', '/stream/talk').status == 200


def test_a_node_believes_only_the_origin_that_it_knows(network):
    origin = network.origin()
    node = network.node('n1', origin)
    kept = network.folder / 'state-n1' / 'origin-keys.json'
    astral.wait_until(kept.exists, 'the key to be kept')
    origin.kill()
    (network.folder / 'data' / 'astral' / 'origin-key.pem').unlink()
    other = network.origin('--port', str(origin.port))
    assert other.call('POST', '/streams', {'name': 'false', 'source': 'n9', 'streaming': True}).status == 201
    node.wait_for_output('not signed by the key that it had before')
    assert node.call('GET', '/stream/false').status == 404
    assert node.end() == 0
    kept.unlink()  # as the message says
    again = network.node('n1', other)
    astral.wait_until(lambda: again.call('GET', '/stream/false').status == 200, 'the stream of the other origin')


class FastClock(http.server.BaseHTTPRequestHandler):
    """An origin whose clock is an hour ahead. It refuses all, and records when requests say that they were made."""

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + 3600)

    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.server.made.append(int(self.headers['Signature-Input'].split(';created=')[1].split(';')[0]))
        self.send_response(403)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_node_signs_by_the_origins_clock(network):
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), FastClock) as origin:
        origin.made = []
        threading.Thread(target=origin.serve_forever, daemon=True).start()
        network.node('n1', None, (), None, '--origin', f'http://127.0.0.1:{origin.server_address[1]}')
        astral.wait_until(lambda: len(origin.made) > 1, 'the node to try again')
        assert origin.made[1] - origin.made[0] > 3000
        origin.shutdown()

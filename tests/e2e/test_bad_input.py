# SPDX-License-Identifier: BSD-3-Clause
"""A node gets bad input while a viewer watches. Each input gets a clear error, and the viewer is not disturbed."""
import re
import socket
import subprocess

import pytest

import astral
import media
import stranger
import raw_websocket


@pytest.fixture
def watched(network):
    """A node with a live stream and a viewer. After the test, both must go on as before."""
    node = network.node('p')
    publisher, _ = media.publish_test_picture(network, node, 'talk')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be live')
    viewer, received = media.view(network, node, 'talk')
    media.grows(received, 5000)
    before = node.get('/streams')
    yield node
    assert publisher.running() and viewer.running()
    media.grows(received, 20_000)
    slugs = [s['slug'] for s in before['streams']]
    assert [s['slug'] for s in node.get('/streams')['streams']] == slugs
    assert node.get('/ping') == {'return': 'Pong!'}


JSON = {'Content-Type': 'application/json'}
HTTP_CASES = [
    # method, path, body, headers, status, a text that the error message contains
    ('GET', '/nope', None, {}, 404, ''),
    ('GET', '/stream/nope', None, {}, 404, 'nope'),
    ('GET', '/stream/talk/ticket/nobody', None, {}, 404, ''),
    ('DELETE', '/stream/nope', None, {}, 404, 'nope'),
    ('DELETE', '/stream/talk/ticket/nobody', None, {}, 404, ''),
    ('DELETE', '/node/nobody', None, {}, 404, ''),
    ('GET', '/node/nobody', None, {}, 404, ''),
    ('POST', '/stream/nope/tickets', '{}', JSON, 404, 'nope'),
    ('POST', '/streams', '{"name":', JSON, 400, 'JSON'),
    ('POST', '/streams', '[]', JSON, 400, 'object'),
    ('POST', '/streams', '{}', JSON, 400, 'name'),
    ('POST', '/streams', '{"name": 7}', JSON, 400, 'name'),
    ('POST', '/streams', '{"name": "!!!"}', JSON, 400, 'name'),
    ('POST', '/streams', '{"name": "' + 'x' * 1000 + '"}', JSON, 400, 'name'),
    ('POST', '/streams', '[' * 10000, JSON, (400, 413), ''),
    ('POST', '/streams', b'{"name": "\xff"}', JSON, 400, 'UTF-8'),
    ('POST', '/streams', 'name=x', {'Content-Type': 'text/plain'}, 415, ''),
    ('POST', '/streams', b'{' + b' ' * 200_000, JSON, 413, ''),
    ('POST', '/ping', b'x' * (256 * 1024 + 1), {}, 413, ''),
    ('GET', '/ping?bytes=99999999999', None, {}, (400, 413), 'bytes'),
    ('GET', '/ping?bytes=-1', None, {}, 400, 'bytes'),
    ('PUT', '/stream/talk', '{"streaming": "yes"}', JSON, 400, 'streaming'),
    ('PUT', '/stream/nope', '{"streaming": true}', JSON, 404, 'nope'),
    ('POST', '/stream/talk/tickets', '{"destination_uuid": "a b"}', JSON, 400, 'destination_uuid'),
    ('POST', '/nodes', '{"uuid": "x", "port": 0}', JSON, 400, 'port'),
    ('POST', '/nodes', '{"port": 1}', JSON, 400, 'uuid'),
    ('PATCH', '/streams', None, {}, 405, ''),
    ('DELETE', '/streams', None, {}, 405, ''),
]


def test_each_bad_request_gets_its_status_and_a_message(watched):
    for method, path, body, headers, status, names in HTTP_CASES:
        answer = watched.call(method, path, body, headers)
        wanted = status if isinstance(status, tuple) else (status,)
        assert answer.status in wanted, (method, path, answer.status, answer.body[:300])
        error = answer.error
        assert error['code'] and names in error['message'], (method, path, error)


def test_malformed_http_gets_an_error_or_a_closed_connection(watched):
    for junk in (b'\x00\xff' * 500 + b'\r\n\r\n', b'GET\r\n\r\n', b'GET http://[ HTTP/1.1\r\n\r\n',
                 b'POST /streams HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
                 b'GET / HTTP/1.1\r\nX: ' + b'a' * 200_000 + b'\r\n\r\n'):
        with socket.create_connection(('127.0.0.1', watched.port), 10) as client:
            try:
                client.sendall(junk)
                answer = client.recv(4096)
            except ConnectionError:
                answer = b''
        assert not answer or answer.split()[1][:1] in (b'4', b'5'), answer


def hello(**more):
    return {'type': 'hello', 'uuid': 'stranger', 'port': 0, 'kind': 'element', 'supernode': False, 'version': '0', **more}


# A well-formed Ed25519 public key in DER. Nobody has its private key.
KEY = '302a300506032b6570032100' + '01' * 32

# name: (a good hello to send first, or None; the bad messages; the close codes that are right).
PEER_CASES = {
    'no json': (None, ['rubbish'], (1007, 1002)),
    'no object': (None, ['[]'], (1007, 1002)),
    'no type': (None, ['{}'], (1007, 1002)),
    'no hello first': (None, [{'type': 'heartbeat', 'tickets': []}], (1002, 1007, 1008)),
    'hello without uuid': (None, [{'type': 'hello'}], (1007, 1002)),
    'hello with a bad uuid': (None, [hello(uuid='a b')], (1007, 1002)),
    'deep json': (None, ['[' * 1000 + ']' * 1000], (1007, 1002, 1009)),
    'half a surrogate': (None, ['{"type":"\\ud800x"}'], (1007, 1002)),
    'too large': (None, ['{"type":"' + 'x' * 70_000 + '"}'], (1009,)),
    'binary': (None, [(b'\x00\x01\x02', raw_websocket.BINARY)], (1003, 1002, 1007)),
    'no utf-8': (None, [(b'\xff\xfe', raw_websocket.TEXT)], (1007, 1002)),
    'request without a slug': (hello(), [{'type': 'request', 'ticket': 't1', 'destination': 'stranger'}], (1007, 1002)),
    'request with a bad ticket': (hello(), [{'type': 'request', 'ticket': '', 'slug': 'talk', 'destination': 's'}], (1007, 1002)),
    'too many candidates': (hello(), [{'type': 'candidates', 'ticket': 't', 'candidates': ['candidate:1'] * 33}], (1007, 1002, 1009)),
    'a long candidate': (hello(), [{'type': 'candidates', 'ticket': 't', 'candidates': ['c' * 257]}], (1007, 1002, 1009)),
    'a node without a key': (None, [hello(kind='node', port=1)], (1008,)),
    'a challenge of half a key': (None, [{'type': 'challenge', 'key': 'ab', 'nonce': '00' * 32}], (1007,)),
    'a proof of nothing': (None, [{'type': 'proof', 'signature': '00' * 64}], (1007,)),
    'a wrong proof': (None, [{'type': 'challenge', 'key': KEY, 'nonce': '00' * 32}, {'type': 'proof', 'signature': '00' * 64}], (1008,)),
    'hello twice': (hello(), [hello()], (1002, 1007, 1008)),
}


def test_each_bad_peer_message_closes_the_session_with_a_code_and_a_reason(watched):
    for name, (first, messages, codes) in PEER_CASES.items():
        peer = raw_websocket.WebSocket(watched.port)
        assert peer.status == 101
        if first:
            peer.send(first)
            assert peer.receive_json()['type'] == 'welcome'
        for message in messages:
            peer.send(*message) if isinstance(message, tuple) else peer.send(message)
        code, reason = peer.closed_with()
        assert code in codes and reason, (name, code, reason)
        peer.close()


def test_frames_that_break_the_websocket_protocol_end_the_session(watched):
    for junk in (b'\xff' * 100, b'\x81\xff' + b'\xff' * 8, b'\x83\x80\0\0\0\0', b'\x89\xfe\xff\xff', b'\x81\x05hello'):
        peer = raw_websocket.WebSocket(watched.port)
        peer.raw(junk)
        try:
            peer.closed_with()
        except ConnectionError:
            pass  # without a close frame: right too
        except TimeoutError:
            pytest.fail(f'the node did not close after {junk!r}')
        peer.close()


def test_unknown_messages_and_tickets_are_ignored_and_unknown_streams_refused(watched):
    peer = raw_websocket.WebSocket(watched.port)
    peer.send(hello())
    assert peer.receive_json()['type'] == 'welcome'
    peer.send({'type': 'news-from-the-future', 'x': 1})  # ignored
    peer.send({'type': 'confirm', 'ticket': 'nope', 'fingerprint': 'a' * 64, 'ice': {'ufrag': 'abcd', 'pwd': 'x' * 22, 'candidates': []}})
    peer.send({'type': 'cancel', 'ticket': 'nope', 'code': 'x', 'message': 'y'})
    peer.send({'type': 'request', 'ticket': 't1', 'slug': 'nope', 'destination': 'stranger'})
    while True:
        answer = peer.receive_json()
        if answer['type'] == 'refusal':
            break
    assert answer['ticket'] == 't1' and answer['code'] == 'no-stream' and answer['message']
    peer.close()


def test_a_stream_dated_in_the_far_future_is_not_believed(watched, tmp_path):
    """A foreign node describes a stream of this node with a time 30,000 years ahead. Then a publisher publishes that stream."""
    stream = {'slug': 'future', 'name': 'Future', 'description': '', 'source': watched.uuid, 'streaming': False,
              'bitrate_kbps': 0, 'media': '', 'created': 0, 'updated': 10**15}
    node = stranger.meet(watched.port, tmp_path)
    node.send({'type': 'streams', 'streams': [stream]})
    publisher = raw_websocket.WebSocket(watched.port)
    publisher.send(hello(uuid='publisher'))
    assert publisher.receive_json()['type'] == 'welcome'
    publisher.send({'type': 'publish', 'slug': 'future', 'name': 'Future', 'description': '', 'media': 'video/mpegts'})
    while publisher.receive_json()['type'] != 'published':
        pass
    known = watched.stream('future')
    assert known['source'] == watched.label and known.get('updated', 0) < 10**14, known
    publisher.close()
    node.close()
    assert watched.call('DELETE', '/stream/future').status == 200


def test_a_wrong_fingerprint_gets_no_media(watched):
    """A peer confirms a ticket with the fingerprint of a key that it does not have. The node cancels the ticket."""
    peer = raw_websocket.WebSocket(watched.port, timeout=20)
    peer.send(hello())
    peer.send({'type': 'request', 'ticket': 't2', 'slug': 'talk', 'destination': 'stranger'})
    while True:
        answer = peer.receive_json()
        if answer['type'] in ('offer', 'refusal'):
            break
    assert answer['type'] == 'offer', answer
    peer.send({'type': 'confirm', 'ticket': 't2', 'fingerprint': '0' * 64,
               'ice': {'ufrag': 'abcd', 'pwd': 'x' * 22, 'candidates': ['candidate:1 1 UDP 2015363327 127.0.0.1 9 typ host']}})
    while True:
        answer = peer.receive_json()
        if answer['type'] == 'cancel':
            break
    assert answer['ticket'] == 't2' and answer['message']
    peer.close()


def test_elements_post_an_error_that_names_the_cause(network):
    node = network.node('n')
    cases = {
        node.uri('nope'): 'nobody knows this stream',
        'astral://127.0.0.1:1/talk': 'no node at http://127.0.0.1:1',
        f'astral://127.0.0.1:{node.port}/': 'is not a slug',
        'astral://127.0.0.1:x/talk': 'astralsrc',
        f'astral://other.localhost:{node.port}/talk': 'the node refuses this host name',  # GLib resolves all of .localhost
    }
    for uri, wanted in cases.items():
        process = network.launch('wrong', f'astralsrc uri={uri} auto-reconnect=false ! fakesink', quiet=False)
        assert process.wait(40) in (1, 255), (uri, process.output)
        assert re.search(rf'^ERROR: .*{re.escape(wanted)}', process.output, re.M), (uri, process.output)
    sink = network.launch('wrong', 'videotestsrc is-live=true ! x264enc ! mpegtsmux ! '
                          'astralsink uri=astral://127.0.0.1:1/talk', quiet=False)
    assert sink.wait(40) == 1 and '127.0.0.1:1' in sink.output


def test_a_player_that_comes_before_its_stream_warns_and_waits(network):
    node = network.node('n')
    player, received = media.view(network, node, 'late', quiet=False)
    astral.wait_until(lambda: re.search(r'^WARNING: .*nobody knows this stream', player.output, re.M), 'a warning')
    media.publish_test_picture(network, node, 'late')
    media.grows(received)


def test_a_node_refuses_bad_options(network):

    for options in (['--port', '70000'], ['--port', 'x'], ['--frob'], ['--uuid', 'a b'], ['--supernode', 'perhaps'],
                    ['--settings', '/nonexistent'], ['--upstream-limit', '-1'], ['--origin', 'nonsense']):
        done = subprocess.run([astral.program('astralnode'), '--state-dir', str(network.folder / 's'), *options],
                              capture_output=True, text=True, timeout=20, env=network.environment())
        assert done.returncode in (1, 2) and done.stderr.startswith('astralnode: '), (options, done)

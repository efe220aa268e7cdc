# SPDX-License-Identifier: BSD-3-Clause
"""Running nodes answer as openapi.json says: every operation is called, and every described status is provoked. tests/unit checks
that openapi.json describes every route and no other."""
import json
import re

import jsonschema
import pytest

import astral
import media
import openapi
import raw_websocket

JSON = {'Content-Type': 'application/json'}
FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
TEXT = {'Content-Type': 'text/plain'}
SDP = {'Content-Type': 'application/sdp'}
OFFER = f'''v=0
m=video 9 UDP/TLS/RTP/SAVPF 96
a=ice-ufrag:abcd
a=ice-pwd:0123456789012345678901
a=fingerprint:sha-256 {':'.join(['AB'] * 32)}
a=setup:actpass
a=mid:0
a=rtcp-mux
a=DIRECTION
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=42e01f
'''
LARGE = b' ' * (64 * 1024 + 1)
PLAYLIST = '/hls/index.m3u8'

# Answers that this test cannot provoke. The unit tests of the API provoke each of them with a fake network or a fake media backend.
ELSEWHERE = {
    ('register_node', '409'), ('register_node', '503'),  # only callers from other machines get these: test_who_may.py
    ('create_stream', '412'), ('create_stream', '503'),  # an origin that does not answer; more than 256 streams
    ('pair_device', '412'), ('pair_device', '429'),  # after 32 devices; within a second
    ('send_stun_response', '404'),  # a node without a UDP port
    ('open_link', '101'),  # only for a link whose other end may open it
    ('ask_ticket', '503'), ('get_playlist', '415'), ('get_playlist', '503'), ('get_segment', '503'), ('be_peer', '503'),
    ('measure_line', '503'),
    ('whep', '503'), ('whip', '409'), ('whip', '503'),
}


def test_the_description_is_valid(network):
    doc = openapi.Description(network.node('n').call('GET', '/openapi.json').body).doc
    assert re.fullmatch(r'3\.1\.\d+', doc['openapi'])
    resolver = jsonschema.RefResolver('', doc)

    def walk(said, where):
        if isinstance(said, list):
            for index, one in enumerate(said):
                walk(one, f'{where}/{index}')
        if not isinstance(said, dict):
            return
        if '$ref' in said:
            resolver.resolve(said['$ref'])  # raises if the target is missing
        if said.get('type') == 'object' and 'properties' in said:
            assert 'additionalProperties' in said, f'{where}: does not say whether other fields are allowed'
        for key, one in said.items():
            if key == 'schema':
                jsonschema.Draft202012Validator.check_schema(one)
            walk(one, f'{where}/{key}')
    walk(doc, '#')
    for schema in doc['components']['schemas'].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for path, item in doc['paths'].items():
        of_path = [resolver.resolve(p['$ref'])[1]['name'] for p in item.get('parameters', [])]
        assert sorted(of_path) == sorted(re.findall(r'\{(\w+)\}', path)), path
    node = doc['components']['schemas']['Node']
    good = {'uuid': 'a', 'port': 1, 'supernode': False, 'version': ''}
    check = openapi.Description(json.dumps(doc)).faults
    assert not check(good, node)
    for bad in ({'port': 'x'}, {'uuid': 'a b'}, {'port': 70000}, {'colour': 'red'}, {'rtt_ms': -1}):
        assert check({**good, **bad}, node), bad


class Exercise:
    """Calls operations of nodes, checks the answers against the description, and records the statuses that it saw."""

    def __init__(self, description):
        self.description, self.seen = description, set()

    def __call__(self, node, status, operation, body=None, headers=None, query='', **params):
        method, path, _ = self.description.operations[operation]
        answer = node.call(method, path.format(**params) + query, body, headers)
        assert answer.status == status, (operation, params, answer.status, answer.body[:300])
        self.take(operation, answer)
        return answer

    def take(self, operation, answer):
        self.description.check(operation, answer)
        self.seen.add((operation, str(answer.status)))


@pytest.fixture
def nodes(network):
    """P publishes `talk` and has no upstream for a child. Q publishes `free` and has upstream. V knows both streams."""
    p = network.node('p', upstream_limit=1)
    q = network.node('q', bootstrap=[p])
    v = network.node('v', bootstrap=[p, q])
    media.publish_test_picture(network, p, 'talk')
    media.publish_test_picture(network, q, 'free')
    for slug in ('talk', 'free'):
        astral.wait_until(lambda: (v.stream(slug) or {}).get('streaming'), f'V to know that {slug} is live')
    return p, q, v


def test_every_operation_answers_as_described(nodes):
    p, q, v = nodes
    do = Exercise(openapi.Description(v.call('GET', '/openapi.json').body))
    events = raw_websocket.WebSocket(v.port, '/events')

    for operation, (method, path, _) in do.description.operations.items():
        params = {'slug': 'talk', 'uuid': 'p', 'file': 'x', 'session': '0', 'id': '0', 'guest': '0'}
        do(v, 403, operation, headers={'Host': 'evil.example'}, **params)
        if do.description.is_for_the_owner(operation):
            do(v, 403, operation, headers={'Origin': 'http://evil.example'}, **params)

    for operation in ('list_nodes', 'get_self', 'list_streams', 'list_tickets', 'get_settings', 'get_health',
                      'get_description', 'get_page', 'get_log', 'get_pipelines', 'examine', 'ping', 'take_ping'):
        do(v, 200, operation)
    assert len(do(v, 200, 'ping', query='?bytes=1000').body) == 1000
    do(v, 400, 'ping', query='?bytes=x')
    assert do(v, 200, 'get_slug', query='?name=My%20Talk').json['slug'] == 'my-talk'
    do(v, 400, 'get_slug', query='?name=%20')
    do(v, 413, 'get_slug', query='?name=' + 'x' * 201)
    stun = {'id': '2112a442' + '0' * 24, 'port': 9}
    do(v, 200, 'send_stun_response', stun)
    do(v, 400, 'send_stun_response', stun | {'id': '0' * 32})
    do(v, 413, 'take_ping', b'x' * (256 * 1024 + 1))
    do(v, 200, 'get_page_file', file='main.js')
    do(v, 404, 'get_page_file', file='nope')
    do(v, 200, 'get_embedded_player', slug='talk')
    do(v, 404, 'get_embedded_player', slug='No-Slug')
    assert do(v, 302, 'publish_page', slug='talk').headers['Location'].startswith('/')

    key = do(q, 200, 'get_stream_key', slug='free').json['key']
    assert key['fingerprint'] == q.stream('free')['fingerprint'] == v.stream('free')['fingerprint']
    do(v, 404, 'get_stream_key', slug='free')
    do(v, 200, 'put_stream_key', {'pem': key['pem']}, slug='moved')
    do(v, 400, 'put_stream_key', {'pem': 'rubbish'}, slug='free')
    do(v, 404, 'put_stream_key', {'pem': key['pem']}, slug='No-Slug')
    do(q, 409, 'put_stream_key', {'pem': do(p, 200, 'get_stream_key', slug='talk').json['key']['pem']}, slug='free')
    do(v, 413, 'put_stream_key', LARGE, JSON, slug='free')
    do(v, 415, 'put_stream_key', b'x', TEXT, slug='free')

    private = do(q, 201, 'create_stream', {'name': 'Secret talk', 'private': True}).json['stream']
    assert private['private'] and private['name'] == 'Secret talk' and private['slug'].startswith('private-')
    mine = {'slug': private['slug']}
    invitation = do(q, 201, 'invite', {'for': 'V'}, **mine).json['invitation']
    do(q, 400, 'invite', {'expires_seconds': 0}, **mine)
    do(q, 404, 'invite', {}, slug='free')
    do(q, 413, 'invite', LARGE, JSON, **mine)
    do(q, 415, 'invite', b'x', TEXT, **mine)
    assert do(v, 200, 'accept_invitation', {'invitation': invitation['invitation']}).json == mine
    do(v, 400, 'accept_invitation', {'invitation': 'rubbish'})
    do(q, 409, 'accept_invitation', {'invitation': invitation['invitation']})
    do(v, 413, 'accept_invitation', LARGE, JSON)
    do(v, 415, 'accept_invitation', b'x', TEXT)
    assert do(q, 200, 'list_invitations', **mine).json['name'] == 'Secret talk'
    do(q, 404, 'list_invitations', slug='free')
    assert do(q, 200, 'revoke_invitation', guest='V', **mine).json['invitations'][0]['revoked']
    do(q, 404, 'revoke_invitation', guest='W', **mine)

    code = do(v, 201, 'start_pairing').json['pairing']['code']
    device = do(v, 201, 'pair_device', {'code': code}).json['device']
    assert do(v, 200, 'list_devices').json == {'devices': [device], 'pairing_ms': 0}
    do(v, 200, 'remove_device', id=device['id'])
    do(v, 404, 'remove_device', id=device['id'])
    do(v, 200, 'stop_pairing')

    nodes_body = {'uuid': 'fake', 'port': 9, 'ip_address': '192.0.2.77'}
    assert do(v, 201, 'register_node', nodes_body).headers['Location'] == '/node/fake'
    do(v, 200, 'register_node', nodes_body)
    do(v, 200, 'get_node', uuid='fake')
    do(v, 404, 'get_node', uuid='nobody')
    do(v, 200, 'forget_node', uuid='fake')
    do(v, 404, 'forget_node', uuid='nobody')
    do(v, 409, 'forget_node', uuid='v')
    twins = {f'twin-{number}': number for number in (10, 11)}
    for uuid, port in twins.items():
        do(v, 201, 'register_node', {**nodes_body, 'uuid': uuid, 'port': port, 'label': 'twin'})
    for operation in ('get_node', 'forget_node', 'get_ticket_of', 'give_up_ticket_of'):
        do(v, 409, operation, slug='free', uuid='twin')
    do(v, 409, 'confirm_ticket_of', {'confirmed': True}, slug='free', uuid='twin')
    do(v, 409, 'ask_ticket', {'destination_uuid': 'twin'}, slug='free')
    for uuid in twins:
        do(v, 200, 'forget_node', uuid=uuid)

    assert do(v, 201, 'create_stream', {'name': 'My Talk!'}).headers['Location'] == '/stream/my-talk'
    do(v, 200, 'create_stream', {'name': 'My Talk!'})
    form = do(v, 303, 'create_stream', 'name=By+form', FORM)
    assert form.headers['Location'] == '/stream/by-form/publish'
    do(v, 409, 'create_stream', {'name': 'talk'})
    do(v, 200, 'get_stream', slug='my-talk')
    do(v, 404, 'get_stream', slug='nope')
    for streaming in (False, True):
        do(v, 200, 'pause_or_resume', {'streaming': streaming}, slug='my-talk')
    do(v, 404, 'pause_or_resume', {'streaming': True}, slug='nope')
    do(v, 403, 'pause_or_resume', {'streaming': False}, slug='talk')  # the stream is P's
    do(v, 200, 'list_stream_tickets', slug='my-talk')
    do(v, 404, 'list_stream_tickets', slug='nope')
    do(v, 200, 'end_stream', slug='my-talk')
    do(v, 404, 'end_stream', slug='my-talk')
    do(v, 403, 'end_stream', slug='talk')

    assert do(v, 303, 'ask_ticket', {}, slug='free').headers['Location'] == '/stream/free/ticket'
    do(v, 404, 'ask_ticket', {}, slug='nope')
    do(v, 412, 'ask_ticket', {}, slug='talk')
    do(v, 412, 'get_playlist', slug='talk')
    do(v, 404, 'get_playlist', slug='nope')
    astral.wait_until(lambda: q.call('GET', '/stream/free/ticket/v').status == 200, 'Q to list its ticket for V')
    astral.wait_until(lambda: v.call('GET', '/stream/free' + PLAYLIST).status == 200, 'the first segments', 40)
    playlist = do(v, 200, 'get_playlist', slug='free').body.decode()
    do(v, 200, 'get_segment', slug='free', file=re.findall(r'^[^#\s].*$', playlist, re.M)[-1])
    do(v, 404, 'get_segment', slug='free', file='nope.ts')
    do(v, 400, 'get_playlist', query='?_HLS_part=1', slug='free')
    live = {operation: path for operation, (_, path, _) in do.description.operations.items() if '/live.' in path}
    assert len(live) >= 2
    elsewhere = ELSEWHERE | {(operation, status) for operation in live for status in ('415', '503')}
    for operation, path in live.items():
        do(v, 412, operation, slug='talk')
        do(v, 404, operation, slug='nope')
        do.take(operation, v.call('HEAD', path.format(slug='free')))  # not GET, whose body does not end
    do(v, 200, 'get_thumbnail', slug='free')
    do(v, 404, 'get_thumbnail', slug='talk')
    watched = do(v, 201, 'whep', OFFER.replace('DIRECTION', 'recvonly'), SDP, slug='free').headers['Location']
    published = do(v, 201, 'whip', OFFER.replace('DIRECTION', 'sendonly'), SDP, slug='rtc').headers['Location']
    for operation, place in (('end_whep', watched), ('end_whip', published)):
        _, _, slug, _, session = place.split('/')
        do(v, 200, operation, slug=slug, session=session)
        do(v, 404, operation, slug=slug, session=session)
    do(v, 404, 'whep', OFFER, SDP, slug='nope')
    do(v, 412, 'whep', OFFER, SDP, slug='talk')
    for node, suffix, whose in ((v, '', {}), (q, '_of', {'uuid': 'v'})):
        do(node, 200, 'get_ticket' + suffix, slug='free', **whose)
        do(node, 404, 'get_ticket' + suffix, slug='nope', **whose)
        do(node, 200, 'confirm_ticket' + suffix, {'confirmed': True}, slug='free', **whose)
        do(node, 404, 'confirm_ticket' + suffix, {'confirmed': True}, slug='nope', **whose)
        do(node, 404, 'give_up_ticket' + suffix, slug='nope', **whose)
    do(q, 409, 'give_up_ticket', slug='free')  # Q publishes the stream itself
    do(q, 409, 'give_up_ticket_of', slug='free', uuid='q')
    do(q, 200, 'give_up_ticket_of', slug='free', uuid='v')
    astral.wait_until(lambda: v.call('POST', '/stream/free/tickets', {}).status == 303, 'V to get a new ticket')
    do(v, 200, 'give_up_ticket', slug='free')
    # P asks V to take a stream; V gets it from Q.
    seeded = do(p, 201, 'ask_ticket', {'destination_uuid': 'v'}, slug='free').json
    assert seeded == {'seeded': 'v', 'stream': 'free'}
    assert v.ticket('free')['source'] == 'q'

    for operation, (method, path, said) in do.description.operations.items():
        if '415' not in said['responses'] or (operation, '415') in elsewhere:
            continue
        taken = SDP if 'application/sdp' in said['requestBody']['content'] else JSON
        do(v, 400, operation, '{"', taken, slug='my-talk', uuid='v')
        do(v, 413, operation, LARGE, taken, slug='my-talk', uuid='v')
        do(v, 415, operation, 'x', TEXT, slug='my-talk', uuid='v')

    for query, status in (('', 400), (f'?id={"0" * 32}', 404)):
        refused = raw_websocket.WebSocket(v.port, f'/link{query}')
        assert refused.status == status
        refused.socket.close()
        do.seen.add(('open_link', str(status)))
    for operation in ('watch_events', 'be_peer', 'measure_line'):
        do(v, 400, operation)
        raw_websocket.WebSocket(v.port, do.description.operations[operation][1] + '?run=x').close()
        do.seen.add((operation, '101'))
    listeners = []
    while (listener := raw_websocket.WebSocket(v.port, '/events')).status == 101:
        listeners.append(listener)
    assert len(listeners) <= 16 and listener.status == 503
    do.seen.add(('watch_events', '503'))

    do(v, 201, 'create_stream', {'name': 'The last'})
    kinds = set()
    while True:
        event = events.receive_raw_json()
        assert not (faults := do.description.faults(event, do.description.schema('Event'))), (event, faults)
        kinds.add(event['type'])
        if event['data'].get('slug') == 'the-last':
            break
    assert kinds == {'node', 'stream', 'ticket'}
    do(v, 200, 'shut_down')
    assert v.wait() == 0

    named = {(operation, status) for operation in do.description.operations
             for status in do.description.responses(operation) if status != 'default'}
    assert named - do.seen == elsewhere

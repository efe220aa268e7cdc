# SPDX-License-Identifier: BSD-3-Clause
"""A running origin answers as its openapi.json says: each operation is called, each described status is provoked, and other methods
are refused."""
import re

import jsonschema
import pytest

import astral
import openapi

HTML = {'Accept': 'text/html,*/*;q=0.8'}
FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
NODE = {'uuid': 'n', 'port': 8000, 'supernode': True, 'primary_supernode_uuid': 's', 'rtt_ms': 1.5, 'upstream_kbps': 5,
        'downstream_kbps': 6, 'children': 1, 'capacity': 2, 'version': '0.1.0'}
STREAM = {'name': 'My Talk!', 'source': 'n', 'description': 'd', 'streaming': True, 'bitrate_kbps': 9, 'viewers': 3,
          'media': 'video/mpegts', 'updated': 1700000000000}
STUN = {'id': '2112a442' + '0' * 24, 'port': 9}
TOKEN = 'the-administrators-token'
ADMIN = {'Authorization': f'Bearer {TOKEN}'}
BAN = {'who': '192.0.2.0/24', 'reason': 'spam'}
LARGE = b'{' + b' ' * 70000

# (method, path, body, headers, expected status). The order matters.
CALLS = [
    ('GET', '/', None, HTML, 200), ('GET', '/?sort=size', None, HTML, 400),
    ('POST', '/nodes', NODE, {}, 201), ('POST', '/nodes', NODE, {}, 200), ('POST', '/nodes', {'uuid': 'plain', 'port': 1}, {}, 201),
    ('POST', '/nodes', {'port': 1}, {}, 400), ('POST', '/nodes', LARGE, {}, 413), ('POST', '/nodes', 'a=b', FORM, 415),
    ('GET', '/nodes', None, {}, 200), ('GET', '/nodes?limit=1', None, {}, 200), ('GET', '/nodes', None, HTML, 200),
    ('GET', '/nodes?limit=0', None, {}, 400),
    ('GET', '/node/n', None, {}, 200), ('GET', '/node/n', None, HTML, 200), ('GET', '/node/x', None, {}, 404),
    ('POST', '/streams', STREAM, {}, 201), ('POST', '/streams', STREAM, {}, 200), ('POST', '/streams', {'slug': 'b', 'source': 'm'}, {}, 201),
    ('POST', '/streams', {'name': 'My Talk!', 'source': 'm'}, {}, 409), ('POST', '/streams', {'name': 'c'}, {}, 400),
    ('POST', '/streams', LARGE, {}, 413), ('POST', '/streams', 'a=b', FORM, 415),
    ('GET', '/streams', None, {}, 200), ('GET', '/streams?sort=name&limit=1&offset=1', None, {}, 200), ('GET', '/streams', None, HTML, 200),
    ('GET', '/streams?limit=-1', None, {}, 400),
    ('GET', '/stream/my-talk', None, {}, 200), ('GET', '/stream/my-talk', None, HTML, 200), ('GET', '/stream/x', None, {}, 404),
    ('GET', '/stream/my-talk?node=0', None, HTML, 400),
    ('GET', '/stream/my-talk/publish', None, HTML, 200), ('GET', '/stream/x/publish', None, HTML, 404),
    ('GET', '/stream/my-talk/publish?node=x', None, HTML, 400),
    ('PUT', '/stream/my-talk', {'uuid': 'n', 'streaming': False, 'viewers': 4}, {}, 200), ('PUT', '/stream/my-talk?uuid=n', {}, {}, 200),
    ('PUT', '/stream/my-talk', {'uuid': 'm'}, {}, 403), ('PUT', '/stream/x', {'uuid': 'n'}, {}, 404),
    ('PUT', '/stream/my-talk', {'uuid': 'n', 'viewers': -1}, {}, 400), ('PUT', '/stream/my-talk?uuid=n', 'a=b', FORM, 415),
    ('PUT', '/stream/my-talk', LARGE, {}, 413),
    ('PUT', '/stream/my-talk', {'hidden': False}, ADMIN, 200), ('PUT', '/stream/my-talk', {}, ADMIN, 400),
    ('GET', '/moderation', None, ADMIN, 200), ('GET', '/moderation', None, {}, 403), ('GET', '/moderation', None, HTML, 200),
    ('POST', '/bans', BAN, ADMIN, 200), ('POST', '/bans', BAN, {}, 403), ('POST', '/bans', {'who': 'x'}, ADMIN, 400),
    ('POST', '/bans', 'a=b', FORM | ADMIN, 415), ('POST', '/bans', LARGE, ADMIN, 413),
    ('DELETE', '/bans?who=192.0.2.0/24', None, {}, 403), ('DELETE', '/bans?who=x', None, ADMIN, 400),
    ('DELETE', '/bans?who=192.0.2.0/24', None, ADMIN, 200), ('DELETE', '/bans?who=192.0.2.0/24', None, ADMIN, 404),
    ('GET', '/map', None, {}, 200),
    ('DELETE', '/stream/my-talk?uuid=m', None, {}, 403), ('DELETE', '/stream/my-talk', None, {}, 400),
    ('DELETE', '/stream/my-talk', 'a=b', FORM, 415),
    ('DELETE', '/stream/my-talk?uuid=n', None, {}, 200), ('DELETE', '/stream/my-talk?uuid=n', None, {}, 404),
    ('DELETE', '/node/n', None, {}, 200), ('DELETE', '/node/n', None, {}, 404),
    ('POST', '/stun', STUN, {}, 200), ('POST', '/stun', STUN | {'port': 0}, {}, 400), ('POST', '/stun', LARGE, {}, 413),
    ('POST', '/stun', 'x', {'Content-Type': 'text/plain'}, 415),
    ('GET', '/ping', None, {}, 200), ('POST', '/ping', b'x' * 1000, {}, 200), ('POST', '/ping', b'x' * 300000, {}, 413),
    ('GET', '/upload', None, HTML, 200), ('GET', '/upload?node=70000', None, HTML, 400), ('GET', '/download', None, HTML, 200),
    ('GET', '/about', None, HTML, 200), ('GET', '/visualization', None, HTML, 200), ('GET', '/openapi.json', None, {}, 200),
]
# One caller on one machine cannot provoke these: they need another address, a full origin or a disk that fails. Unit tests,
# test_origin_trust.py and test_origin_store.py do.
ELSEWHERE = {('sendStunResponse', '404'), ('report', '409'), ('report', '500'), ('report', '503'), ('publish', '403'), ('publish', '500'), ('publish', '503'),
             ('report', '403'), ('forgetNode', '403'), ('ban', '500'), ('ban', '503'), ('unban', '500'),
             ('changeStream', '500'), ('endStream', '500'), ('forgetNode', '202'), ('forgetNode', '500')}


@pytest.fixture
def description():
    return openapi.Description((astral.TOP / 'daemon' / 'origin' / 'openapi.json').read_text())


def operation_of(description, method, path):
    """The operationId of a call."""
    for name, (its_method, its_path, _) in description.operations.items():
        if its_method == method and re.fullmatch(re.sub(r'\{\w+\}', '[^/]+', its_path), path.split('?')[0]):
            return name
    raise AssertionError(f'{method} {path} is not in openapi.json')


def test_every_operation_answers_as_described(network, description):
    (network.folder / 'token').write_text(TOKEN)
    origin = network.origin('--admin-token', network.folder / 'token')
    seen = set()
    for method, path, body, headers, status in CALLS:
        if isinstance(body, bytes):
            headers = {'Content-Type': 'application/json', **headers}
        answer = origin.call(method, path, body, headers)
        assert answer.status == status, f'{method} {path}: {answer.body[:300]!r}'
        name = operation_of(description, method, path)
        description.check(name, answer)
        if isinstance(body, dict) and status < 300:
            schema = description.operations[name][2]['requestBody']['content']['application/json']['schema']
            assert description.faults(body, schema) == []
        seen.add((name, str(status)))
    described = {(name, status) for name in description.operations for status in description.responses(name)}
    assert described - seen == ELSEWHERE


def test_methods_that_are_not_described_are_refused(network, description):
    origin = network.origin()
    for path, item in description.doc['paths'].items():
        answer = origin.call('PATCH', re.sub(r'\{\w+\}', 'x', path))
        assert answer.status == 405, path
        assert set(answer.headers['Allow'].split(', ')) - {'HEAD'} == {m.upper() for m in item if m in openapi.METHODS}, path


def test_the_origin_serves_its_own_description(network, description):
    assert network.origin().get('/openapi.json') == description.doc


def test_the_schemas_are_valid_and_reject_wrong_values(description):
    for schema in description.doc['components']['schemas'].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for name, wrong in {'Node': {'uuid': 'n'}, 'Nodes': {'nodes': [{}]}, 'Streams': {}, 'ReportAnswer': {'node': {}},
                        'Map': {'nodes': [], 'streams': [], 'known_nodes': 0, 'known_streams': 0, 'more': 1}, 'Error': {'error': 'text'}}.items():
        assert description.faults(wrong, description.schema(name)), name

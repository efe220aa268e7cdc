# SPDX-License-Identifier: BSD-3-Clause
"""100,000 bad requests to a node while a viewer watches: each is answered with an error, and none changes the node's state.
ASTRAL_E2E_SEED makes other requests, ASTRAL_E2E_REQUESTS sets their number, ASTRAL_E2E_REQUEST sends one of them by its number."""
import json
import os
import re
import socket

import pytest

import astral
import media
import openapi
import rubbish

SEED = int(os.environ.get('ASTRAL_E2E_SEED', '20111'))
REQUESTS = int(os.environ.get('ASTRAL_E2E_REQUESTS', '100000'))
ONLY = os.environ.get('ASTRAL_E2E_REQUEST')
AT_ONCE = 48
# Fields that change by themselves.
MOVING = {'audience', 'viewers', 'bytes_received', 'bytes_sent', 'kept_streams', 'rtt_ms', 'refreshed', 'expires', 'updated', 'bitrate_kbps', 'media', 'time_ms'}
GROWTH_KB = 16 * 1024
TLS_ALERT = b'\x15\x03'


def steady(value):
    if isinstance(value, list):
        return [steady(one) for one in value]
    if isinstance(value, dict):
        return {key: steady(one) for key, one in value.items() if key not in MOVING}
    return value


def state(node):
    return {path: steady(node.get(path)) for path in ('/nodes', '/streams', '/tickets', '/settings')}


def fault(request, answer):
    """What is wrong with an answer, or None."""
    while answer.startswith(b'HTTP/1.1 100 '):
        answer = answer.partition(b'\r\n\r\n')[2]
    if request.data.startswith(b'\x16') and answer.startswith(TLS_ALERT):
        return None
    if not answer.startswith((b'HTTP/1.1 ', b'HTTP/1.0 ')):
        return 'no answer'
    head, _, body = answer.partition(b'\r\n\r\n')
    if length := re.search(rb'^Content-Length: (\d+)', head, re.M):
        body = body[:int(length[1])]  # rubbish may be two requests, which have two answers
    status = int(head[9:12])
    if status in (200, 204, 302):
        return None if request.harmless else 'the node accepted it'
    if not (400 <= status < 500 or status == 503):
        return 'the status is neither 4xx nor 503'
    if request.head_only and not body:
        return None
    try:
        error = json.loads(body)['error']
        good = isinstance(error['code'], str) and error['message'] and isinstance(error['message'], str)
    except (ValueError, KeyError, TypeError):
        good = False
    return None if good else 'no {"error":{"code","message"}}'


def talk(port, requests):
    """Sends each request on its own connection, all at once. Returns their answers."""
    clients = []
    for index, request in enumerate(requests):
        client = socket.socket()
        client.settimeout(30 * astral.PATIENCE)
        client.bind((f'127.0.0.{2 + index}', 0))  # one address has too few ports for so many connections
        client.connect(('127.0.0.1', port))
        try:
            client.sendall(request.data)
            client.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError, OSError):
            pass  # the node answered and closed before it had read all
        clients.append(client)
    return [listen(client) for client in clients]


def listen(client):
    answer = b''
    with client:
        try:
            while more := client.recv(65536):
                answer += more
        except ConnectionResetError:
            pass
    return answer


@pytest.fixture
def watched(network):
    node = network.node('n')
    publisher, _ = media.publish_test_picture(network, node, 'talk')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be live')
    viewer, received = media.view(network, node, 'talk')
    media.grows(received, 5000)
    assert node.call('POST', '/streams', {'name': 'quiet'}).status == 201
    astral.wait_until(lambda: node.call('GET', '/stream/talk/hls/index.m3u8').status == 200, 'the first segments', 40)
    # Loads the decoder's libraries before memory is measured.
    astral.wait_until(lambda: node.call('GET', '/stream/talk/thumbnail.jpg').status == 200, 'a thumbnail', 40)
    yield node
    assert publisher.running() and viewer.running()
    media.grows(received, 20_000)


def test_bad_requests_get_errors_and_change_nothing(watched):
    description = openapi.Description(watched.call('GET', '/openapi.json').body)
    made = rubbish.Rubbish(description, watched.port, ('talk',), SEED)
    numbers = [int(ONLY)] if ONLY else range(REQUESTS)
    before, files, memory = state(watched), watched.files(), None
    for begin in range(0, len(numbers), AT_ONCE):
        batch = {number: made.make(number) for number in numbers[begin:begin + AT_ONCE]}
        for (number, request), answer in zip(batch.items(), talk(watched.port, batch.values())):
            if wrong := fault(request, answer):
                raise astral.Failure(f'{wrong}: ASTRAL_E2E_SEED={SEED} ASTRAL_E2E_REQUEST={number}\n'
                                     f'{request.data[:600]!r}\n{answer[:600]!r}')
        if begin // AT_ONCE % 100 == 0:
            assert state(watched) == before, f'state changed: ASTRAL_E2E_SEED={SEED}, by a request before number {begin + AT_ONCE}'
            memory = memory or watched.memory_kb()
    assert state(watched) == before
    assert watched.memory_kb() - memory < GROWTH_KB
    astral.wait_until(lambda: watched.files() <= files, 'the connections to be closed')

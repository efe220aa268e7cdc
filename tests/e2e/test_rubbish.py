# SPDX-License-Identifier: BSD-3-Clause
"""100,000 bad requests to a node, while a viewer watches: each is answered, none changes or ends anything.
ASTRAL_E2E_SEED and ASTRAL_E2E_REQUESTS make other ones, or one: ASTRAL_E2E_REQUEST is a request's number."""
import json
import os
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
MOVING = {'bytes_received', 'bytes_sent', 'kept_streams', 'rtt_ms', 'refreshed', 'expires', 'updated', 'bitrate_kbps', 'media'}  # moves by itself
GROWTH_KB = 16 * 1024


def steady(value):
    if isinstance(value, list):
        return [steady(one) for one in value]
    if isinstance(value, dict):
        return {key: steady(one) for key, one in value.items() if key not in MOVING}
    return value


def state(node):
    return {path: steady(node.get(path)) for path in ('/nodes', '/streams', '/tickets', '/settings')}


def fault(request, answer):
    """What is wrong with an answer; None: nothing."""
    while answer.startswith(b'HTTP/1.1 100 '):
        answer = answer.partition(b'\r\n\r\n')[2]
    if not answer.startswith((b'HTTP/1.1 ', b'HTTP/1.0 ')):
        return 'no answer'
    head, _, body = answer.partition(b'\r\n\r\n')
    status = int(head[9:12])
    if status in (200, 302):
        return None if request.harmless else 'it was done'
    if not (400 <= status < 500 or status == 503):
        return 'no 4xx'
    if request.head_only and not body:
        return None
    try:
        error = json.loads(body)['error']
        good = isinstance(error['code'], str) and error['message'] and isinstance(error['message'], str)
    except (ValueError, KeyError, TypeError):
        good = False
    return None if good else 'no {"error":{"code","message"}}'


def talk(port, requests):
    """Sends each on a connection of its own, all at once; their answers."""
    clients = []
    for index, request in enumerate(requests):
        client = socket.socket()
        client.settimeout(30 * astral.PATIENCE)
        client.bind((f'127.0.0.{2 + index}', 0))  # so that this machine's ports suffice
        client.connect(('127.0.0.1', port))
        try:
            client.sendall(request.data)
            client.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError, OSError):
            pass  # it has its answer before it has said all
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
    assert node.call('GET', '/stream/talk/thumbnail.jpg').status == 200  # the decoder's libraries stay in memory
    yield node
    assert publisher.running() and viewer.running()
    media.grows(received, 20_000)


def test_rubbish_changes_nothing_and_ends_nothing(watched):
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
            assert state(watched) == before, f'changed by ASTRAL_E2E_SEED={SEED}, a request before {begin + AT_ONCE}'
            memory = memory or watched.memory_kb()
    assert state(watched) == before
    assert watched.memory_kb() - memory < GROWTH_KB
    astral.wait_until(lambda: watched.files() <= files, 'the connections to be closed')

# SPDX-License-Identifier: BSD-3-Clause
"""A node and an origin answer STUN at the number of their HTTP port, and send a response to who asks for it over HTTP."""
import os
import socket
import struct

import pytest

import astral
import media

COOKIE = bytes.fromhex('2112a442')
SECONDS = 10


def request(transaction):
    return struct.pack('>HH', 1, 0) + transaction


def ask(sock, port, transaction):
    """The answer to a STUN request, which is sent again until it comes: UDP may lose it."""
    answer = None

    def answered():
        nonlocal answer
        sock.sendto(request(transaction), ('127.0.0.1', port))
        try:
            answer = sock.recv(1000)
        except TimeoutError:
            return False
        return answer[4:20] == transaction
    astral.wait_until(answered, 'a STUN response')
    return answer


def mapped(sock, xored):
    port = sock.getsockname()[1]
    address = bytes([127, 0, 0, 1])
    if not xored:
        return struct.pack('>HHBBH', 0x0001, 8, 0, 1, port) + address
    return struct.pack('>HHBBH', 0x0020, 8, 0, 1, port ^ 0x2112) + bytes(a ^ b for a, b in zip(address, COOKIE))


def test_a_node_and_an_origin_tell_who_asks_its_address(network):
    origin = network.origin()
    node = network.node('n', origin)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(('127.0.0.1', 0))
        sock.settimeout(1)
        for port in (node.port, origin.port):
            assert ask(sock, port, COOKIE + os.urandom(12))[20:] == mapped(sock, xored=True)
            assert ask(sock, port, bytes(4) + os.urandom(12))[20:] == mapped(sock, xored=False)  # RFC 3489, as libnice asks


def test_a_response_goes_to_the_caller_that_asks_for_it_over_http(network):
    origin = network.origin()
    node = network.node('n', origin)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(('127.0.0.1', 0))
        sock.settimeout(SECONDS * astral.PATIENCE)
        for server in (node, origin):
            transaction = COOKIE + os.urandom(12)
            body = {'id': transaction.hex(), 'port': sock.getsockname()[1]}
            assert server.call('POST', '/stun', body).status == 200
            assert sock.recv(1000)[4:20] == transaction


@pytest.mark.parametrize('ports', (('0', '0'), ('0', 'no'), ('no', '0'), ('no', 'no')))
def test_a_stream_crosses_nodes_with_and_without_a_udp_port(network, ports):
    p = network.node('p', None, (), None, '--udp-port', ports[0])
    v = network.node('v', None, [p], None, '--udp-port', ports[1])
    body = {'id': COOKIE.hex() + '0' * 24, 'port': 9}
    assert [n.call('POST', '/stun', body).status for n in (p, v)] == [404 if port == 'no' else 200 for port in ports]
    media.publish_test_picture(network, p, 'talk')
    astral.wait_until(lambda: (v.stream('talk') or {}).get('streaming'), 'V to know the stream')
    _, received = media.view(network, v, 'talk')
    astral.wait_until(lambda: media.size(received) > 100_000, 'the picture at V')

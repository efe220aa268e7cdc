# SPDX-License-Identifier: BSD-3-Clause
"""A node at home has its router forward its ports, by NAT-PMP or by UPnP, and is reachable then: where no direct path was, there is one.
The router's side is miniupnpd."""
import contextlib
import os
import socket

import pytest

import astral
import homes
import pairs
import port_mapping
from homes import PORT_RESTRICTED, SYMMETRIC
from port_mapping import NAT_PMP, PROTOCOLS, UPNP

PORT = 8000  # of every node, in UDP and TCP
COUNT, SECONDS = 100_000, 20
REQUEST = bytes.fromhex('000100002112a442')  # STUN, without the rest of the transaction's id


@pytest.fixture(scope='module')
def internet_of_pairs(shared_internet):
    with contextlib.closing(shared_internet.part()) as part:
        yield pairs.Internet(part)


@pytest.fixture
def network(internet_of_pairs):
    with contextlib.closing(internet_of_pairs.network.part()) as made:
        yield made


def home(network, kind, protocol, **how):
    made = homes.Home(network, kind, **how)
    made.service = port_mapping.Service(network, made.router, protocol)
    return made


def answers_http(stranger, address):
    try:
        return stranger.http('GET', f'http://{address}:{PORT}/health', None, None, 2).status == 200
    except OSError:
        return False


def answers_stun(stranger, address, port=PORT):
    """Whether a datagram of somebody who was never sent to comes through."""
    with stranger.namespace.do(socket.socket, socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.3)
        transaction = REQUEST[4:] + os.urandom(12)
        sock.sendto(REQUEST[:4] + transaction, (address, port))
        try:
            return sock.recv(1000)[4:20] == transaction
        except OSError:
            return False


def doctor(machine, node):
    return machine.run(astral.program('astralctl'), '--node', node.url, 'doctor')


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_the_router_forwards_until_the_node_ends(internet_of_pairs, network, protocol):
    made = home(network, PORT_RESTRICTED, protocol)
    stranger = network.machine()
    node = made.host.node(f'n-{protocol.lower()}', internet_of_pairs.origin)
    astral.wait_until(lambda: answers_stun(stranger, made.address), 'the UDP port to be forwarded', SECONDS)
    astral.wait_until(lambda: answers_http(stranger, made.address), 'the HTTP port to be forwarded', SECONDS)
    node.wait_for_output(rf'the router 192\.168\.1\.1 forwards UDP port {PORT} and TCP port {PORT} of {made.address} .*\({protocol}\)')
    node.wait_for_output(rf'UDP: others see {made.address}:{PORT}; strangers can reach it')
    assert 'Your router maps the ports by ' + protocol + ': nothing to do.' in doctor(made.host, node)
    assert node.end() == 0
    # Another program takes the port: who is connected to it was forwarded.
    listener = made.host.namespace.do(socket.create_server, (made.host.address, PORT))
    with contextlib.closing(listener):
        astral.wait_until(lambda: not connects(stranger, made.address), 'the router to forward no more', SECONDS)


def connects(stranger, address):
    with contextlib.closing(stranger.namespace.do(socket.socket)) as sock:
        sock.settimeout(0.5)
        return sock.connect_ex((address, PORT)) == 0


@pytest.mark.parametrize('kind, protocol', [(PORT_RESTRICTED, NAT_PMP), (PORT_RESTRICTED, UPNP), (SYMMETRIC, NAT_PMP)])
def test_a_viewer_behind_a_symmetric_nat_gets_the_picture_directly(internet_of_pairs, network, kind, protocol):
    made = home(network, kind, protocol)
    pair = pairs.Pair(internet_of_pairs, made.host, homes.Home(network, SYMMETRIC).host)
    pair.publisher.wait_for_output('strangers can reach it')
    pair.publish()
    pair.play(COUNT, SECONDS)
    assert pair.parent() == pair.publisher.label


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_of_two_nodes_at_one_router_the_second_gets_another_udp_port(internet_of_pairs, network, protocol):
    made = home(network, PORT_RESTRICTED, protocol, hosts=2)
    first = made.hosts[0].node(f'first-{protocol.lower()}', internet_of_pairs.origin)
    first.wait_for_output('strangers can reach it')
    pair = pairs.Pair(internet_of_pairs, made.hosts[1], homes.Home(network, SYMMETRIC).host)
    pair.publisher.wait_for_output(rf'others see {made.address}:(?!{PORT};)\d+; strangers can reach it')
    pair.publish()
    pair.play(COUNT, SECONDS)
    assert pair.parent() == pair.publisher.label


def test_a_node_that_must_not_ask_says_what_to_forward(internet_of_pairs, network):
    made = home(network, PORT_RESTRICTED, NAT_PMP)
    node = made.host.node('silent', internet_of_pairs.origin, (), None, '--port-mapping', 'no')
    node.wait_for_output('a NAT or a firewall is before it')
    advice = doctor(made.host, node)
    assert f'Forward UDP port {PORT} and TCP port {PORT} to this machine ({made.host.address}) on your router, or start astralnode ' \
        'with --port-mapping yes.' in advice
    assert not answers_stun(network.machine(), made.address)


@pytest.mark.parametrize('speed, said', [('fast', 'UPnP: no answer'), ('slow', 'no usable answer')])
def test_a_router_that_sends_without_end_is_given_up(internet_of_pairs, network, speed, said):
    """Fast, it meets the bound on memory, and slow, the bound on time."""
    made = homes.Home(network, PORT_RESTRICTED)
    port_mapping.RudeService(network, made.router, speed)
    node = made.host.node(f'patient-{speed}', internet_of_pairs.origin)
    node.wait_for_output(rf'the router 192\.168\.1\.1 forwards nothing: .*{said}', 60)
    assert node.get('/health')['status'] == 'ok'

# SPDX-License-Identifier: BSD-3-Clause
"""The homes of the lab are what they are said to be: each kind of NAT maps and filters as RFC 4787 says, without a node of ours."""
import contextlib
import itertools
import socket
import struct

import pytest

import astral
import homes
import nat_probe
import pairs
import stun
from nat_probe import ADDRESS, ADDRESS_AND_PORT, INDEPENDENT, arrivals, source, udp

NATS = {homes.FULL_CONE: (INDEPENDENT, INDEPENDENT), homes.RESTRICTED: (INDEPENDENT, ADDRESS),
        homes.PORT_RESTRICTED: (INDEPENDENT, ADDRESS_AND_PORT), homes.SYMMETRIC: (ADDRESS_AND_PORT, ADDRESS_AND_PORT)}


@pytest.fixture
def public(internet):
    return internet.machine()


@pytest.fixture
def other(internet):
    return internet.machine()


@pytest.fixture
def sockets():
    """Makes UDP sockets, and closes them after the test."""
    with contextlib.ExitStack() as closing:
        yield lambda *machine, **how: closing.enter_context(udp(*machine, **how))


def tcp_source(host, machine):
    """Calls a machine by TCP. Returns the address from which the machine sees the call come."""
    listener = machine.namespace.do(socket.create_server, (machine.address, 0))
    with listener, host.namespace.do(socket.create_connection, listener.getsockname(), nat_probe.PATIENCE):
        call, address = listener.accept()
        call.close()
        return address


@pytest.mark.parametrize('kind', NATS)
def test_a_nat_maps_and_filters_as_its_kind_says(internet, public, other, kind):
    home = homes.Home(internet, kind)
    assert nat_probe.nat(home.host, public, other) == NATS[kind]
    assert tcp_source(home.host, public)[0] == home.address


@pytest.mark.parametrize('kind', NATS)
def test_nobody_reaches_a_port_that_the_host_has_not_sent_from(internet, public, sockets, kind):
    home = homes.Home(internet, kind)
    silent, speaking = sockets(home.host), sockets(home.host)
    outside = sockets(public, address=public.address)
    mapped = source(speaking, outside)
    outside.sendto(b'unasked', (home.address, silent.getsockname()[1]))
    assert arrivals(speaking, mapped, [], friend=outside) == set()
    with pytest.raises(BlockingIOError):
        silent.setblocking(False)
        silent.recv(100)


def test_where_udp_is_blocked_tcp_gets_through(internet, public, sockets):
    home = homes.Home(internet, homes.UDP_BLOCKED)
    outside = sockets(public, address=public.address)
    sockets(home.host).sendto(b'hello', outside.getsockname())
    assert tcp_source(home.host, public)[0] == home.address  # it took the same way, after the packet
    with pytest.raises(BlockingIOError):
        outside.setblocking(False)
        outside.recv(100)


def test_two_port_restricted_homes_reach_each_other_when_both_have_sent(internet, public, sockets):
    """The first packet comes before the other side has sent: it is dropped, and the mapping stays."""
    meeting = sockets(public, address=public.address)
    pair = [homes.Home(internet, homes.PORT_RESTRICTED) for _ in range(2)]
    one, two = (sockets(home.host) for home in pair)
    to_one, to_two = source(one, meeting), source(two, meeting)
    one.sendto(b'early', to_two)
    astral.wait_until(lambda: 'lladdr' in pair[0].router.namespace.ip('neighbour', 'show', 'to', pair[1].address), 'the routers to meet')
    assert arrivals(two, to_two, [], friend=meeting) == set()
    two.sendto(b'first', to_one)
    assert one.recvfrom(100) == (b'first', to_two)
    one.sendto(b'second', to_two)
    assert two.recvfrom(100) == (b'second', to_one)


def punch(sockets, known):
    """One round of ICE: both send a check to each address that they know of the other. Who gets a check answers, and from then on knows
    where it came from. True if both have got an answer."""
    answered = [False, False]
    for socket_, addresses in zip(sockets, known):
        for address in addresses:
            socket_.sendto(b'check', address)
    for index in (0, 1, 0, 1):  # the second time for the answers
        sockets[index].settimeout(0.02)
        with contextlib.suppress(TimeoutError):
            while True:
                packet, address = sockets[index].recvfrom(100)
                if packet == b'check':
                    sockets[index].sendto(b'answer', address)
                    known[index].add(address)
                answered[index] |= packet == b'answer'
    return all(answered)


@pytest.mark.parametrize('one, two', itertools.product(pairs.UDP_PLACES, pairs.UDP_PLACES))
def test_a_direct_path_exists_between_the_pairs_that_are_said_to_have_one(internet, public, sockets, one, two):
    meeting = sockets(public, address=public.address)
    both = [sockets(machine, address=machine.address) for machine in (pairs.place(internet, one), pairs.place(internet, two))]
    known = [{source(socket_, meeting)} for socket_ in both][::-1]
    if (one, two) in pairs.DIRECT:
        astral.wait_until(lambda: punch(both, known), 'a direct path')
    else:
        assert not any(punch(both, known) for _ in range(5))


def test_two_homes_have_hosts_with_the_same_private_address(internet, public, sockets):
    pair = [homes.Home(internet, homes.PORT_RESTRICTED) for _ in range(2)]
    assert [home.host.address for home in pair] == ['192.168.1.2', '192.168.1.2']
    outside = sockets(public, address=public.address)
    inside = [sockets(home.host) for home in pair]
    seen = [source(socket_, outside) for socket_ in inside]
    assert [address for address, _ in seen] == [home.address for home in pair]
    for socket_, address in zip(inside, seen):
        outside.sendto(address[0].encode(), address)
        assert socket_.recv(100).decode() == address[0]


@pytest.mark.parametrize('kind', NATS)
def test_a_carriers_nat_is_seen_instead_of_the_homes_own(internet, public, other, kind):
    carrier = homes.carrier(internet, kind)
    pair = [homes.Home(internet, homes.FULL_CONE, behind=carrier) for _ in range(2)]
    assert [home.address for home in pair] == ['100.64.0.2', '100.64.0.3']
    for home in pair:
        assert nat_probe.nat(home.host, public, other) == NATS[kind]
        assert tcp_source(home.host, public)[0] == carrier.address


def test_everybody_reaches_a_forwarded_port(internet, public, sockets):
    home = homes.Home(internet, homes.PORT_RESTRICTED, forwarded=[8000])
    listening = sockets(home.host, port=8000)
    stranger = sockets(public, address=public.address)
    nat_probe.receive(listening, lambda: stranger.sendto(b'unasked', (home.address, 8000)), b'unasked')
    assert source(listening, stranger) == (home.address, 8000)
    listener = home.host.namespace.do(socket.create_server, (home.host.address, 8000))
    with listener, public.namespace.do(socket.create_connection, (home.address, 8000), nat_probe.PATIENCE) as call:
        there, address = listener.accept()
        there.close()
        assert address == call.getsockname()


@pytest.mark.parametrize('kind', NATS)
@pytest.mark.parametrize('hairpin', [True, False])
def test_a_host_reaches_its_neighbour_by_the_outside_address_only_with_hairpin(internet, public, sockets, kind, hairpin):
    home = homes.Home(internet, kind, hosts=2, hairpin=hairpin)
    outside = sockets(public, address=public.address)
    one, two = (sockets(host) for host in home.hosts)
    source(one, outside)
    to_two = source(two, outside)
    one.sendto(b'neighbour', to_two)
    one.sendto(b'inside', (home.hosts[1].address, two.getsockname()[1]))
    first, address = two.recvfrom(100)
    assert first == (b'neighbour' if hairpin else b'inside')
    assert address[0] == (home.address if hairpin else home.hosts[0].address)


def test_a_dual_home_is_reached_by_ipv6_only_where_it_has_sent(internet, public, other, sockets):
    home = homes.Home(internet, homes.PORT_RESTRICTED)
    address = home.make_dual(home.host)
    assert tcp_source(home.host, public)[0] == home.address
    host = sockets(home.host, family=socket.AF_INET6)
    friend, stranger = (sockets(machine, family=socket.AF_INET6, address=homes.make_dual(machine)) for machine in (public, other))
    source(sockets(home.host, family=socket.AF_INET6), stranger)  # from another port; the two have met
    mapped = source(host, friend)
    assert mapped[:2] == (address, host.getsockname()[1])
    assert arrivals(host, mapped, [stranger], friend) == set()


def test_an_ipv6_only_machine_has_ipv6_and_no_ipv4(internet, public, other, sockets):
    here, there = homes.make_dual(public), homes.make_dual(other)
    homes.make_ipv6_only(other, there)
    sender = sockets(public, family=socket.AF_INET6, address=here)
    assert source(sender, sockets(other, family=socket.AF_INET6, address=there))[0] == here
    with pytest.raises(OSError, match='Network is unreachable'):
        other.namespace.do(socket.create_connection, (public.address, 1), nat_probe.PATIENCE)


@pytest.mark.parametrize('transaction, kind, mask', [(stun.COOKIE + b'twelve bytes', stun.XOR_MAPPED_ADDRESS, stun.COOKIE),
                                                     (b'here sixteen are', stun.MAPPED_ADDRESS, bytes(4))], ids=['RFC 8489', 'RFC 3489'])
def test_the_stun_server_says_what_the_outside_address_is(internet, public, other, sockets, transaction, kind, mask):
    host = sockets(homes.Home(internet, homes.PORT_RESTRICTED).host)
    address, port = stun.serve(public).split(':')
    for bad in (b'', b'hello', stun.HEADER.pack(stun.SUCCESS, 0, transaction), stun.HEADER.pack(stun.REQUEST, 4, transaction)):
        host.sendto(bad, (address, int(port)))  # gets no answer
    host.sendto(stun.HEADER.pack(stun.REQUEST, 0, transaction), (address, int(port)))
    said = host.recv(1000)
    assert said[:24] == stun.HEADER.pack(stun.SUCCESS, 12, transaction) + struct.pack('!HH', kind, 8)
    family, *mapped = struct.unpack('!xB2s4s', said[24:])
    port, address = (bytes(a ^ b for a, b in zip(data, mask)) for data in mapped)
    assert family == 1
    assert (socket.inet_ntoa(address), *struct.unpack('!H', port)) == source(host, sockets(other, address=other.address))

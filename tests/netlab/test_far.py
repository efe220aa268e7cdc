# SPDX-License-Identifier: BSD-3-Clause
"""Machines with a round trip of 200 ms: a relay is killed, and its viewer loses no byte. Two more tests check the lab itself: its
cables have the delay and the rate that was asked for."""
import signal
import socket
import struct

import astral
import media
from diamond import Diamond

KILLS = 2
FAR = 0.05  # seconds of delay in each cable; a round trip takes four times that
TCP_INFO_RTT = 68  # offset of tcpi_rtt (microseconds) in struct tcp_info


def measured_rtt(listener, caller):
    """The round-trip time that the kernel measured in TCP's handshake, in seconds."""
    here = listener.namespace.do(socket.create_server, (listener.address, 0))
    call = caller.namespace.do(socket.create_connection, (listener.address, here.getsockname()[1]), 20)
    with here, call:
        info = call.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_RTT + 4)
        return struct.unpack_from('=I', info, TCP_INFO_RTT)[0] / 1e6


def test_a_cable_has_the_delay_that_was_asked_for(network):
    far, other, near = network.machine(delay=FAR), network.machine(delay=FAR), network.machine()
    measured_rtt(far, other)  # not counted: it includes ARP
    assert 4 * FAR <= measured_rtt(far, other) < 5 * FAR
    measured_rtt(near, far)
    assert 2 * FAR <= measured_rtt(near, far) < 3 * FAR


def test_a_cable_has_the_rate_that_was_asked_for(network):
    """A burst of one megabit over a cable of one megabit per second: the queue holds 0.2 s of it, and the rest is dropped."""
    thin, other = network.machine(rate=1_000_000), network.machine()
    for sender, receiver in ((thin, other), (other, thin)):
        to = receiver.namespace.do(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        to.bind((receiver.address, 0))
        sending = sender.namespace.do(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        sending.connect(to.getsockname())
        with to, sending:
            sending.send(b'')  # not counted: it waits for ARP
            to.recv(1)
            for _ in range(125):
                sending.send(bytes(958))
            to.settimeout(2)
            arrived = 0
            try:
                while to.recv(2000):
                    arrived += 1
            except TimeoutError:
                pass
        assert 20 <= arrived <= 60, arrived


def test_the_viewer_loses_no_byte_when_a_relay_far_away_is_killed(network):
    machines = {name: network.machine(delay=FAR) for name in ('s', 'r1', 'r2', 'v')}
    diamond = Diamond(machines.get)
    diamond.start()
    viewer, received = diamond.view()
    media.grows(received, 500_000)
    for _ in range(KILLS):
        parent = astral.wait_until(diamond.ready, 'the viewer to have a relay and another one', 90)
        diamond.relays[parent].kill()
        media.grows(received, 1_000_000)
        assert viewer.running(), viewer.output
        diamond.restart(parent)
    media.grows(received, 500_000)
    assert viewer.end(signal.SIGINT) == 0, viewer.output
    media.grows(diamond.published, 500_000)
    media.assert_exact(received, diamond.published, max_header=64 * 188)

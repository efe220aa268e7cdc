# SPDX-License-Identifier: BSD-3-Clause
"""Machines that are far from each other, 200 ms there and back: a relay is killed, and its viewer loses nothing. And that the
lab's cables are as long and as thin as they are said to be."""
import signal
import socket
import struct

import astral
import media
from diamond import Diamond

KILLS = 2
FAR = 0.05  # seconds of each cable: four of them are there and back
TCP_INFO_RTT = 68  # where struct tcp_info has it, in microseconds


def measured_rtt(listener, caller):
    """What the kernel took for the handshake."""
    here = listener.namespace.do(socket.create_server, (listener.address, 0))
    call = caller.namespace.do(socket.create_connection, (listener.address, here.getsockname()[1]), 20)
    with here, call:
        info = call.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_RTT + 4)
        return struct.unpack_from('=I', info, TCP_INFO_RTT)[0] / 1e6


def test_the_lab_is_as_far_as_it_says(network):
    far, other, near = network.machine(delay=FAR), network.machine(delay=FAR), network.machine()
    measured_rtt(far, other)  # ARP comes first
    assert 4 * FAR <= measured_rtt(far, other) < 5 * FAR
    measured_rtt(near, far)
    assert 2 * FAR <= measured_rtt(near, far) < 3 * FAR


def test_the_lab_is_as_thin_as_it_says(network):
    """A burst of a megabit, at a megabit per second: what the cable's box cannot keep for 0.2 s is lost."""
    thin, other = network.machine(rate=1_000_000), network.machine()
    for sender, receiver in ((thin, other), (other, thin)):
        to = receiver.namespace.do(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        to.bind((receiver.address, 0))
        sending = sender.namespace.do(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        sending.connect(to.getsockname())
        with to, sending:
            sending.send(b'')  # ARP comes first
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


def test_a_killed_relay_far_away_costs_the_viewer_nothing(network):
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

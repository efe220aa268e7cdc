# SPDX-License-Identifier: BSD-3-Clause
"""Finds out what kind of NAT is before a host, as RFC 5780 does: by sending to, and being sent to by, two public machines. All sockets
belong to this process, so nothing is asked for over the network and no answer has to be waited for."""
import contextlib
import os
import socket

import astral

INDEPENDENT, ADDRESS, ADDRESS_AND_PORT = 'endpoint-independent', 'address-dependent', 'address and port-dependent'
PORTS = 4  # at each public machine; two random mappings may be equal by chance, not all of them
PATIENCE = 10  # seconds for a packet that must come
AGAIN = 0.2  # seconds after which it is sent again


def udp(machine, family=socket.AF_INET, address='', port=0):
    """A UDP socket on a machine."""
    made = machine.namespace.do(socket.socket, family, socket.SOCK_DGRAM)
    made.settimeout(PATIENCE)
    made.bind((address, port))
    return made


def receive(receiver, send, wanted):
    """Calls `send` until a packet `wanted` comes: the first ones may be lost while a cable is new, or wait for ARP. Returns its source,
    and what came before it."""
    before = []
    receiver.settimeout(AGAIN)
    try:
        for _ in range(round(PATIENCE / AGAIN)):
            send()
            with contextlib.suppress(TimeoutError):
                while True:
                    packet, address, *_ = receiver.recvfrom(100)
                    if packet == wanted:
                        return address, before
                    before.append(packet)
    finally:
        receiver.settimeout(PATIENCE)
    raise astral.Failure(f'no packet came within {PATIENCE} s')


def source(sender, receiver):
    """Sends a packet. Returns the address from which the receiver sees it come: the mapping that the sender's NAT has made."""
    token = os.urandom(8)
    return receive(receiver, lambda: sender.sendto(token, receiver.getsockname()), token)[0]


def arrivals(receiver, to, strangers, friend):
    """Which of the sockets `strangers` can send to the address `to`, where `receiver` hears them. `friend`, which can, sends after them:
    packets do not overtake each other, so what has not come by then was dropped. All machines must have met, so that none waits for ARP."""
    tokens = {os.urandom(8): stranger for stranger in strangers}
    for token, stranger in tokens.items():
        stranger.sendto(token, to)
    come = []
    for _ in range(3):  # more than once, in case the kernel delivers what came to another core a little later
        end = os.urandom(8)
        come += receive(receiver, lambda: friend.sendto(end, to), end)[1]
    return {tokens[token] for token in come if token in tokens}


def nat(host, public, other):
    """The NAT before `host`: (mapping, filtering). `public` and `other` are machines at the switch."""
    with contextlib.ExitStack() as closing:
        ours, theirs = ([closing.enter_context(udp(machine, address=machine.address)) for _ in range(PORTS)] for machine in (public, other))
        sender, receiver = (closing.enter_context(udp(host)) for _ in range(2))
        mapped, elsewhere = ({source(sender, to) for to in sockets} for sockets in (ours, theirs))
        mapping = INDEPENDENT if len(mapped | elsewhere) == 1 else ADDRESS if len(mapped) == len(elsewhere) == 1 else ADDRESS_AND_PORT
        come = arrivals(receiver, source(receiver, ours[0]), [*ours[1:], *theirs], friend=ours[0])
        filtering = INDEPENDENT if come == {*ours[1:], *theirs} else ADDRESS if come == {*ours[1:]} else ADDRESS_AND_PORT if not come else come
        return mapping, filtering

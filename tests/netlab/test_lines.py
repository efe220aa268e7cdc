# SPDX-License-Identifier: BSD-3-Clause
"""The lines of the lab, from end to end: what is sent into a line comes out as was asked for. line_test.cpp tests the same rules exactly,
without devices and without a clock."""
import contextlib
import itertools
import struct

import pytest

import homes
import nat_probe
from nat_probe import udp
from wire import Way, bursts

COUNT = 4000
CLEAN = Way()
NUMBER = struct.Struct('=i')


@pytest.fixture
def sockets():
    with contextlib.ExitStack() as closing:
        yield lambda *machine, **how: closing.enter_context(udp(*machine, **how))


def carried(sockets, sender, receiver, count=COUNT, size=100, at_once=50):
    """Sends numbered packets. Returns the numbers in the order in which they arrived. After every `at_once` packets it sends a mark, again
    until one arrives, so the receiver's buffer is never full."""
    to, out = sockets(receiver, address=receiver.address), sockets(sender, address=sender.address)
    out.connect(to.getsockname())
    until_mark(out, to, -1)  # the first packets wait for ARP
    arrived = []
    for first in range(0, count, at_once):
        for number in range(first, first + at_once):
            out.send(NUMBER.pack(number).ljust(size, b'.'))
        arrived += until_mark(out, to, -2 - first)
    return [number for number in arrived if number >= 0]


def until_mark(out, to, mark):
    """The numbers that arrive before a packet with the number `mark`, which is sent every 20 ms."""
    come = []
    to.settimeout(0.02)
    for _ in range(50 * nat_probe.PATIENCE):
        out.send(NUMBER.pack(mark))
        with contextlib.suppress(TimeoutError):
            while (number := NUMBER.unpack_from(to.recv(2000))[0]) != mark:
                come.append(number)
            return come
    raise AssertionError('nothing arrives')


@pytest.mark.parametrize('up, down', [(Way(loss=0.1), CLEAN), (CLEAN, Way(loss=0.1))])
def test_each_direction_of_a_line_loses_its_own_share(network, sockets, up, down):
    far, near = network.machine(up=up, down=down), network.machine()
    for way, numbers in ((up, carried(sockets, far, near)), (down, carried(sockets, near, far))):
        lost = 1 - len(numbers) / COUNT
        assert abs(lost - way.loss) < 0.025, lost  # 5 standard deviations
        assert numbers == sorted(numbers)


def test_a_line_loses_packets_in_bursts(network, sockets):
    far, near = network.machine(up=Way(**bursts(share=0.05, length=10))), network.machine()
    numbers = carried(sockets, far, near, count=3 * COUNT, at_once=200)
    lost = 3 * COUNT - len(numbers)
    gaps = sum(b - a > 1 for a, b in zip(numbers, numbers[1:]))
    assert 0.02 < lost / (3 * COUNT) < 0.1
    assert lost / gaps > 4, (lost, gaps)  # each for itself: 1.05


def test_a_line_lets_packets_overtake_each_other_only_if_asked_to(network, sockets):
    far, near = network.machine(up=Way(delay=0.01, jitter=0.005), down=Way(reorder=0.05, held=0.5)), network.machine()
    numbers = carried(sockets, far, near, count=1000)
    assert numbers == list(range(1000))
    numbers = carried(sockets, near, far, count=1000)
    overtaken = 1000 - sum(number == newest for number, newest in zip(numbers, itertools.accumulate(numbers, max)))  # the last ones by the mark
    assert 20 < overtaken < 100, overtaken


def test_a_line_has_a_rate_of_its_own_in_each_direction_and_a_bounded_queue(network, sockets):
    """Bursts of 4 Mbit into 10 Mbit/s with a queue of 0.2 s, and into 2 Mbit/s with one of 0.1 s: what the queue holds arrives, and what the
    line carried while the burst was sent."""
    far, near = network.machine(up=Way(rate=2e6, queue=0.1), down=Way(rate=10e6, queue=0.2)), network.machine()
    size = 1222  # 10,000 bits with the headers of UDP and IP
    up, down = (carried(sockets, *way, count=400, size=size, at_once=400) for way in ((far, near), (near, far)))
    assert up == sorted(up) and down == sorted(down)
    assert 20 <= len(up) < 200, len(up)
    assert 200 <= len(down) < 400, len(down)


def test_the_hosts_of_a_home_share_a_line_that_is_outside_their_router(internet, sockets):
    home = homes.Home(internet, homes.PORT_RESTRICTED, hosts=2, up=Way(loss=0.1))
    public = internet.machine()
    assert carried(sockets, *home.hosts, count=1000) == list(range(1000))
    for host in home.hosts:
        lost = 1 - len(carried(sockets, host, public)) / COUNT
        assert abs(lost - 0.1) < 0.025, lost

# SPDX-License-Identifier: BSD-3-Clause
"""A line between two machines, with delay, loss and a rate in each direction. Some kernels have no netem, so a program of ours carries
the packets between two TAP devices: wire.cpp."""
import contextlib
import dataclasses
import fcntl
import os
import struct
import subprocess

import astral

TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI = 2, 0x1000
PROGRAM = astral.BUILD / 'tests' / 'netlab' / 'wire'


@dataclasses.dataclass(frozen=True)
class Way:
    """One direction of a line, as in line.hpp: seconds, bits per second, and shares from 0 to 1."""
    delay: float = 0
    jitter: float = 0  # up to this much more delay; packets stay in order
    reorder: float = 0  # share of packets that are held back, so that later ones overtake them
    held: float = 0  # for how long
    loss: float = 0
    burst_begin: float = 0  # after each packet: the probability that a burst of loss begins …
    burst_end: float = 1  # … or ends
    burst_loss: float = 1  # share of packets that are lost in a burst
    rate: float = 0  # 0: any
    queue: float = 0.2  # a packet that would wait longer for the rate is dropped
    seed: int = 1

    def text(self):
        return ','.join(f'{name}={value}' for name, value in dataclasses.asdict(self).items())


def bursts(share, length):
    """The fields of a Way that loses `share` of the packets, in bursts of `length` packets on average."""
    return {'burst_begin': share / (1 - share) / length, 'burst_end': 1 / length}


def tap(name):
    """Makes a TAP device in the network namespace of the calling thread. Closing the returned file removes the device."""
    file = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TAP | IFF_NO_PI))
    return file


@contextlib.contextmanager
def between(one, other, there, back):
    """Connects two TAP devices: `there` is the Way from `one` to `other`."""
    if not PROGRAM.exists():
        raise astral.Failure(f'{PROGRAM} is missing: ninja tests/netlab/wire')
    wire = subprocess.Popen([PROGRAM, str(one), str(other), there.text(), back.text()], pass_fds=(one, other), stdin=subprocess.DEVNULL)
    os.close(one)
    os.close(other)
    try:
        yield
    finally:
        wire.kill()
        wire.wait()

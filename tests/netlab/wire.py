# SPDX-License-Identifier: BSD-3-Clause
"""A long cable: a process that takes packets from one TAP device and writes them to the other after a delay, in order. Some kernels
have no netem, so this runs in user space. lab.py starts it: wire.py SECONDS FD FD"""
import collections
import contextlib
import fcntl
import os
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI = 2, 0x1000
MOST = 1 << 16  # bytes of a packet


def tap(name):
    """Makes a TAP device in the network namespace of the calling thread. Closing the returned file removes the device."""
    file = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TAP | IFF_NO_PI))
    return file


@contextlib.contextmanager
def between(one, other, seconds):
    wire = subprocess.Popen([sys.executable, __file__, str(seconds), str(one), str(other)], pass_fds=(one, other),
                            stdin=subprocess.DEVNULL)
    os.close(one)
    os.close(other)
    try:
        yield
    finally:
        wire.kill()
        wire.wait()


def read(file):
    """Yields the packets that can be read now."""
    with contextlib.suppress(BlockingIOError):
        while True:
            yield os.read(file, MOST)


def carry(seconds, one, other):
    across = {one: other, other: one}
    on_the_way = collections.deque()  # (time of arrival, file to write to, packet)
    while True:
        patience = max(0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
        for file in select.select([one, other], [], [], patience)[0]:
            due = time.monotonic() + seconds
            on_the_way.extend((due, across[file], packet) for packet in read(file))
        while on_the_way and on_the_way[0][0] <= time.monotonic():
            _, file, packet = on_the_way.popleft()
            with contextlib.suppress(OSError):  # a device that is down refuses packets
                os.write(file, packet)


if __name__ == '__main__':
    carry(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

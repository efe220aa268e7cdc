# SPDX-License-Identifier: BSD-3-Clause
"""Machines for tests. Each machine is a network namespace with its own address, connected to one switch, which is a bridge in
another namespace. The host's own network is not touched."""
import concurrent.futures
import contextlib
import copy
import ctypes
import itertools
import json
import os
import shutil
import subprocess
import unittest

import astral
import wire

PLUG = 'eth0'
NET = '10.77.0'
TAP_QUEUE = 5000  # packets that wait for wire.cpp while it has no CPU: 0.3 s at 200 Mbit/s
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_ip, _tc = (shutil.which(name, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin') for name in ('ip', 'tc'))
_numbers = itertools.count(1)


class Missing(unittest.SkipTest):
    """What this machine lacks for a test, which pytest then skips with this reason."""


def run(*words):
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise astral.Failure(f'{" ".join(map(str, words))}: {done.stderr.strip()}')
    return done.stdout


def ip(*words):
    return run(_ip, *words)


class Namespace:
    def __init__(self):
        self.name = f'astral-{os.getpid()}-{next(_numbers)}'
        ip('netns', 'add', self.name)
        self.prefix = (_ip, 'netns', 'exec', self.name)  # a command that runs the rest in this namespace
        self._inside = concurrent.futures.ThreadPoolExecutor(1, initializer=self._enter)

    def ip(self, *words):
        return ip('-n', self.name, *words)

    def slow_down(self, device, rate):
        """Limits the device to `rate` bits per second. Packets queue for up to 200 ms, like in a home router; then they are dropped."""
        run(_tc, '-n', self.name, 'qdisc', 'add', 'dev', device, 'root', 'tbf', 'rate', f'{int(rate)}bit', 'burst', '16kb',
            'latency', '200ms')

    def _enter(self):
        with open(f'/run/netns/{self.name}', 'rb') as file:
            if _libc.setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f'setns {self.name}')

    def do(self, work, *args):
        """Calls `work` in a thread that is in this namespace, so its sockets are too."""
        return self._inside.submit(work, *args).result()

    def remove(self):
        self._inside.shutdown()  # a thread that still ran would keep the namespace alive
        ip('netns', 'del', self.name)


class Machine(astral.Network):
    """The processes on one machine. Unlike in e2e/, nodes listen on all addresses and on a fixed port, as they do by default."""
    listen = '0.0.0.0'

    def __init__(self, folder, namespace, address, cable):
        super().__init__(folder)
        self.cable = cable  # cable(True) pulls the cable, cable(False) plugs it in again
        self.folder.mkdir()
        self.namespace, self.address = namespace, address
        self.prefix = namespace.prefix
        namespace.ip('address', 'add', f'{address}/24', 'dev', PLUG)
        for device in ('lo', PLUG):
            namespace.ip('link', 'set', device, 'up')

    def http(self, *call):
        return self.namespace.do(astral.http, *call)

    def origin(self, *options, **how):
        return super().origin('--listen', self.address, *options, **how)

    def node(self, *args, listen=None, port=8000, **how):
        return super().node(*args, listen=listen or self.listen, port=port, **how)

    def unplug(self, unplugged=True):
        """Pulls the cable at the switch's end: packets are lost without an error, and the machine's link stays up."""
        self.cable(unplugged)

    def readdress(self):
        """Replaces the machine's address. Sockets that use the old one get no notice and can send nothing more."""
        old, (net, number) = self.address, self.address.rsplit('.', 1)
        self.address = f'{net}.{int(number) % 100 + 100}'
        self.namespace.ip('address', 'del', f'{old}/24', 'dev', PLUG)
        self.namespace.ip('address', 'add', f'{self.address}/24', 'dev', PLUG)

    def arrived(self):
        """Bytes that the machine has received over its cable."""
        return json.loads(self.namespace.ip('-json', '-statistics', 'link', 'show', PLUG))[0]['stats64']['rx']['bytes']


class Lab:
    """The machines of one test. close() ends their processes and removes them."""

    def __init__(self, folder, net=NET):
        """`net`: the first three numbers of the machines' addresses."""
        if os.geteuid() != 0:
            raise Missing('network namespaces need root')
        if _ip is None or _tc is None:
            raise Missing('ip or tc is missing (Debian: iproute2)')
        self.folder, self.net = folder, net
        self._plugs, self._parts = itertools.count(1), itertools.count(1)
        self._above, self._machines = None, []
        self._ending = contextlib.ExitStack()
        try:
            self._switch = self.namespace()
            self._switch.ip('link', 'add', 'bridge', 'up', 'type', 'bridge')
        except astral.Failure as failure:
            self._ending.close()
            raise Missing(str(failure)) from failure

    def part(self):
        """A lab at the same switch. Its machines have a folder of their own, and its close() removes them and no others."""
        made = copy.copy(self)
        made.folder = self.folder / f'part-{next(self._parts)}'
        made.folder.mkdir()
        made._above, made._machines, made._ending = self, [], contextlib.ExitStack()
        return made

    def namespace(self):
        namespace = Namespace()
        self._ending.callback(namespace.remove)
        return namespace

    def plug(self, namespace, delay=0, rate=None, up=None, down=None):
        """Gives the namespace a device PLUG with a cable to the switch. Returns an address for it, and a function that pulls the cable
        (True) or plugs it in again (False). `up` and `down` are the two directions of a cable that is a line: wire.Way."""
        number = next(self._plugs)
        port = f'port{number}'
        if delay or up or down:
            same = wire.Way(delay=delay)
            self._line(namespace, port, up or same, down or same)
        else:
            namespace.ip('link', 'add', PLUG, 'type', 'veth', 'peer', 'name', port, 'netns', self._switch.name)
        self._switch.ip('link', 'set', port, 'master', 'bridge', 'up')
        if rate:
            namespace.slow_down(PLUG, rate)
            self._switch.slow_down(port, rate)

        def cable(pulled):
            self._switch.ip('link', 'set', port, *(['nomaster'] if pulled else ['master', 'bridge']))
        return f'{self.net}.{number}', cable

    def _line(self, namespace, port, up, down):
        try:
            ends = namespace.do(wire.tap, PLUG), self._switch.do(wire.tap, port)
        except OSError as error:
            raise Missing(f'no TAP device: {error}') from error
        self._ending.enter_context(wire.between(*ends, up, down))
        for end, name in ((namespace, PLUG), (self._switch, port)):
            end.ip('link', 'set', name, 'txqueuelen', TAP_QUEUE)

    def machine(self, **cable):
        """Adds a machine. `delay`: seconds that its cable delays packets, each way; a round trip between two such machines takes four
        times that. `rate`: bits per second that its cable carries, each way. `up`, `down`: wire.Ways, for a line that is not the same
        in both directions, or that loses packets."""
        namespace = self.namespace()
        return self.keep(namespace, *self.plug(namespace, **cable))

    def keep(self, namespace, address, cable):
        """Makes a machine of a namespace that has a device PLUG."""
        machine = Machine(self.folder / f'machine-{len(self._machines) + 1}', namespace, address, cable)
        self._machines.append(machine)
        self._ending.callback(machine.close)
        return machine

    def at_end(self, call):
        self._ending.callback(call)

    def logs(self):
        return (self._above.logs() if self._above else '') + ''.join(machine.logs() for machine in self._machines)

    def close(self):
        self._ending.close()

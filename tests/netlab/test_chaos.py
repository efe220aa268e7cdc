# SPDX-License-Identifier: BSD-3-Clause
"""Ten real nodes, and every two seconds one of them is killed, hangs, loses its cable or leaves, and comes back a little later.
The publisher's is one of them. The three whose machines are left alone are viewers, and have every byte. ASTRAL_NETLAB_CHAOS seconds of
it (the night run: 180)."""
import contextlib
import os
import random
import signal
import time

import astral
import media
from diamond import KBPS, FPS, STREAM_KBYTES

SECONDS = float(os.environ.get('ASTRAL_NETLAB_CHAOS', '20'))
SEED = int(os.environ.get('ASTRAL_E2E_SEED', '0')) or random.randrange(1, 1 << 30)
EVERY = 2
AWAY = (0.5, 4)  # seconds; stores keep ten
MOST_AWAY = 3    # at a time, so that a way is left
WAIT = 0.2       # for an answer
SLUG = 'talk'


class Victim:
    """A node that something happens to: `node` is the process of the moment."""

    def __init__(self, machine, name, start):
        self.machine, self.name, self.start = machine, name, start
        self.node, self.back, self.mend = start(), None, None

    def suffer(self, how, until):
        self.back = until
        if how == 'stopped':
            self.node.popen.send_signal(signal.SIGSTOP)
            self.mend = lambda: self.node.popen.send_signal(signal.SIGCONT)
        elif how == 'cut':
            self.machine.unplug()
            self.mend = lambda: self.machine.unplug(False)
        else:
            self.node.kill() if how == 'killed' else self.node.popen.terminate()
            self.mend = self.restart

    def restart(self):
        self.node.popen.wait(15)
        self.node = self.start()

    def recover(self):
        self.mend()
        self.back = None


class Chaos:
    def __init__(self, seed, victims, watch):
        self.random, self.victims, self.watch = random.Random(seed), victims, watch
        self.count = 0

    def step(self):
        now = time.monotonic()
        for victim in self.victims:
            if victim.back and now >= victim.back:
                victim.recover()
        for victim in self.victims:
            if not victim.back and victim.name != 's':
                self.watch(victim.node)
        well = [victim for victim in self.victims if not victim.back]
        if len(self.victims) - len(well) < MOST_AWAY:
            how = self.random.choice(['killed', 'stopped', 'cut', 'left'])
            victim = self.random.choice(well)
            print(f'{victim.name} {how}')
            victim.suffer(how, now + self.random.uniform(*AWAY))
            self.count += 1
        return now

    def end(self):
        for victim in self.victims:
            if victim.back:
                victim.recover()


def test_nobody_loses_a_byte(network):
    print(f'ASTRAL_E2E_SEED={SEED}')
    machines = {name: network.machine() for name in ['s', *(f'r{i}' for i in range(1, 7)), 'v1', 'v2', 'v3']}
    origin = machines['s'].origin()
    publishing = Victim(machines['s'], 's', lambda: machines['s'].node('s', origin, (), int(STREAM_KBYTES * 3.4)))
    source = publishing.node
    _, published = media.publish_noise(machines['s'], source, SLUG, FPS, KBPS)
    astral.wait_until(lambda: (source.stream(SLUG) or {}).get('streaming'), 'the stream to be live')

    def relay(name):
        return Victim(machines[name], name,
                      lambda: machines[name].node(name, origin, [source], int(STREAM_KBYTES * 5), '--supernode', 'yes'))

    def watch(node):
        """Without waiting for the answer: it may take a while in such times."""
        with contextlib.suppress(OSError):
            if node.call('GET', f'/stream/{SLUG}/ticket', timeout=WAIT).status != 200:
                node.call('POST', f'/stream/{SLUG}/tickets', {}, timeout=WAIT)

    relays = [relay(name) for name in machines if name.startswith('r')]
    viewers = [machines[name].node(name, origin, [source], 1) for name in machines if name.startswith('v')]
    for node in [*(relay.node for relay in relays), *viewers]:
        astral.wait_until(lambda node=node: node.stream(SLUG), f'{node.uuid} to know the stream')
        astral.wait_until(lambda node=node: node.call('POST', f'/stream/{SLUG}/tickets', {}, timeout=30).status in (302, 303),
                          f'{node.uuid} to get a ticket')
    screens = [media.view(machines[node.uuid], node, SLUG) for node in viewers]
    for _, received in screens:
        media.grows(received, 500_000)

    chaos = Chaos(SEED, [*relays, publishing], watch)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        began = chaos.step()
        astral.wait_until(lambda: time.monotonic() > began + EVERY, 'the next blow')
    chaos.end()
    print(f'{chaos.count} blows')
    for viewer, received in screens:
        media.grows(received, 1_000_000, 30)
        assert viewer.running(), viewer.output
    for viewer, received in screens:
        assert viewer.end(signal.SIGINT) == 0, viewer.output
    media.grows(published, 500_000)
    for _, received in screens:
        media.assert_exact(received, published, max_header=64 * 188)

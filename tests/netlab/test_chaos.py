# SPDX-License-Identifier: BSD-3-Clause
"""Ten real nodes: a source, six relays and three viewers. Every two seconds the source or a relay is killed, hangs, loses its cable
or leaves, and returns a little later. The viewers lose no byte. The chaos lasts ASTRAL_NETLAB_CHAOS seconds."""
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
FAILURE_EVERY = 2     # seconds from one failure to the next
AWAY = (0.5, 4)       # seconds that a node is away; relays store ten seconds of media
MAX_AWAY = 3          # nodes at a time, so that some path from the source is left
ANSWER_TIMEOUT = 0.2  # seconds
SLUG = 'talk'


class Victim:
    """A node that fails and returns. `node` is its current process, `back` the time of its return while it is away."""

    def __init__(self, machine, name, start):
        self.machine, self.name, self.start = machine, name, start
        self.node, self.back, self.repair = start(), None, None

    def fail(self, how, until):
        self.back = until
        if how == 'stopped':
            self.node.popen.send_signal(signal.SIGSTOP)
            self.repair = lambda: self.node.popen.send_signal(signal.SIGCONT)
        elif how == 'cut':
            self.machine.unplug()
            self.repair = lambda: self.machine.unplug(False)
        else:
            self.node.kill() if how == 'killed' else self.node.popen.terminate()
            self.repair = self.restart

    def restart(self):
        self.node.popen.wait(15)
        self.node = self.start()

    def recover(self):
        self.repair()
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
        if len(self.victims) - len(well) < MAX_AWAY:
            how = self.random.choice(['killed', 'stopped', 'cut', 'left'])
            victim = self.random.choice(well)
            print(f'{victim.name} {how}')
            victim.fail(how, now + self.random.uniform(*AWAY))
            self.count += 1
        return now

    def end(self):
        for victim in self.victims:
            if victim.back:
                victim.recover()


def test_viewers_lose_no_byte_while_source_and_relays_fail_and_return(network):
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
        """Asks for a ticket, without waiting for the answer: during the chaos it may take long."""
        with contextlib.suppress(OSError):
            if node.call('GET', f'/stream/{SLUG}/ticket', timeout=ANSWER_TIMEOUT).status != 200:
                node.call('POST', f'/stream/{SLUG}/tickets', {}, timeout=ANSWER_TIMEOUT)

    relays = [relay(name) for name in machines if name.startswith('r')]
    viewers = [machines[name].node(name, origin, [source], 1) for name in machines if name.startswith('v')]
    for node in [*(relay.node for relay in relays), *viewers]:
        astral.wait_until(lambda node=node: node.stream(SLUG), f'{node.label} to know the stream')
        astral.wait_until(lambda node=node: node.call('POST', f'/stream/{SLUG}/tickets', {}, timeout=30).status in (302, 303),
                          f'{node.label} to get a ticket')
    screens = [media.view(machines[node.label], node, SLUG) for node in viewers]
    for _, received in screens:
        media.grows(received, 500_000)

    chaos = Chaos(SEED, [*relays, publishing], watch)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        began = chaos.step()
        astral.wait_until(lambda: time.monotonic() > began + FAILURE_EVERY, 'the next failure')
    chaos.end()
    print(f'{chaos.count} failures')
    for viewer, received in screens:
        media.grows(received, 1_000_000, 30)
        assert viewer.running(), viewer.output
    for viewer, received in screens:
        assert viewer.end(signal.SIGINT) == 0, viewer.output
    media.grows(published, 500_000)
    for _, received in screens:
        media.assert_exact(received, published, max_header=64 * 188)

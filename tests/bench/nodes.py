# SPDX-License-Identifier: BSD-3-Clause
"""Astral's nodes in the benches: the diamond of tests/e2e, which publishes the benches' frames."""
import time

import astral
import diamond
from player import Player, publish


SETTLED = 5  # seconds that the viewer must keep its parent and standby before the next loss, so that the last one has no effect on it


class Diamond(diamond.Diamond):
    def publish(self, film=False):
        publish(self.place('s'), f'astralsink uri={self.s.uri(self.slug)}')
        astral.wait_until(lambda: (self.s.stream(self.slug) or {}).get('streaming'), 'the stream to be live')

    def watch(self, node):
        """Asks for a ticket until it gets one, as a person would when no node has upstream."""
        def asked():
            return node.call('POST', f'/stream/{self.slug}/tickets', {}, timeout=30).status in (302, 303)
        astral.wait_until(asked, f'{node.label} to get the stream')

    def player(self):
        return Player(self.place('v'), [f'astralsrc uri={self.v.uri(self.slug)}'])


class Astral:
    """A contender, like those of peers.py."""

    def __init__(self, place):
        self._diamond = Diamond(place)
        self._diamond.start()
        self.players = {'astralsrc': self._diamond.player()}
        self._links, self._since = None, 0

    def ready(self):
        links = self._diamond.parent_and_standby(self._diamond.v) if self._diamond.ready() else None
        if links != self._links:
            self._links, self._since = links, time.monotonic()
        return links[0] if links and time.monotonic() - self._since > SETTLED else None

    def lose(self, name, how):
        diamond.lose(self._diamond.relays[name], how)

    def restore(self, name):
        self._diamond.relays[name].kill()
        self._diamond.restart(name)

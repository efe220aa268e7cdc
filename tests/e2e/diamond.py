# SPDX-License-Identifier: BSD-3-Clause
"""A source, two relays, a viewer: each relay is the other's alternative. And the ways to lose one."""
import signal

import astral
import media

KBPS, FPS = 4000, 30
STREAM_KBYTES = (KBPS + 300) * 1.1 / 8  # with sound, tables and packets
RELAYS = ('r1', 'r2')


class Diamond:
    """The source has room for two, the viewer for none: so it gets the stream from one relay and the other stands by."""

    def __init__(self, place, slug='talk', meeting=False):
        """`place(name)`: the network that a node is to live in. With `meeting` the supernode is a fifth node, x, that carries
        nothing; else it is the source."""
        self.place, self.slug = place, slug
        self.origin = place('s').origin()
        self.x = place('x').node('x', self.origin, (), 1, '--supernode', 'yes') if meeting else None
        self.s = self._node('s', 2.4)
        self.relays = {name: self._relay(name) for name in RELAYS}
        self.v = self._node('v', 0)

    def _node(self, name, children):
        bootstrap = [self.x] if self.x else [self.s] if name != 's' else []
        options = ('--supernode', 'no') if self.x else ()
        return self.place(name).node(name, self.origin, bootstrap, max(1, int(STREAM_KBYTES * children)), *options)

    def _relay(self, name):
        return self._node(name, 5)

    def publish(self, film=True):
        if film and astral.VTEST.exists():
            _, self.published = media.publish_vtest(self.place('s'), self.s, self.slug, FPS, KBPS)
        else:
            _, self.published = media.publish_noise(self.place('s'), self.s, self.slug, FPS, KBPS)
        astral.wait_until(lambda: (self.s.stream(self.slug) or {}).get('streaming'), 'the stream to be live')

    def watch(self, node):
        astral.wait_until(lambda: node.stream(self.slug), f'{node.uuid} to know the stream')
        asked = node.call('POST', f'/stream/{self.slug}/tickets', {}, timeout=30)
        assert asked.status in (302, 303), asked.body

    def held(self, node):
        """The tickets by which a node gets the stream: (source of the active one, source of the one that stands by)."""
        source = {t['role']: t['source'] for t in node.tickets() if t['stream'] == self.slug and t['held'] and
                  t["state"] in ("confirmed", "standby")}
        return source.get('active'), source.get('standby')

    def ready(self):
        """Everybody is fed, the relays by the source, and the viewer has both of them: the parent's name. The source's free
        place, while a relay is away, is no place to stay: that is one more loss."""
        active, standby = self.held(self.v)
        if active == self.s.uuid and standby in self.relays:
            self._send_away(self.s, self.v)
        for relay in self.relays.values():
            source = self.held(relay)[0] if relay.running() else None
            if source in self.relays and active in self.relays:
                self._send_away(self.relays[source], relay)
            if source != self.s.uuid:
                return None
        return active if active in self.relays and standby in self.relays else None

    def _send_away(self, parent, child):
        assert parent.call('DELETE', f'/stream/{self.slug}/ticket/{child.uuid}').status in (200, 404)

    def start(self, film=True):
        """Everybody watches; returns once the viewer has two relays to get it from. A film comes in bursts, as ffmpeg's clock
        has it; else every picture comes in its moment."""
        self.publish(film)
        astral.wait_until(lambda: self.s.stream(self.slug)['bitrate_kbps'] > KBPS * 0.9, 'the stream to be measured')
        for node in [*self.relays.values(), self.v]:
            self.watch(node)
        astral.wait_until(self.ready, 'the viewer to have a relay and another one', 40)

    def view(self):
        return media.view(self.place('v'), self.v, self.slug)

    def restart(self, name):
        self.relays[name] = self._relay(name)
        self.watch(self.relays[name])

    def restart_origin(self):
        self.origin = self.place('s').origin('--port', self.origin.port)

    def restart_meeting(self):
        self.x = self.place('x').node('x', self.origin, (), 1, '--supernode', 'yes', port=self.x.port)


def lose(relay, how):
    """`killed`, `stopped` (it hangs: silence, no error) or `terminated` (it leaves properly)."""
    if how == 'killed':
        relay.kill()
    elif how == 'stopped':
        relay.popen.send_signal(signal.SIGSTOP)
    else:
        relay.end(signal.SIGTERM)

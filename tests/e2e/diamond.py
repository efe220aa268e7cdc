# SPDX-License-Identifier: BSD-3-Clause
"""A source, two relays and a viewer: either relay can feed the viewer. And three ways to lose a relay."""
import signal

import astral
import media

KBPS, FPS = 4000, 30
STREAM_KBYTES = (KBPS + 300) * 1.1 / 8  # KB/s, with audio, PSI tables and packet overhead
RELAYS = ('r1', 'r2')


class Diamond:
    """The source has upstream for two children, the viewer for none. So one relay feeds the viewer and the other is its standby."""

    def __init__(self, place, slug='talk', separate_supernode=False):
        """`place(name)` gives the astral.Network in which the node of that name runs. With `separate_supernode`, a fifth node x is the
        supernode, and carries no stream; otherwise the source is the supernode."""
        self.place, self.slug = place, slug
        self.origin = place('s').origin()
        self.x = place('x').node('x', self.origin, (), 1, '--supernode', 'yes') if separate_supernode else None
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
        if film and astral.FILM.exists():
            _, self.published = media.publish_film(self.place('s'), self.s, self.slug, FPS, KBPS)
        else:
            _, self.published = media.publish_noise(self.place('s'), self.s, self.slug, FPS, KBPS)
        astral.wait_until(lambda: (self.s.stream(self.slug) or {}).get('streaming'), 'the stream to be live')

    def watch(self, node):
        """Asks again, as a person does: for some seconds after the loss of the supernode, its old children are the origin's and its new
        ones do not find them."""
        astral.wait_until(lambda: node.stream(self.slug), f'{node.label} to know the stream')
        astral.wait_until(lambda: node.call('POST', f'/stream/{self.slug}/tickets', {}, timeout=30).status in (302, 303),
                          f'{node.label} to get a ticket', 60)

    def parent_and_standby(self, node):
        """Who feeds a node: (source of its active ticket, source of its standby ticket)."""
        source = {t['role']: t['source'] for t in node.tickets() if t['stream'] == self.slug and t['held'] and
                  t["state"] in ("confirmed", "standby")}
        return source.get('active'), source.get('standby')

    def ready(self):
        """The name of the viewer's parent, if the source feeds both relays, and the viewer has one of them as its parent and the other as
        its standby; else None. While a relay is away, the source may feed the viewer, or one relay the other. This deletes such a
        ticket, so that the child looks for another parent, which is one more loss for it."""
        active, standby = self.parent_and_standby(self.v)
        if active == self.s.label and standby in self.relays:
            self._send_away(self.s, self.v)
        for relay in self.relays.values():
            source = self.parent_and_standby(relay)[0] if relay.running() else None
            if source in self.relays and active in self.relays:
                self._send_away(self.relays[source], relay)
            if source != self.s.label:
                return None
        return active if active in self.relays and standby in self.relays else None

    def _send_away(self, parent, child):
        assert parent.call('DELETE', f'/stream/{self.slug}/ticket/{child.uuid}').status in (200, 404)

    def start(self, film=True):
        """Publishes and lets all nodes watch. Returns when the viewer has a parent and a standby. ffmpeg sends a film in bursts; with
        `film=False` every picture comes at its time."""
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

    def restart_supernode(self):
        self.x = self.place('x').node('x', self.origin, (), 1, '--supernode', 'yes', port=self.x.port)


def lose(relay, how):
    """`killed`, `stopped` (the process hangs: silence, no error) or `terminated` (the node says goodbye and exits)."""
    if how == 'killed':
        relay.kill()
    elif how == 'stopped':
        relay.popen.send_signal(signal.SIGSTOP)
    else:
        relay.end(signal.SIGTERM)

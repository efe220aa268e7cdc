# SPDX-License-Identifier: BSD-3-Clause
"""A player as a person sees it: the frames of one client after another, each connected to a relay."""
import subprocess
import threading
import time

import astral

STREAM_BENCH = astral.BUILD / 'tests' / 'bench' / 'stream_bench'
NEWEST = 3000  # the newest frames, which loss() and plays() look at
RESTART_AFTER = 0.3  # seconds after which a spare that has ended is started again


def publish(network, sink, gop=1):
    return network.start_helper([*network.prefix, STREAM_BENCH, 'publish', gop, sink], env=network.environment())


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class Player:
    """Runs one client, of `sources[at]`. When it ends, a client of the next source takes over: a new one, or with `spare` one that is
    already running and whose frames were ignored until then."""

    def __init__(self, network, sources, spare=False):
        self._network, self._sources, self._spare = network, sources, spare
        self._closing = False
        self._clients = {}
        self._since = {}  # number of a client that receives frames → time of its first frame
        self.at = 0
        self.frames = []  # (number, time when it was whole, its age then in ms)
        for at in range(len(sources)) if spare else [0]:
            threading.Thread(target=self._follow, args=(at,), daemon=True).start()

    def _follow(self, at):
        while not self._closing:
            client = self._network.start_helper([*self._network.prefix, STREAM_BENCH, 'view', self._sources[at]], text=True,
                                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self._network.environment())
            self._clients[at] = client
            for line in client.stdout:
                number, when, age = line.split()
                self._since.setdefault(at, float(when))
                if at == self.at:
                    self.frames.append((int(number), float(when), float(age)))
            self._since.pop(at, None)
            if at == self.at:
                self.at = (at + 1) % len(self._sources)
            if self._spare:
                time.sleep(RESTART_AFTER)
            else:
                at = self.at

    def end_client(self):
        self._clients[self.at].kill()

    def close(self):
        self._closing = True

    def settled(self, seconds):
        """All clients, also the spare, have received frames for that many seconds."""
        since = dict(self._since)
        return len(since) == (len(self._sources) if self._spare else 1) and max(since.values()) < time.monotonic() - seconds

    def plays(self, seconds=1):
        """At least 25 frames per second came in the last `seconds` seconds."""
        lately = [when for _, when, _ in self.frames[-NEWEST:] if when > time.monotonic() - seconds]
        return len(lately) > 25 * seconds

    def loss(self, since):
        """What was lost since that time: (longest time without a frame in ms, how much later than usual the latest frame came in ms,
        number of frames that did not come). A player that shows no pause must buffer the second figure."""
        frames = self.frames[-NEWEST:]
        times = [when for _, when, _ in frames if when >= since - 0.5]
        times.append(time.monotonic())  # counts a pause that is not over yet
        before = [frame for frame in frames if frame[1] <= since]
        usual = percentile([age for _, _, age in before[-100:]], .5)
        have = {number for number, _, _ in frames}
        return (1000 * max(b - a for a, b in zip(times, times[1:])),
                max(age for _, when, age in frames if when > since) - usual,
                sum(number not in have for number in range(max(before)[0], max(have))))

# SPDX-License-Identifier: BSD-3-Clause
"""What a person sees: the frames that clients of relays bring, one client after the other."""
import subprocess
import threading
import time

import astral

STREAM_BENCH = astral.BUILD / 'tests' / 'bench' / 'stream_bench'
LATELY = 3000  # frames that are looked at
AGAIN = 0.3  # seconds until a spare that has ended is started again


def publish(network, sink, gop=1):
    return network.own([*network.prefix, STREAM_BENCH, 'publish', gop, sink], env=network.environment())


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class Player:
    """One client, of `sources[at]`; when it ends, at once one of the next source: started then or, with a spare, there
    already, its frames dropped until then."""

    def __init__(self, network, sources, spare=False):
        self._network, self._sources, self._spare = network, sources, spare
        self._closing = False
        self._clients = {}
        self._since = {}  # when the clients that bring frames began to
        self.at = 0
        self.frames = []  # (number, when it was whole, how old it was in ms)
        for at in range(len(sources)) if spare else [0]:
            threading.Thread(target=self._follow, args=(at,), daemon=True).start()

    def _follow(self, at):
        while not self._closing:
            client = self._network.own([*self._network.prefix, STREAM_BENCH, 'view', self._sources[at]], text=True,
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
                time.sleep(AGAIN)
            else:
                at = self.at

    def end_client(self):
        self._clients[self.at].kill()

    def close(self):
        self._closing = True

    def settled(self, seconds):
        """All its clients have brought frames for so long, a spare too."""
        since = dict(self._since)
        return len(since) == (len(self._sources) if self._spare else 1) and max(since.values()) < time.monotonic() - seconds

    def plays(self, seconds=1):
        """Frames come as they should, and have for so long."""
        lately = [when for _, when, _ in self.frames[-LATELY:] if when > time.monotonic() - seconds]
        return len(lately) > 25 * seconds

    def loss(self, since):
        """Since then: the longest time without a frame; how much later than before the latest frame was, which is what somebody who
        sees no pause must have in store (both in ms); and how many frames did not come."""
        frames = self.frames[-LATELY:]
        times = [when for _, when, _ in frames if when >= since - 0.5]
        times.append(time.monotonic())  # a pause that is not over counts too
        before = [frame for frame in frames if frame[1] <= since]
        usual = percentile([age for _, _, age in before[-100:]], .5)
        have = {number for number, _, _ in frames}
        return (1000 * max(b - a for a, b in zip(times, times[1:])),
                max(age for _, when, age in frames if when > since) - usual,
                sum(number not in have for number in range(max(before)[0], max(have))))

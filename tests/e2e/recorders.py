# SPDX-License-Identifier: BSD-3-Clause
"""Players that keep every byte, each on a thread of its own: HTTP (FLV, TS), HLS and RTMP. They repair nothing."""
import threading
import urllib.request

import astral
import frames
from test_rtmp import RawPublisher, amf


class Http:
    """Reads a live format until it ends, or until end()."""

    def __init__(self, node, slug, name):
        self.parse = frames.ts_frames if name == 'ts' else lambda data: frames.flv_frames(frames.tags(data))
        self.data = b''
        self._is_over = threading.Event()
        self._answer = urllib.request.urlopen(f'{node.url}/stream/{slug}/live.{name}', timeout=30 * astral.PATIENCE)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            while not self._is_over.is_set() and (more := self._answer.read1(65536)):
                self.data += more
        except (OSError, ValueError):
            pass  # closed by end()

    def frames(self):
        return self.parse(self.data) if self.data else ([], [])

    def end(self):
        self._is_over.set()
        self._answer.close()


class Hls:
    """Fetches every segment of a playlist."""

    def __init__(self, node, slug):
        self.node, self.path = node, f'/stream/{slug}/hls/'
        self.segments, self.breaks = {}, []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def look(self):
        answer = self.node.call('GET', self.path + 'index.m3u8')
        is_break = False
        for line in answer.body.decode().splitlines() if answer.status == 200 else ():
            is_break = is_break or line == '#EXT-X-DISCONTINUITY'
            if line and line[0] != '#':
                if line not in self.segments:
                    got = self.node.call('GET', self.path + line)
                    if got.status == 200:
                        self.segments[line] = got.body
                        self.breaks += [line] if is_break else []
                is_break = False

    def _read(self):
        while not self._is_over.wait(0.3):
            self.look()

    def frames(self, newest=0):
        """Of all segments, or of so many of the newest ones."""
        names = sorted(self.segments, key=lambda name: int(name.split('.')[0]))[-newest:]
        return frames.ts_frames(b''.join(self.segments[name] for name in names))

    def end(self):
        self._is_over.set()
        self._thread.join(30)


class Rtmp(RawPublisher):
    """Plays by RTMP."""

    def __init__(self, node, slug):
        self.slug = slug
        self.tags = []
        super().__init__(node.get('/settings')['rtmp_port'], slug)
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def ask(self, key):
        self.send(20, amf('play', 3, None, key), 1)

    def _receive(self):
        size, open_messages = 128, {}
        try:
            while True:
                first = self._read(1)[0]
                if first >> 6 == 0:
                    head = self._read(11)
                    stamp = int.from_bytes(head[:3], 'big')
                    is_extended = stamp == 0xffffff
                    stamp = int.from_bytes(self._read(4), 'big') if is_extended else stamp
                    message = [head[6], stamp, b'', int.from_bytes(head[3:6], 'big'), is_extended]
                    open_messages[first & 63] = message
                else:
                    message = open_messages[first & 63]
                    if message[4]:
                        self._read(4)
                message[2] += self._read(min(size, message[3] - len(message[2])))
                if len(message[2]) < message[3]:
                    continue
                if message[0] == 1:
                    size = int.from_bytes(message[2], 'big')
                if message[0] in (frames.VIDEO, frames.AUDIO):
                    self.tags.append(frames.Tag(*message[:3]))
        except (OSError, AssertionError):
            pass  # closed

    def frames(self):
        return frames.flv_frames(self.tags)

    def end(self):
        self.socket.close()

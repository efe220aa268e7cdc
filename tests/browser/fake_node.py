# SPDX-License-Identifier: BSD-3-Clause
"""A fake node for the page: its HTTP API with one stream and the network around it, /events, and a live HLS window that the test can
stop. It does what a real node cannot be made to do on demand: it gives no ticket, goes silent or disappears."""

import base64
import contextlib
import datetime
import hashlib
import http.server
import json
import pathlib
import socket
import struct
import subprocess
import threading
import time
import urllib.parse

TYPES = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml',
         '.txt': 'text/plain; charset=utf-8', '.m3u8': 'application/vnd.apple.mpegurl', '.ts': 'video/mp2t'}
UUID = '5f2c1c9e-fake-node'
PARENT = '77aa01d2-its-parent'
LISTED = 6


def make_segments(folder, seconds=30):
    """Makes MPEG-TS segments of one second, H.264 and AAC: a test picture that moves in every frame."""
    subprocess.run(
        ['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc2=size=320x180:rate=25:duration={seconds}',
         '-f', 'lavfi', '-i', f'sine=frequency=440:sample_rate=48000:duration={seconds}',
         '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '25',
         '-sc_threshold', '0', '-c:a', 'aac', '-f', 'hls', '-hls_time', '1', '-hls_list_size', '0',
         '-hls_segment_filename', str(folder / '%d.ts'), str(folder / 'all.m3u8')], check=True)
    return [(folder / f'{i}.ts').read_bytes() for i in range(seconds)]


class FakeNode:
    """A test may change streams, others (the other nodes), tickets, has_room and the rest while the page runs, and stop the stream."""

    def __init__(self, files, segments):
        self.files = files  # folders, searched in order
        self.segments = segments
        self.streams = [{'slug': 'demo', 'name': 'Demo', 'description': 'A moving test picture', 'source': PARENT,
                         'streaming': True, 'bitrate_kbps': 620, 'viewers': 3, 'media': 'video/mpegts, systemstream=true'}]
        self.others = [{'uuid': PARENT, 'ip_address': '192.0.2.7', 'port': 8000, 'supernode': True, 'rtt_ms': 11.6,
                        'children': 3, 'capacity': 100, 'version': '0.1.0'}]
        self.tickets = [self.ticket('demo', PARENT, UUID, 2)]
        self.primary = PARENT
        self.has_room = True
        self.has_events = True
        self.endpoints = {}  # further URLs in /settings; HLS is always there
        self.log = []
        self.pipelines = []
        self.fits_hls = True
        self.clock_ahead_s = 0  # of this machine's clock
        self.requests = []
        self._sockets = []
        self._run = (time.monotonic() - LISTED, 0, True)  # (start time, segments before it, whether the stream runs)
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                node.answer(self, 'GET')

            def do_POST(self):
                self.rfile.read(int(self.headers.get('content-length', 0)))
                node.answer(self, 'POST')

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):  # the browser closed the connection
                pass

        self._make_server = lambda port: Server(('127.0.0.1', port), Handler)
        self.port = 0
        self.start()
        self.url = f'http://127.0.0.1:{self.port}/'

    def start(self):
        """Starts the server; after close(), again on the same port."""
        self.server = self._make_server(self.port)
        self.port = self.server.server_address[1]
        self.is_there = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Stops the server and closes all open connections."""
        if not self.is_there:
            return
        self.is_there = False
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self._sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def complete(self):
        """How many segments of the stream are complete."""
        since, before, runs = self._run
        return before + (int(time.monotonic() - since) if runs else 0)

    def stand_still(self):
        self._run = (0, self.complete, False)

    def go_on(self):
        self._run = (time.monotonic(), self.complete, True)

    @staticmethod
    def ticket(stream, source, destination, hops, role='active', state='confirmed'):
        return {'stream': stream, 'source': source, 'destination': destination, 'hops': hops, 'role': role, 'state': state}

    @property
    def me(self):
        return {'uuid': UUID, 'ip_address': '127.0.0.1', 'port': self.port, 'version': '0.1.0', 'children': 0,
                'primary_supernode_uuid': self.primary}

    def tell(self, event):
        """Sends an event to every page that listens on /events."""
        self.say(json.dumps(event))

    def say(self, text):
        """Sends any text, in one WebSocket message."""
        payload = text.encode()
        head = bytes([0x81, len(payload)]) if len(payload) < 126 else struct.pack('!BBH', 0x81, 126, len(payload))
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.sendall(head + payload)

    def asked(self, path):
        """How often the page has fetched a path."""
        return self.requests.count(('GET', path))

    def hang_up(self):
        """Closes the WebSocket of every page."""
        for connection in list(self._sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def time(self):
        return time.time() + self.clock_ahead_s

    def date(self, moment):
        """What the node's clock showed at a moment of the monotonic clock."""
        at = datetime.datetime.fromtimestamp(self.time - time.monotonic() + moment, datetime.timezone.utc)
        return at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')

    def playlist(self):
        complete = self.complete
        first = max(0, complete - LISTED)
        since, before, _ = self._run
        lines = ['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-INDEPENDENT-SEGMENTS', '#EXT-X-TARGETDURATION:1',
                 f'#EXT-X-MEDIA-SEQUENCE:{first}', f'#EXT-X-DISCONTINUITY-SEQUENCE:{first // len(self.segments)}']
        for i in range(first, complete):
            if i and i % len(self.segments) == 0:
                lines.append('#EXT-X-DISCONTINUITY')
            if i >= before and since:
                lines.append(f'#EXT-X-PROGRAM-DATE-TIME:{self.date(since + i - before)}')
            lines += ['#EXTINF:1.000,', f'{i}.ts']
        return '\n'.join(lines) + '\n'

    def answer(self, request, method):
        if not self.is_there:
            request.close_connection = True
            return None
        path = request.path.split('?')[0]
        self.requests.append((method, path))
        ticket = self.ticket('demo', PARENT, UUID, 2)
        if path == '/events' and not self.has_events:
            return self.send_error(request, 503, 'no-room', 'Too many listeners.')
        if path == '/events':
            return self.listen(request)
        if path == '/node':
            return self.send_json(request, {'node': self.me})
        if path == '/nodes':
            return self.send_json(request, {'nodes': [self.me, *self.others]})
        if path == '/tickets':
            return self.send_json(request, {'tickets': self.tickets})
        if path == '/streams':
            return self.send_json(request, {'streams': self.streams})
        if path == '/slug':
            name = urllib.parse.parse_qs(request.path.partition('?')[2]).get('name', [''])[0]
            slug = f'{len(name)}-letters'  # a rule that the page cannot know
            return self.send_json(request, {'slug': slug}) if name.strip() else self.send_error(request, 400, 'invalid', 'name: needs a letter or a digit')
        if path == '/settings':
            hls = {'name': 'HLS', 'url': f'{self.url}stream/{{slug}}/hls/index.m3u8', 'type': TYPES['.m3u8'], 'use': 'play'}
            return self.send_json(request, {'rtmp_port': 1935, 'rtmp_resource': 'astral', 'time_ms': int(self.time * 1000), 'endpoints': [hls], **self.endpoints})
        if path == '/log':
            return self.send_json(request, {'log': self.log})
        if path == '/pipelines':
            return self.send_json(request, {'pipelines': self.pipelines})
        if path.startswith('/stream/'):
            _, _, slug, *rest = path.split('/')
            if slug not in [stream['slug'] for stream in self.streams]:
                return self.send_error(request, 404, 'no-stream', 'There is no such stream.')
            if method == 'POST' and rest == ['tickets'] and not self.has_room:
                return self.send_error(request, 412, 'no-room', 'Nobody has room.')
            if method == 'POST' and rest == ['tickets']:
                return self.send(request, 303, b'', 'text/plain', {'location': f'/stream/{slug}/ticket/{UUID}'})
            if rest and rest[0] == 'ticket':
                return self.send_json(request, {'ticket': ticket})
            if rest == ['hls', 'index.m3u8'] and not self.fits_hls:
                return self.send_error(request, 415, 'unsupported', 'HLS in MPEG-TS cannot carry video/x-vp8')
            if rest == ['hls', 'index.m3u8']:
                return self.send(request, 200, self.playlist().encode(), TYPES['.m3u8'])
            if rest and rest[-1].endswith('.ts'):
                number = int(pathlib.PurePath(rest[-1]).stem)
                return self.send(request, 200, self.segments[number % len(self.segments)], TYPES['.ts'])
        name = path.lstrip('/') or 'index.html'
        for folder in self.files:
            if (folder / name).is_file() and '/' not in name:
                return self.send(request, 200, (folder / name).read_bytes(), TYPES[pathlib.PurePath(name).suffix])
        return self.send_error(request, 404, 'not-found', f'There is no {path}.')

    def send_json(self, request, body, status=200):
        self.send(request, status, json.dumps(body).encode(), 'application/json')

    def send_error(self, request, status, code, message):
        self.send_json(request, {'error': {'code': code, 'message': message}}, status)

    def send(self, request, status, body, kind, headers=None):
        request.send_response(status)
        request.send_header('content-type', kind)
        request.send_header('content-length', str(len(body)))
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def listen(self, request):
        """Accepts a WebSocket and ignores what the page sends on it."""
        key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
        request.send_response(101)
        request.send_header('upgrade', 'websocket')
        request.send_header('connection', 'Upgrade')
        request.send_header('sec-websocket-accept', base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        request.end_headers()
        self._sockets.append(request.connection)
        with contextlib.suppress(OSError):
            while request.connection.recv(4096):
                pass
        self._sockets.remove(request.connection)
        request.close_connection = True

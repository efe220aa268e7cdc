# SPDX-License-Identifier: BSD-3-Clause
"""Makes thousands of bad requests from the node's openapi.json; the same seed and number give the same request. None of them may
change the node's state: a request that would be valid comes from a foreign page, is cut off, or names a thing that does not exist."""
import json
import random
from dataclasses import dataclass

ENDLESS = ('watch_events', 'be_peer', 'measure_line', 'get_flv', 'get_ts')  # operations whose answer does not end by itself
JSON, FORM = 'application/json', 'application/x-www-form-urlencoded'
UNKNOWN_NAMES = ('nope', 'NO', '..', '.', '%2e%2e', '%00', '%ff', '%2F', 'a%2Fb', 'a%20b', '%20', 'a--b', '-', 'a' * 49,
                 'a' * 300, '%F0%9F%8E%A5', '%C3%28', 'nope;x=y', '*', '~', '%E2%80%AE', 'index.m3u8', '0', '%7Bslug%7D')
BROKEN_PARTS = ('%zz', '%', '%4', '"', '<script>', '\\', '|', '^', '`', '{}', 'a b', '\t', '\x7f', 'é', '[', ']')
VALUES = (None, True, False, 0, -1, 1.5, 1e300, 2**53, 10**17, '', ' ', '!!!', '日本', 'x' * 5000, [], {}, [[]], ['a'],
          {'a': 1}, 'a b', '../..', '\x01', '\u202e', 'NaN', '\ud800')
RAW_VALUES = (b'1e999', b'-', b'01', b'1.', b'.5', b'0x10', b'NaN', b'Infinity', b"'x'", b'"\\ud800"', b'"\\u0000"', b'"\\x41"',
              b'"\xff"', b'"\xc3\x28"', b'"\xed\xa0\x80"', b'"a', b'tru', b'99999999999999999999999999', b'"\x00"', b'/**/1',
              b'[' * 40 + b']' * 40, b'{"a":' * 40 + b'1' + b'}' * 40, b'[' * 5000, b'')
BAD_BODIES = (b'', b' ', b'{', b'}', b'[]', b'null', b'"x"', b'7', b'{}}', b'{"name"}', b'{"name":}', b'{name:"x"}', b'\xff\xfe{}',
              b'\xef\xbb\xbf{}', b'\x00', b'{}' * 10, b'[' * 1000, b'{"a":1,}', b'//', b'{"":""}', b'\xff' * 20)
VALID_BODIES = {'create_stream': {'name': 'good'}, 'pause_or_resume': {'streaming': False}, 'ask_ticket': {},
                'confirm_ticket': {'confirmed': True}, 'confirm_ticket_of': {'confirmed': True},
                'register_node': {'uuid': 'good', 'port': 1}}
METHODS = ('PATCH', 'TRACE', 'PROPFIND', 'get', 'Post', 'FOO', 'OPTIONS', 'M-SEARCH', 'X' * 32)
FRAMING = (b'GET / HTTP/2.0', b'GET / HTTP/0.9', b'GET / HTTP/1.1 ', b'GET /', b'GET', b' / HTTP/1.1', b'GET  HTTP/1.1',
           b'GET * HTTP/1.1', b'OPTIONS * HTTP/1.1', b'CONNECT x:1 HTTP/1.1', b'CONNECT / HTTP/1.1', b'GET https://x/ HTTP/1.1',
           b'GET http://[ HTTP/1.1', b'GET ftp://x/ HTTP/1.1', b'GET x HTTP/1.1', b'GET \xff HTTP/1.1', b'G\x00T / HTTP/1.1',
           b'PRI * HTTP/2.0', b'\x16\x03\x01\x02\x00\x01', b'SSH-2.0-x', b'GET /\r/ HTTP/1.1', b'GET /' + b'a' * 5000 + b' HTTP/1.1')
HEADERS = (b'nothing', b': x', b'X : y', b' folded', b'X: a\x00b', b'X: a\rb', b'X\xff: y', b'Host: second', b'Content-Length: -1',
           b'Content-Length: x', b'Content-Length: 1\r\nContent-Length: 2', b'Content-Length: 99999999999999999999',
           b'Transfer-Encoding: gzip', b'Transfer-Encoding: chunked\r\nContent-Length: 5', b'Transfer-Encoding: chunked, chunked',
           b'X: ' + b'a' * 40_000, b'\r\n'.join(b'X-%d: y' % i for i in range(120)))


@dataclass
class Request:
    data: bytes
    harmless: bool = False  # only reads, so 200, 204 and 302 are right answers too
    head_only: bool = False  # may be understood as HEAD, whose answer has no body


class Rubbish:
    def __init__(self, description, port, slugs, seed):
        self._port, self._slugs, self._seed = port, slugs, seed
        self._random = random.Random()
        operations = [(name, *row[:2]) for name, row in description.operations.items()]
        self._reads = [row for row in operations if row[1] == 'GET' and row[0] not in ENDLESS]
        self._writes = [row for row in operations if row[1] != 'GET' and row[0] != 'take_ping']
        self._owners = {row[0] for row in operations if description.is_for_the_owner(row[0])}
        self._paths = sorted({row[2] for row in operations})

    def make(self, number):
        self._random.seed(self._seed << 32 | number)
        kinds = (self._read, self._write, self._write, self._write, self._wrong_method, self._wrong_page, self._cut,
                 self._broken_head, self._broken_path, self._handshake, self._flipped, self._noise)
        return self._pick(kinds)()

    def _pick(self, of):
        return of[self._random.randrange(len(of))]

    def _head(self, method, path, headers, host=None):
        lines = [f'{method} {path} HTTP/1.1', f'Host: {host or f"127.0.0.1:{self._port}"}', *headers]
        return ('\r\n'.join(lines) + '\r\n\r\n').encode('utf-8', 'surrogatepass')

    def _request(self, method, path, body=b'', kind=None, headers=(), host=None):
        headers = [*headers, *([f'Content-Type: {kind}'] if kind else [])]
        if self._random.random() < 0.05 and body:
            return self._head(method, path, [*headers, 'Transfer-Encoding: chunked'], host) + self._chunked(body)
        return self._head(method, path, [*headers, *([f'Content-Length: {len(body)}'] if body else [])], host) + body

    def _chunked(self, body):
        middle = self._random.randrange(len(body) + 1)
        parts = [part for part in (body[:middle], body[middle:]) if part]
        return b''.join(b'%x\r\n%s\r\n' % (len(part), part) for part in parts) + b'0\r\n\r\n'

    def _fill(self, path, slug=None):
        return path.format(slug=slug or self._pick(UNKNOWN_NAMES), uuid=self._pick(UNKNOWN_NAMES), file=self._pick(UNKNOWN_NAMES), session='0',
                           id=self._pick(UNKNOWN_NAMES), guest=self._pick(UNKNOWN_NAMES))

    def _read(self):
        _, method, path = self._pick(self._reads)
        path = self._fill(path, self._pick(self._slugs) if self._random.random() < 0.5 else None)
        if self._random.random() < 0.3:
            path += '?' + self._pick(('bytes=-1', 'bytes=', 'bytes=2097153', 'bytes=10', 'bytes=%ff', 'bytes=1&bytes=x', '%', 'a' * 2000, '?', '&&&='))
        method = self._pick(('GET', 'GET', 'HEAD'))
        return Request(self._request(method, path), True, method == 'HEAD')

    def _bad_value(self):
        if self._random.random() < 0.5:
            return self._pick(RAW_VALUES)
        return json.dumps(self._pick(VALUES), ensure_ascii=self._random.random() < 0.5).encode('utf-8', 'surrogatepass')

    # An invalid body, for an operation on a stream that exists.
    def _bad_body(self, operation):
        if self._random.random() < 0.3:
            return self._pick(BAD_BODIES)
        field, bad = {'create_stream': (b'name', (b'""', b'"!!!"', b'7', b'null', b'[]', b'"' + b'x' * 201 + b'"', b'"a\\u0000"')),
                      'pause_or_resume': (b'streaming', (b'"yes"', b'1', b'null', b'[]', b'"true"')),
                      'ask_ticket': (b'destination_uuid', (b'"a b"', b'7', b'[]', b'""', b'"' + b'x' * 65 + b'"')),
                      'register_node': (b'uuid', (b'"a b"', b'7', b'""', b'null', b'"' + b'x' * 65 + b'"')),
                      }.get(operation, (b'confirmed', (b'false', b'null', b'"true"', b'1')))
        pairs = [(field, self._pick(bad))]
        for _ in range(self._random.randrange(3)):  # in front: of two fields with one name the last one counts
            pairs.insert(0, (self._pick((field, b'description', b'port', b'x', b'\\u0041')), self._bad_value()))
        return b'{' + b','.join(b'"%s":%s' % pair for pair in pairs) + b'}'

    def _write(self):
        operation, method, path = self._pick(self._writes)
        body = self._bad_body(operation) if operation in VALID_BODIES else b''
        if operation == 'ask_ticket' and body in (b'', b'{}', b'{"":""}'):
            body = b'['  # the operation accepts those three
        kind = self._pick((JSON, JSON, JSON, 'text/plain', 'application/json; charset=utf-16', 'multipart/form-data', ''))
        if operation in ('create_stream', 'register_node') and self._random.random() < 0.2:
            kind, body = FORM, self._pick((b'', b'name', b'name=', b'name=%ff', b'name=a%00b%ff', b'name=!!!', b'nam=x', b'&=&', b'%', b'\xff\xff',
                                           b'name=' + b'x' * 300, b'uuid=x&port=y'))
        if operation in ('shut_down', 'start_pairing', 'stop_pairing'):  # no body makes them wrong
            return self._wrong_page()
        there = operation in VALID_BODIES and self._random.random() < 0.5
        path = self._fill(path, self._pick(self._slugs) if there else None)
        return Request(self._request(method, path, body, kind or None))

    def _good(self, operation, method, path):
        slug = self._pick(self._slugs)
        body = json.dumps(VALID_BODIES[operation]).encode() if operation in VALID_BODIES else b''
        return method, path.format(slug=slug, uuid='n', file='x', session='0', id=self._pick(UNKNOWN_NAMES), guest='0'), body, JSON if body else None

    def _wrong_page(self):
        method, path, body, kind = self._good(*self._pick([row for row in self._writes if row[0] in self._owners]))
        host, headers = self._pick((
            ('evil.example', ()), (f'evil.example:{self._port}', (f'Origin: http://evil.example:{self._port}',)),
            (None, ('Origin: http://evil.example',)), (None, ('Origin: null',)), ('localhost.evil.example', ()),
            ('127.0.0.1.evil.example', ()), (None, ('Origin: http://127.0.0.1:1',)), ('evil@127.0.0.1', ()), ('127.0.0.1, evil', ()),
            ('a/b', ()), ('', ())))
        if host == '':
            return Request(self._request(method, path, body, kind).replace(b'Host: ', b'X-Host: ', 1))
        return Request(self._request(method, path, body, kind, headers, host))

    # A valid request that is cut off.
    def _cut(self):
        method, path, body, kind = self._good(*self._pick(self._writes))
        data = self._request(method, path, body, kind)
        return Request(data[:self._random.randrange(1, len(data))])

    def _wrong_method(self):
        method = self._pick(METHODS)
        return Request(self._request(method, self._fill(self._pick(self._paths), self._pick(self._slugs))), method == 'OPTIONS')

    def _broken_head(self):
        if self._random.random() < 0.5:
            return Request(self._pick(FRAMING) + b'\r\nHost: 127.0.0.1\r\n\r\n')
        line = self._pick((b'GET / HTTP/1.1', b'POST /streams HTTP/1.1', b'DELETE /node HTTP/1.1'))
        return Request(line + b'\r\nHost: 127.0.0.1\r\n' + self._pick(HEADERS) + b'\r\n\r\n{"name":"good"}')

    def _broken_path(self):
        segments = self._fill(self._pick(self._paths)).split('/')
        segments[self._random.randrange(1, len(segments))] = self._pick(BROKEN_PARTS) + self._pick(('', 'x', '/', '//'))
        method = self._pick(('GET', 'POST', 'PUT'))
        return Request(self._request(method, '/'.join(segments), b'7', JSON), method == 'GET')

    def _handshake(self):
        headers = {'Upgrade': 'websocket', 'Connection': 'Upgrade', 'Sec-WebSocket-Version': '13',
                   'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ=='}
        broken = self._pick(list(headers))
        headers[broken] = self._pick(('', 'x', '12', 'h2c', '99999999999999999999'))
        return Request(self._request('GET', self._pick(('/peer', '/events')), headers=[f'{k}: {v}' for k, v in headers.items()]))

    def _flipped(self):
        data = bytearray(self._read().data)
        for _ in range(self._random.randrange(1, 6)):
            data[self._random.randrange(len(data))] = self._random.randrange(256)
        return Request(bytes(data), True, data.startswith(b'HEAD '))

    def _noise(self):
        return Request(self._random.randbytes(self._random.randrange(1, 300)) + self._pick((b'', b'\r\n\r\n', b'\n\n')))

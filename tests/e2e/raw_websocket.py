# SPDX-License-Identifier: BSD-3-Clause
"""A WebSocket client (RFC 6455) for tests, which can also break the protocol on purpose."""
import base64
import json
import os
import socket
import ssl
import struct

import astral

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class WebSocket:
    def __init__(self, port, path='/peer', host='127.0.0.1', timeout=10, headers=(), authority=None, tls=False):
        self.socket = socket.create_connection((host, port), timeout)
        if tls:  # with any certificate
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f'GET {path} HTTP/1.1', f'Host: {authority or f"{host}:{port}"}', 'Upgrade: websocket', 'Connection: Upgrade',
                 f'Sec-WebSocket-Key: {key}', 'Sec-WebSocket-Version: 13', *headers]
        self.socket.sendall(('\r\n'.join(lines) + '\r\n\r\n').encode())
        self._buffer = b''
        while b'\r\n\r\n' not in self._buffer:
            more = self.socket.recv(4096)
            if not more:
                raise ConnectionError('closed during the handshake')
            self._buffer += more
        head, self._buffer = self._buffer.split(b'\r\n\r\n', 1)
        self.status = int(head.split(b' ', 2)[1])

    def send(self, payload, opcode=TEXT, final=True):
        if isinstance(payload, dict):
            payload = json.dumps(payload)
        if isinstance(payload, str):
            payload = payload.encode()
        head = bytes([(0x80 if final else 0) | opcode])
        if len(payload) < 126:
            head += bytes([0x80 | len(payload)])
        elif len(payload) < 65536:
            head += bytes([0x80 | 126]) + struct.pack('!H', len(payload))
        else:
            head += bytes([0x80 | 127]) + struct.pack('!Q', len(payload))
        mask = os.urandom(4)
        repeated = (mask * (len(payload) // 4 + 1))[:len(payload)]
        masked = (int.from_bytes(payload, 'big') ^ int.from_bytes(repeated, 'big')).to_bytes(len(payload), 'big')
        self.raw(head + mask + masked)

    def raw(self, data):
        self.socket.sendall(data)

    def _read(self, count):
        while len(self._buffer) < count:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError('closed without a close frame')
            self._buffer += more
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def receive(self):
        """The next frame as (opcode, payload)."""
        first, second = self._read(2)
        length = second & 0x7f
        if length == 126:
            length = struct.unpack('!H', self._read(2))[0]
        elif length == 127:
            length = struct.unpack('!Q', self._read(8))[0]
        return first & 0x0f, self._read(length)

    def receive_raw_json(self):
        while True:
            opcode, payload = self.receive()
            if opcode == TEXT:
                said = json.loads(payload)
                if said.get('type') != 'challenge':  # a node proves its key with these; most tests do not
                    return said
            if opcode == CLOSE:
                raise ConnectionError(f'closed: {payload!r}')

    def receive_json(self):
        """With labels in place of uuids, like astral.Answer.json."""
        return astral.labelled(self.receive_raw_json())

    def closed_with(self):
        """Reads until the other side closes. Returns its close code and reason."""
        while True:
            opcode, payload = self.receive()
            if opcode == CLOSE:
                return (struct.unpack('!H', payload[:2])[0] if len(payload) >= 2 else 1005), payload[2:].decode()

    def close(self):
        self.socket.close()

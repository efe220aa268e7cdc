# SPDX-License-Identifier: BSD-3-Clause
"""Players that only read, and what a server's processes cost while they do."""
import os
import pathlib
import selectors
import socket
import struct
import threading

TICK = os.sysconf('SC_CLK_TCK')


def cost(pids):
    """CPU seconds and resident KiB of the processes."""
    cpu = memory = 0
    for pid in pids:
        fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
        cpu += (int(fields[11]) + int(fields[12])) / TICK
        memory += int(fields[21]) * os.sysconf('SC_PAGE_SIZE') // 1024
    return cpu, memory


def flv_request(path):
    return f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.encode()


def rtmp_request(app, port):
    """Handshake, connect, createStream and play in one piece: none of them depends on an answer."""
    def text(word):
        return struct.pack('>BH', 2, len(word)) + word.encode()

    def named(name, value):
        return struct.pack('>H', len(name)) + name.encode() + value

    def command(stream, *values):
        body = b''.join(values)
        pieces = [body[i:i + 128] for i in range(0, len(body), 128)]
        return b'\3\0\0\0' + struct.pack('>I', len(body))[1:] + b'\x14' + struct.pack('<I', stream) + b'\xc3'.join(pieces)

    def number(value):
        return struct.pack('>Bd', 0, value)
    connect = command(0, text('connect'), number(1), b'\3', named('app', text(app)),
                      named('tcUrl', text(f'rtmp://127.0.0.1:{port}/{app}')), b'\0\0\x09')
    return (b'\3' + bytes(1536) + bytes(1536) + connect + command(0, text('createStream'), number(2), b'\5')
            + command(1, text('play'), number(3), b'\5', text('talk')))


class Readers:
    """Players that read a connection to its end, all in one thread."""

    def __init__(self, port, request, count):
        self.bytes, self.gone, self._closing = 0, 0, False
        self._sockets = [socket.create_connection(('127.0.0.1', port)) for _ in range(count)]
        self._selector = selectors.DefaultSelector()
        for one in self._sockets:
            one.sendall(request)
            self._selector.register(one, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        buffer = bytearray(1 << 18)
        while not self._closing:
            for key, _ in self._selector.select(0.2):
                got = key.fileobj.recv_into(buffer)
                self.bytes += got
                if not got:
                    self.gone += 1
                    self._selector.unregister(key.fileobj)

    def close(self):
        self._closing = True
        self._thread.join()
        for one in self._sockets:
            one.close()

# SPDX-License-Identifier: BSD-3-Clause
"""A router that says it knows UPnP and then sends its description without end. Usage: rude_router.py ADDRESS fast|slow"""
import socket
import sys
import threading
import time

GROUP, SSDP_PORT, HTTP_PORT = '239.255.255.250', 1900, 5000
MOST = 1 << 30  # bytes for one reader, so that a reader without a bound fails the test and not the machine
HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n'


def answer_searches(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(('', SSDP_PORT))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(address))
        print('ready', flush=True)
        while True:
            search, caller = sock.recvfrom(2000)
            for line in search.split(b'\r\n'):
                if line.upper().startswith(b'ST:'):
                    sock.sendto(b'HTTP/1.1 200 OK\r\n' + line + b'\r\nUSN: uuid:1\r\nEXT:\r\nCACHE-CONTROL: max-age=120\r\n'
                                b'LOCATION: http://%s:%d/rootDesc.xml\r\n\r\n' % (address.encode(), HTTP_PORT), caller)


def send_without_end(reader, fast):
    sent, part = 0, b'<' * (1 << 16 if fast else 1)
    try:
        reader.sendall(HEAD)
        while sent < MOST:
            reader.sendall(part)
            sent += len(part)
            if not fast:
                time.sleep(0.5)
        time.sleep(60)
    except OSError:
        pass
    reader.close()


def main(address, speed):
    threading.Thread(target=answer_searches, args=(address,), daemon=True).start()
    with socket.create_server((address, HTTP_PORT)) as server:
        while True:
            reader, _ = server.accept()
            threading.Thread(target=send_without_end, args=(reader, speed == 'fast'), daemon=True).start()


if __name__ == '__main__':
    main(*sys.argv[1:])

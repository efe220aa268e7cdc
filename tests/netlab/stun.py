# SPDX-License-Identifier: BSD-3-Clause
"""A STUN server for tests: answers binding requests of RFC 8489, and of RFC 3489, which libnice 0.1.21 sends.
Usage: stun.py FD   a UDP socket"""
import ipaddress
import os
import socket
import struct
import sys

REQUEST, SUCCESS = 0x0001, 0x0101
MAPPED_ADDRESS, XOR_MAPPED_ADDRESS = 0x0001, 0x0020
COOKIE = bytes.fromhex('2112a442')
HEADER = struct.Struct('!HH16s')  # type, length of what follows, cookie and transaction id (in RFC 3489: all id)


def attribute(kind, address, port, mask):
    """The attribute that holds an address, every byte of it and of the port XORed with the one of `mask`."""
    def masked(data):
        return bytes(a ^ b for a, b in zip(data, mask))
    packed = ipaddress.ip_address(address).packed
    value = struct.pack('!xB2s', 1 if len(packed) == 4 else 2, masked(struct.pack('!H', port))) + masked(packed)
    return struct.pack('!HH', kind, len(value)) + value


def answer(request, address, port):
    """The answer to a packet that came from there; None if it is not a binding request."""
    if len(request) < HEADER.size:
        return None
    kind, length, transaction = HEADER.unpack_from(request)
    if kind != REQUEST or length != len(request) - HEADER.size:
        return None
    new = transaction.startswith(COOKIE)
    said = attribute(*((XOR_MAPPED_ADDRESS, address, port, transaction) if new else (MAPPED_ADDRESS, address, port, bytes(16))))
    return HEADER.pack(SUCCESS, len(said), transaction) + said


def serve(machine):
    """Starts a server on a machine. Returns its address, as the option --stun takes it."""
    listener = machine.namespace.do(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
    with listener:
        listener.bind((machine.address, 3478))
        machine.start_helper([sys.executable, __file__, listener.fileno()], pass_fds=(listener.fileno(),))
    return f'{machine.address}:3478'


def main():
    listener = socket.socket(fileno=os.dup(int(sys.argv[1])))
    while True:
        request, (address, port, *_) = listener.recvfrom(2000)
        if said := answer(request, address, port):
            listener.sendto(said, (address, port))


if __name__ == '__main__':
    main()

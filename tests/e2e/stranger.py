# SPDX-License-Identifier: BSD-3-Clause
"""A foreign node: it has a key, proves it, and then sends the /peer messages that a test gives it."""
import hashlib
import json
import os
import subprocess

import astral
import raw_websocket


class Key:
    """An Ed25519 key in a file, and the uuid of the node that has it."""

    def __init__(self, file):
        self.file = file
        self.public = self._openssl('pkey', '-in', file, '-pubout', '-outform', 'DER').hex()
        self.fingerprint = hashlib.sha256(bytes.fromhex(self.public)).hexdigest()
        self.uuid = self.fingerprint[:32]

    @classmethod
    def new(cls, folder):
        """Made by the openssl command, in `folder`."""
        file = folder / f'stranger-{os.urandom(4).hex()}.pem'
        cls._openssl('genpkey', '-algorithm', 'ed25519', '-out', file)
        return cls(file)

    @staticmethod
    def _openssl(*words):
        return subprocess.run(['openssl', *map(str, words)], check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout

    def sign(self, text):
        plain = self.file.with_suffix('.txt')
        plain.write_text(text)
        return self._openssl('pkeyutl', '-sign', '-rawin', '-inkey', self.file, '-in', plain).hex()


def greet(port, folder, label='stranger', host='127.0.0.1', **more):
    """Opens a /peer session with the node at `port`, as another node; returns it after this end's hello, which has the fields `more` too.
    From another machine it goes by TLS. This end does not bind its proof to it, as it would if it trusted the certificate."""
    key, nonce = Key.new(folder), os.urandom(32).hex()
    astral.LABELS[key.uuid] = label
    peer = raw_websocket.WebSocket(port, host=host, tls=host != '127.0.0.1')
    peer.uuid = key.uuid
    peer.send({'type': 'challenge', 'key': key.public, 'nonce': nonce})
    theirs = json.loads(peer.receive()[1])
    assert theirs['type'] == 'challenge', theirs
    signed = f'astral peer 2 connecting - {key.public} {nonce} {theirs["key"]} {theirs["nonce"]}'
    peer.send({'type': 'proof', 'signature': key.sign(signed)})
    peer.send({'type': 'hello', 'uuid': key.uuid, 'label': label, 'port': 1, 'kind': 'node', 'supernode': False, 'version': '0', **more})
    return peer


def meet(*args, **how):
    """As greet(); returns the session after the node's welcome."""
    peer = greet(*args, **how)
    assert peer.receive_json()['type'] == 'proof'
    assert peer.receive_json()['type'] == 'welcome'
    return peer

# SPDX-License-Identifier: BSD-3-Clause
"""A foreign node: it has a key, proves it, and then sends the /peer messages that a test gives it."""
import json
import os
import subprocess

import raw_websocket


class Key:
    """An Ed25519 key, made by the openssl command, in a file in `folder`."""

    def __init__(self, folder):
        self.file = folder / f'stranger-{os.urandom(4).hex()}.pem'
        self._openssl('genpkey', '-algorithm', 'ed25519', '-out', self.file)
        self.public = self._openssl('pkey', '-in', self.file, '-pubout', '-outform', 'DER').hex()

    @staticmethod
    def _openssl(*words):
        return subprocess.run(['openssl', *map(str, words)], check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout

    def sign(self, text):
        plain = self.file.with_suffix('.txt')
        plain.write_text(text)
        return self._openssl('pkeyutl', '-sign', '-rawin', '-inkey', self.file, '-in', plain).hex()


def meet(port, folder, uuid='stranger', host='127.0.0.1', **more):
    """Opens a /peer session with the node at `port`, as another node; returns it after the node's welcome. From another machine it
    goes by TLS. This end does not bind its proof to it, as it would if it trusted the certificate."""
    key, nonce = Key(folder), os.urandom(32).hex()
    peer = raw_websocket.WebSocket(port, host=host, tls=host != '127.0.0.1')
    peer.send({'type': 'challenge', 'key': key.public, 'nonce': nonce})
    theirs = json.loads(peer.receive()[1])
    assert theirs['type'] == 'challenge', theirs
    signed = f'astral peer 2 connecting - {key.public} {nonce} {theirs["key"]} {theirs["nonce"]}'
    peer.send({'type': 'proof', 'signature': key.sign(signed)})
    peer.send({'type': 'hello', 'uuid': uuid, 'port': 1, 'kind': 'node', 'supernode': False, 'version': '0', **more})
    assert peer.receive_json()['type'] == 'proof'
    assert peer.receive_json()['type'] == 'welcome'
    return peer

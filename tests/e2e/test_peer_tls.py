# SPDX-License-Identifier: BSD-3-Clause
"""What nodes say to each other: nobody on the way can read it, and who takes the TLS apart is noticed."""
import socket
import ssl
import threading

import astral


class Middle:
    """Passes connections on to a node. With a certificate it ends the TLS of each side, and reads what is inside."""

    def __init__(self, node, certificate=None):
        self.node, self.certificate = node, certificate
        self.heard = b''
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.public_url = f'http://127.0.0.1:{self.port}'
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            threading.Thread(target=self.carry, args=(self.listener.accept()[0],), daemon=True).start()

    def carry(self, near):
        try:
            far = socket.create_connection(('127.0.0.1', self.node.port))
            if self.certificate and near.recv(1, socket.MSG_PEEK) == b'\x16':
                inside, outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                inside.load_cert_chain(self.certificate)
                outside.check_hostname, outside.verify_mode = False, ssl.CERT_NONE
                near, far = inside.wrap_socket(near, server_side=True), outside.wrap_socket(far)
        except OSError:
            return
        for source, to in ((near, far), (far, near)):
            threading.Thread(target=self.pump, args=(source, to), daemon=True).start()

    def pump(self, source, to):
        try:
            while data := source.recv(65536):
                self.heard += data
                to.sendall(data)
        except OSError:
            pass
        for end in (source, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def test_nobody_on_the_way_reads_what_nodes_say(network):
    first = network.node('first', None, (), None, '--supernode', 'yes')
    middle = Middle(first)
    second = network.node('second', None, [middle], None, '--supernode', 'no')
    astral.wait_until(lambda: second.get('/node')['node'].get('primary_supernode_uuid') == 'first', 'the second node to register')
    assert middle.heard.startswith(b'\x16\x03') and len(middle.heard) > 1000
    for word in (b'challenge', b'hello', b'uuid', b'second', second.uuid.encode(), b'GET /peer'):
        assert word not in middle.heard, word


def test_who_takes_the_tls_apart_is_noticed(network):
    first = network.node('first', None, (), None, '--supernode', 'yes', G_MESSAGES_DEBUG='all')
    middle = Middle(first, network.folder / 'state-first' / 'tls.pem')
    second = network.node('second', None, [middle], None, '--supernode', 'no')
    first.wait_for_output('the signature does not fit the key in the challenge')
    assert b'GET /peer' in middle.heard and b'"challenge"' in middle.heard
    assert 'primary_supernode_uuid' not in second.get('/node')['node']
    assert [node['uuid'] for node in first.get('/nodes')['nodes']] == ['first']

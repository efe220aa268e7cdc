# SPDX-License-Identifier: BSD-3-Clause
"""A pair of homes: a publisher in one, a viewer in the other, and between them a public supernode and an origin. A test and a bench
run the pairs."""
import http.client
import itertools
import socket
import time
import urllib.parse

import astral
import homes
import media
import stun

PUBLIC = 'public'
PLACES = (PUBLIC, homes.FULL_CONE, homes.PORT_RESTRICTED, homes.SYMMETRIC, homes.UDP_BLOCKED)
PAIRS = tuple(itertools.product(PLACES, PLACES))  # (publisher, viewer)
UDP_PLACES = PLACES[:-1]
# A symmetric NAT uses an outside port that the other side cannot be told. It sees the port in a packet, if its own NAT lets that in.
NO_DIRECT_PATH = {(homes.PORT_RESTRICTED, homes.SYMMETRIC), (homes.SYMMETRIC, homes.PORT_RESTRICTED), (homes.SYMMETRIC, homes.SYMMETRIC)}
DIRECT = set(itertools.product(UDP_PLACES, UDP_PLACES)) - NO_DIRECT_PATH
SUPERNODE = 'supernode'
ASK_AGAIN = 0.2  # seconds after a refusal
_numbers = itertools.count(1)


def place(network, kind, **cable):
    """A machine at a place of that kind."""
    return network.machine(**cable) if kind == PUBLIC else homes.Home(network, kind, **cable).host


def wait_until_nat_is_known(node):
    """A second after its start a node has found out what its NAT does."""
    def known():
        nat = node.get('/node')['node']
        return nat.get('udp') == 'open' or 'nat_filtering' in nat
    astral.wait_until(known, f'{node.name} to know its NAT')


class Internet:
    """What all pairs share: the origin, the supernode, and with `with_stun` a STUN server, each on a machine of its own. Without a
    supernode the origin carries the signalling."""

    def __init__(self, network, with_stun=False, with_supernode=True):
        self.network = network
        self.options = ('--stun', stun.serve(network.machine())) if with_stun else ()
        self.origin_machine = network.machine()
        self.origin = self.origin_machine.origin()
        self.primary = SUPERNODE if with_supernode else astral.ORIGIN
        if not with_supernode:
            return
        self.supernode = network.machine().node(SUPERNODE, self.origin, (), None, '--supernode', 'yes', *self.options)
        astral.wait_until(lambda: SUPERNODE in [node['uuid'] for node in self.origin.get('/nodes')['nodes']], 'the supernode to be known')


class Pair:
    """The nodes of a publisher and a viewer on two machines, with a stream of their own. `options`: of each of the two."""

    def __init__(self, internet, publisher, viewer, options=((), ())):
        number = next(_numbers)
        self.slug = f'talk-{number}'
        self._machines = (publisher, viewer)
        self.publisher, self.viewer = (machine.node(f'{name}-{number}', internet.origin, (), None, *internet.options, *own)
                                       for machine, name, own in zip(self._machines, ('publisher', 'viewer'), options))
        for node in (self.publisher, self.viewer):
            astral.wait_until(lambda node=node: node.supernode() == internet.primary,
                              f'{node.name} to be a child of {internet.primary}', 40)

    def publish(self):
        """Returns when the viewer knows that the stream is live."""
        media.publish_test_picture(self._machines[0], self.publisher, self.slug)
        astral.wait_until(lambda: (self.viewer.stream(self.slug) or {}).get('streaming'), 'the viewer to know that the stream is live')

    def play(self, count, seconds):
        """Plays the stream as MPEG-TS over HTTP, as a player at home does, and asks again when the node refuses. Returns the seconds from
        the first request to the first byte, when `count` bytes have come. Fails after `seconds`."""
        here = urllib.parse.urlsplit(self.viewer.url).hostname, self.viewer.port
        begin = time.monotonic()
        came, said = None, 'nothing'

        def played():
            nonlocal came, said
            player = http.client.HTTPConnection(*here)
            player.sock = self._machines[1].namespace.do(socket.create_connection, here)
            player.sock.settimeout(max(0.1, begin + seconds * astral.PATIENCE - time.monotonic()))
            try:
                player.request('GET', f'/stream/{self.slug}/live.ts')
                answer = player.getresponse()
                got = answer.read(1)
                came = came or time.monotonic() - begin
                if answer.status == 200:
                    got += answer.read(count - 1)
                    return len(got) == count
                came, said = None, (answer.status, got + answer.read(300))
            except (OSError, http.client.HTTPException) as error:
                said = error
            finally:
                player.close()
            return False
        try:
            astral.wait_until(played, f'{count} bytes', seconds, ASK_AGAIN)
        except astral.Failure as failure:
            raise astral.Failure(f'{failure}; the node said: {said!r}') from failure
        return came

    def parent(self):
        """Who feeds the viewer."""
        active = (ticket for ticket in self.viewer.tickets() if ticket['stream'] == self.slug and ticket['held'] and ticket['role'] == 'active')
        return next((ticket['source'] for ticket in active), None)

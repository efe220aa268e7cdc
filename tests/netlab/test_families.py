# SPDX-License-Identifier: BSD-3-Clause
"""A publisher and a viewer with IPv4, IPv6 or both, and one supernode that has both. Two nodes with a common family are linked directly;
for the others a node that has both is asked to relay."""
import types

import pytest

import astral
import homes
import pairs
from homes import PORT_RESTRICTED, SYMMETRIC

IPV4, IPV6, DUAL = 'IPv4', 'IPv6', 'dual'
COUNT = 100_000  # bytes: nearly a second of the stream
SECONDS = 20
NARROW = ('--upstream-limit', 1)  # KB/s: it cannot relay
WHY = 'it has IPv6 only, this node IPv4 only'


class Net:
    """A supernode that has both, and machines that find it by the family that they have."""

    def __init__(self, network, *options):
        self._network = network
        machine = network.machine()
        self._six = f'http://[{homes.make_dual(machine)}]:8000'
        machine.listen = '::'
        self.supernode = machine.node(pairs.SUPERNODE, None, (), None, '--supernode', 'yes', *options)
        self._four = self.supernode.public_url

    def machine(self, families):
        """A machine, and the options of a node there."""
        machine = self._network.machine()
        machine.listen = '::'
        if families != IPV4:
            address = homes.make_dual(machine)
        if families == IPV6:
            homes.make_ipv6_only(machine, address)
        return machine, ('--bootstrap', self._six if families == IPV6 else self._four)

    def pair(self, publisher, viewer):
        """Of two machines with the options of a node there."""
        internet = types.SimpleNamespace(origin=None, options=(), primary=pairs.SUPERNODE)
        made = pairs.Pair(internet, publisher[0], viewer[0], (publisher[1], viewer[1]))
        made.publish()
        return made

    def relay(self, families, *options):
        """One more node that anybody can reach."""
        machine, bootstrap = self.machine(families)
        node = machine.node('relay-' + families.lower(), None, (), None, *bootstrap, *options)
        pairs.wait_until_nat_is_known(node)
        astral.wait_until(lambda: node.supernode() == pairs.SUPERNODE, f'{node.name} to be a child', 40)
        return node

    def home(self, kind):
        """A home's host that has both."""
        home = homes.Home(self._network, kind)
        home.make_dual(home.host)
        home.host.listen = '::'
        return home.host, ('--bootstrap', self._four)


def says(node):
    info = node.get('/node')['node']
    return info.get('ipv4', False), info.get('ipv6', False)


@pytest.mark.parametrize('publisher, viewer', [(IPV4, IPV4), (IPV6, IPV6), (DUAL, DUAL), (IPV4, DUAL), (DUAL, IPV6)])
def test_nodes_with_a_common_family_are_linked_directly(internet, publisher, viewer):
    net = Net(internet)
    pair = net.pair(net.machine(publisher), net.machine(viewer))
    assert [says(node) for node in (net.supernode, pair.publisher, pair.viewer)] == \
           [(kind != IPV6, kind != IPV4) for kind in (DUAL, publisher, viewer)]
    pair.play(COUNT, SECONDS)
    assert pair.parent() == pair.publisher.label


@pytest.mark.parametrize('publisher, viewer', [(IPV6, IPV4), (IPV4, IPV6)])
def test_the_supernode_relays_between_ipv4_and_ipv6(internet, publisher, viewer):
    net = Net(internet, '--seeding', 'no')  # a supernode relays all the same
    pair = net.pair(net.machine(publisher), net.machine(viewer))
    assert pair.play(COUNT, SECONDS) < 2.5 * astral.PATIENCE
    assert pair.parent() == pairs.SUPERNODE


def test_another_node_that_has_both_relays_if_the_supernode_has_no_room(internet):
    net = Net(internet, *NARROW)
    relay = [net.relay(families, '--seeding', 'yes') for families in (IPV4, IPV6, DUAL)][-1]
    pair = net.pair(net.machine(IPV6), net.machine(IPV4))
    pair.play(COUNT, SECONDS)
    assert pair.parent() == relay.label


def test_without_a_node_that_has_both_and_may_relay_the_viewer_hears_why(internet):
    net = Net(internet, *NARROW)
    net.relay(DUAL)  # it does not relay for strangers
    pair = net.pair(net.machine(IPV6), net.machine(IPV4))

    def told():
        return WHY in str(pair.viewer.call('POST', f'/stream/{pair.slug}/tickets', {}).json)
    astral.wait_until(told, 'the viewer to hear why', 10)


@pytest.mark.parametrize('kind', [PORT_RESTRICTED, SYMMETRIC])
def test_dual_homes_meet_over_ipv6_whatever_their_nats(internet, kind):
    net = Net(internet)
    pair = net.pair(net.home(kind), net.home(kind))
    pair.play(COUNT, SECONDS)
    assert pair.parent() == pair.publisher.label

# SPDX-License-Identifier: BSD-3-Clause
"""Homes for tests. A home is a router with a NAT, and one or more hosts behind it. The router is a network namespace with nftables; its
outside is at the lab's switch, or behind a carrier's NAT. Every home uses the same private addresses, as homes do."""
import os
import shutil
import subprocess

import astral
import lab

# RFC 4787 names a NAT by two rules. Mapping: to which outside port it maps a host's port. Filtering: who may send to that outside port.
#                     mapping                        filtering
FULL_CONE = 'full cone'              # endpoint-independent           endpoint-independent
RESTRICTED = 'restricted'            # endpoint-independent           address-dependent
PORT_RESTRICTED = 'port-restricted'  # endpoint-independent           address and port-dependent
SYMMETRIC = 'symmetric'              # address and port-dependent     address and port-dependent
UDP_BLOCKED = 'UDP blocked'          # drops UDP; TCP as port-restricted
KINDS = (FULL_CONE, RESTRICTED, PORT_RESTRICTED, SYMMETRIC, UDP_BLOCKED)

# Addresses that no standard reserves: programs treat reserved ones differently. No packet leaves the namespaces.
NET = '11.77.0'
NET6 = '2a0f:77'
GATEWAY6 = 'fe80::1'  # the router's, inside
INSIDE = 'lan'  # the router's device for the home; its outside is lab.PLUG
_nft = shutil.which('nft', path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')

# What the router does with packets that no rule names: those for itself and new ones from outside are dropped. An inbound packet that is
# dropped leaves no trace in conntrack, so it does not take the outside port from the host that sends through it a moment later.
FIREWALL = '''
  chain input { type filter hook input priority filter; policy drop; icmp type echo-request accept; }
  chain forward { type filter hook forward priority filter; policy drop;
    iifname %(outside)s ct state established,related accept
    iifname %(inside)s %(blocked)s accept
    ct status dnat accept
  }'''
# Linux keeps a host's port where it can, and keeps the mapping for the host's packets to others: an endpoint-independent mapping. The reply
# to a packet comes from where the packet went: address and port-dependent filtering. With `fully-random` each destination gets its own port.
RANDOM_PORTS = 'masquerade to :20000-60000 random,fully-random'
# The router learns from each outbound packet. `mapped`: outside port → the host and its port. `contacted`: to whom it was sent from where.
LEARN = '''
  map mapped { type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout 5m; }
  set contacted { type ipv4_addr . inet_service; flags dynamic,timeout; timeout 5m; }
  chain learn { type filter hook postrouting priority srcnat + 1;
    oifname %(outside)s meta l4proto udp update @mapped { udp sport : ct original ip saddr . ct original proto-src }
    oifname %(outside)s meta l4proto udp update @contacted { ip daddr . udp sport }
  }'''
TO_MAPPED = 'dnat ip to udp dport map @mapped'
FILTERS = {FULL_CONE: f'iifname {lab.PLUG} {TO_MAPPED}', RESTRICTED: f'iifname {lab.PLUG} ip saddr . udp dport @contacted {TO_MAPPED}'}

IPV6_FIREWALL = '''
table ip6 router {
  chain forward { type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname %(inside)s %(blocked)s accept
  }
}'''


def names_in_rules(kind):
    return {'inside': INSIDE, 'outside': lab.PLUG, 'blocked': 'meta l4proto != udp' if kind == UDP_BLOCKED else ''}


def rules(kind, address, inside, hairpin=False, forwarded=()):
    """nftables' rules for a router of that kind. `address` is its outside, `inside` the start of the addresses at home. `hairpin`: a host
    reaches another one of the same home by the other's outside address and port, and is seen with its own outside address; this is not
    filtered, in any kind. `forwarded`: ports, of TCP and UDP, that the router's owner has forwarded to the first host."""
    names = names_in_rules(kind)
    inbound = [FILTERS[kind]] if kind in FILTERS else []
    if forwarded:
        ports = ', '.join(map(str, forwarded))
        inbound.insert(0, f'iifname {lab.PLUG} meta l4proto {{ tcp, udp }} th dport {{ {ports} }} dnat to {inside}.2')
    if hairpin:
        inbound.append(f'iifname {INSIDE} ip daddr {address} {TO_MAPPED}')
    outbound = [f'oifname {lab.PLUG} masquerade', f'ip saddr {inside}.0/24 oifname {INSIDE} ct status dnat snat to {address}']
    if kind == SYMMETRIC:
        outbound.insert(0, f'oifname {lab.PLUG} meta l4proto udp {RANDOM_PORTS}')
    lines = '\n    '.join
    return f'''table ip router {{{FIREWALL % names}{LEARN % names if inbound else ''}
  chain inbound {{ type nat hook prerouting priority dstnat;
    {lines(inbound)}
  }}
  chain outbound {{ type nat hook postrouting priority srcnat;
    {lines(outbound)}
  }}
}}'''


def check():
    if not _nft:
        raise lab.Missing('nft is missing (Debian: nftables)')


def allow(namespace, *names):
    """Sets parameters of the namespace's network to 1. Their names are paths below /proc/sys/net."""
    def write():
        for name in names:
            with open(f'/proc/sys/net/{name}', 'w', encoding='ascii') as file:
                file.write('1')
    try:
        namespace.do(write)
    except OSError as error:
        raise lab.Missing(f'a router cannot be set up: {error}') from error


class Router:
    """A router of one kind. Its outside is `address` and its inside `inside`.1."""

    def __init__(self, network, kind, inside, hairpin=False, forwarded=(), behind=None, **cable):
        """`hairpin`, `forwarded`: see rules(). `behind`: another Router, the carrier's. `cable`: what lab.Lab.plug takes."""
        check()
        self.kind, self.inside = kind, inside
        self._attached, self._carries_ipv6 = 0, False
        self.namespace = network.namespace()
        if behind:
            self.address, self.cable = behind.attach(self.namespace)
        else:
            self.address, self.cable = network.plug(self.namespace, **cable)
        self.namespace.ip('link', 'add', INSIDE, 'up', 'type', 'bridge')
        self.namespace.ip('address', 'add', f'{inside}.1/24', 'dev', INSIDE)
        self.namespace.ip('address', 'add', f'{self.address}/24', 'dev', lab.PLUG)
        self.namespace.ip('link', 'set', lab.PLUG, 'up')
        if behind:
            self.namespace.ip('route', 'add', 'default', 'via', f'{behind.inside}.1')
        allow(self.namespace, 'ipv4/ip_forward')
        self.load(rules(kind, self.address, inside, hairpin, forwarded))

    def load(self, text):
        """Adds rules. A kernel without something that they need is a reason to skip the test; rules that nft cannot read are not."""
        done = subprocess.run([*self.namespace.prefix, _nft, '-f', '-'], input=text, capture_output=True, text=True)
        if 'Could not process rule' in done.stderr:
            raise lab.Missing(f'the kernel refuses the rules of a router ({self.kind}): {done.stderr.strip()}')
        if done.returncode:
            raise astral.Failure(done.stderr)

    def attach(self, namespace):
        """Plugs a namespace in at the inside. Returns what lab.Lab.plug returns."""
        self._attached += 1
        port = f'port{self._attached}'
        namespace.ip('link', 'add', lab.PLUG, 'type', 'veth', 'peer', 'name', port, 'netns', self.namespace.name)

        def cable(pulled):
            self.namespace.ip('link', 'set', port, *(['nomaster'] if pulled else ['master', INSIDE]))
        self.namespace.ip('link', 'set', port, 'master', INSIDE, 'up')
        return f'{self.inside}.{self._attached + 1}', cable

    def carry_ipv6(self, address):
        """Forwards IPv6 for a host inside that has this global address. The host may call others; nobody can call it."""
        if not self._carries_ipv6:
            self._carries_ipv6 = True
            self.namespace.ip('address', 'add', f'{GATEWAY6}/64', 'dev', INSIDE, 'nodad')
            # proxy_delay: of each answer for the hosts, in 10 ms. By default 0.8 s, in which ICE could give up.
            allow(self.namespace, 'ipv6/conf/all/forwarding', f'ipv6/conf/{lab.PLUG}/proxy_ndp', f'ipv6/neigh/{lab.PLUG}/proxy_delay')
            self.namespace.ip('address', 'add', f'{NET6}::{self.address.rsplit(".", 1)[1]}/32', 'dev', lab.PLUG, 'nodad')
            self.load(IPV6_FIREWALL % names_in_rules(self.kind))
        self.namespace.ip('route', 'add', address, 'dev', INSIDE)
        self.namespace.ip('neighbour', 'add', 'proxy', address, 'dev', lab.PLUG)


class Home:
    """A router and the hosts behind it, which are lab.Machines."""

    def __init__(self, network, kind, hosts=1, **router):
        self.router = Router(network, kind, '192.168.1', **router)
        self.address = self.router.address
        self.hosts = [self._host(network) for _ in range(hosts)]
        self.host = self.hosts[0]

    def _host(self, network):
        namespace = network.namespace()
        host = network.keep(namespace, *self.router.attach(namespace))
        namespace.ip('route', 'add', 'default', 'via', f'{self.router.inside}.1')
        return host

    def make_dual(self, host):
        """Gives a host a global IPv6 address, beside its private IPv4 address. Returns it."""
        outside, number = self.address.rsplit('.', 1)[1], host.address.rsplit('.', 1)[1]
        address = f'{NET6}:{outside}::{number}'
        host.namespace.ip('address', 'add', f'{address}/128', 'dev', lab.PLUG, 'nodad')
        self.router.carry_ipv6(address)
        host.namespace.ip('route', 'add', 'default', 'via', GATEWAY6, 'dev', lab.PLUG)
        return address


def carrier(network, kind=PORT_RESTRICTED, **cable):
    """A carrier's NAT. Homes are put behind it with `behind=`; RFC 6598 has the addresses between it and them."""
    return Router(network, kind, '100.64.0', **cable)


def make_dual(machine):
    """Gives a machine at the switch an IPv6 address beside its IPv4 address. Returns it."""
    address = f'{NET6}::{machine.address.rsplit(".", 1)[1]}'
    machine.namespace.ip('address', 'add', f'{address}/32', 'dev', lab.PLUG, 'nodad')
    return address


def make_ipv6_only(machine, address):
    """Takes the IPv4 address from a machine that make_dual() gave an IPv6 `address`. Nodes there listen on IPv6."""
    machine.namespace.ip('address', 'del', f'{machine.address}/24', 'dev', lab.PLUG)
    machine.address, machine.listen = f'[{address}]', '::'

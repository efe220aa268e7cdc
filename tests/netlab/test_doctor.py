# SPDX-License-Identifier: BSD-3-Clause
"""`astralctl doctor` at homes of each kind: what it says of the NAT, and what it advises."""
import contextlib
import re

import pytest

import astral
import homes
import pairs

FORWARD = r'- Forward UDP port 8000 and TCP port 8000 to this machine \(192\.168\.1\.2\) on your router'
HOMES = {
    pairs.PUBLIC: ('strangers can reach it', 'reachable: +yes, at .*:8000', 'none', '- Other nodes reach this one: nothing to do'),
    homes.FULL_CONE: ('strangers can reach it', 'reachable: +yes, at ', 'none, or one that lets everybody in', '- Other nodes reach this one'),
    homes.PORT_RESTRICTED: ('a NAT or a firewall', 'reachable: +no: a NAT is before it', 'port-restricted', FORWARD),
    homes.SYMMETRIC: ('a NAT or a firewall', 'reachable: +no: a NAT is before it', 'symmetric', FORWARD),
    homes.UDP_BLOCKED: ('no STUN server answers', 'reachable: +no: UDP is blocked', 'UDP does not pass', '- UDP is blocked, so links go over TCP to and from supernodes'),
}


@pytest.fixture(scope='module')
def internet_of_pairs(shared_internet):
    """With a second supernode, which is the third STUN server."""
    with contextlib.closing(shared_internet.part()) as part:
        made = pairs.Internet(part)
        part.machine().node('third', made.origin, (), None, '--supernode', 'yes')
        astral.wait_until(lambda: len(made.origin.get('/nodes')['nodes']) == 2, 'both supernodes to be known')
        yield made


@pytest.fixture
def network(internet_of_pairs):
    with contextlib.closing(internet_of_pairs.network.part()) as made:
        yield made


@pytest.mark.parametrize('kind', HOMES)
def test_the_doctor_knows_the_kind_of_nat(internet_of_pairs, network, kind):
    found, reachable, nat, advice = HOMES[kind]
    machine = pairs.place(network, kind)
    node = machine.node(kind.replace(' ', '-'), internet_of_pairs.origin)
    node.wait_for_output(found, 40)

    def said():
        text = machine.run(astral.program('astralctl'), '--node', node.url, 'doctor')
        return all(re.search(pattern, text, re.M) for pattern in (f'^{reachable}', f'^NAT: +{nat}', f'^{advice}'))
    astral.wait_until(said, f'the doctor to say {nat!r}', 40)

# SPDX-License-Identifier: BSD-3-Clause
"""A supernode takes as many children as its capacity, and no more. children_bench of tests/bench opens their WebSockets."""
import json

import astral

CAPACITY = 300
LONG_SECONDS = 3600


def start_children(network, supernode, name, count, seconds):
    return network.start(name, [astral.BUILD / 'tests' / 'bench' / 'children_bench', supernode.port, supernode.pid, count, seconds])


def test_a_supernode_takes_its_capacity_and_refuses_one_more(network):
    supernode = network.node('s', None, (), None, '--supernode', 'yes', '--capacity', CAPACITY)

    def is_full():
        return supernode.get('/node')['node']['children'] == CAPACITY
    children = start_children(network, supernode, 'children', CAPACITY, LONG_SECONDS)
    astral.wait_until(is_full, f'{CAPACITY} children to be registered', 40)
    one_more = start_children(network, supernode, 'one-more', 1, 0)
    assert one_more.wait() == 1
    said = json.loads(one_more.output.splitlines()[-1])
    assert (said['registered'], said['full'], said['lost']) == (0, 1, 0), said
    assert is_full() and children.running(), children.output

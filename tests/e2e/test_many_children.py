# SPDX-License-Identifier: BSD-3-Clause
"""A supernode holds as many children as it says it does, and no more. The children are tests/bench's: real WebSockets."""
import json

import astral

CAPACITY = 300
LONG = 3600


def come(network, supernode, name, count, seconds):
    return network.start(name, [astral.BUILD / 'tests' / 'bench' / 'children_bench', supernode.port, supernode.pid, count, seconds])


def test_three_hundred_children_and_one_more(network):
    supernode = network.node('s', None, (), None, '--supernode', 'yes', '--capacity', CAPACITY)

    def taken():
        return supernode.get('/node')['node']['children'] == CAPACITY
    children = come(network, supernode, 'children', CAPACITY, LONG)
    astral.wait_until(taken, f'{CAPACITY} children to be registered', 40)
    one_more = come(network, supernode, 'one-more', 1, 0)
    assert one_more.wait() == 1
    said = json.loads(one_more.output.splitlines()[-1])
    assert (said['registered'], said['full'], said['lost']) == (0, 1, 0), said
    assert taken() and children.running(), children.output

# SPDX-License-Identifier: BSD-3-Clause
"""A publisher at home, a viewer at home, one public supernode and an origin: the viewer gets the picture, whatever NATs are between.
Where a direct path exists, the publisher feeds the viewer."""
import contextlib

import pytest

import homes
import pairs
from homes import PORT_RESTRICTED, SYMMETRIC

NO_STUN, STUN = 'without STUN', 'with STUN'  # the two runs: whether nodes are started with --stun
COUNT = 100_000  # bytes: nearly a second of the stream
SECONDS = 20


def cell(publisher, viewer, run):
    return pytest.param(publisher, viewer, run, id=f'{publisher} to {viewer} {run}'.replace(' ', '-'))


@pytest.fixture(scope='module')
def internets(shared_internet):
    """Gives the pairs.Internet of a run. Both runs share the switch and nothing else."""
    with contextlib.ExitStack() as ending:
        made = {}

        def of(run):
            if run not in made:
                made[run] = pairs.Internet(ending.enter_context(contextlib.closing(shared_internet.part())), with_stun=run == STUN)
            return made[run]
        yield of


@pytest.fixture
def internet_of_pairs(internets, request):
    return internets(getattr(request, 'param', NO_STUN))


@pytest.fixture
def network(internet_of_pairs):
    """A part for the machines of one pair, so that no node of another pair is there."""
    with contextlib.closing(internet_of_pairs.network.part()) as made:
        yield made


@pytest.mark.parametrize('publisher, viewer, internet_of_pairs', [cell(*pair, run) for run in (NO_STUN, STUN) for pair in pairs.PAIRS],
                         indirect=['internet_of_pairs'])
def test_the_viewer_gets_the_picture(internet_of_pairs, network, publisher, viewer):
    pair = pairs.Pair(internet_of_pairs, pairs.place(network, publisher), pairs.place(network, viewer))
    pair.publish()
    pair.play(COUNT, SECONDS)
    assert pair.parent() in ({pair.publisher.label} if (publisher, viewer) in pairs.DIRECT else {pair.publisher.label, pairs.SUPERNODE})


def test_the_hosts_of_one_home_feed_each_other_inside(internet_of_pairs, network):
    home = homes.Home(network, PORT_RESTRICTED, hosts=2)
    pair = pairs.Pair(internet_of_pairs, *home.hosts)
    pair.publish()
    pair.play(COUNT, SECONDS)
    assert pair.parent() == pair.publisher.label


@pytest.mark.parametrize('kind', [PORT_RESTRICTED, SYMMETRIC])
def test_a_viewer_behind_a_carriers_nat_gets_the_picture(internet_of_pairs, network, kind):
    home = homes.Home(network, PORT_RESTRICTED, behind=homes.carrier(network, kind))
    pair = pairs.Pair(internet_of_pairs, network.machine(), home.host)
    pair.publish()
    pair.play(COUNT, SECONDS)
    assert pair.parent() == pair.publisher.label

# SPDX-License-Identifier: BSD-3-Clause
"""Parents die and nobody notices: source → two relays → viewer, the relay that feeds the viewer is killed, stopped or asked
to leave at random moments and started again, and the bytes at the viewer are the publisher's, all of them."""
import os
import random
import signal

import pytest

import astral
import media
from diamond import Diamond, lose

KILLS = int(os.environ.get('ASTRAL_E2E_KILLS', '3'))
SEED = int(os.environ.get('ASTRAL_E2E_SEED', '0')) or random.randrange(1, 1 << 30)


@pytest.fixture
def diamond(network):
    return Diamond(lambda name: network)


@pytest.mark.parametrize('how', ['killed', 'stopped', 'terminated'])
def test_not_a_byte_is_lost(diamond, how):
    print(f'ASTRAL_E2E_SEED={SEED}')
    moments = random.Random(SEED)
    diamond.start()
    viewer, received = diamond.view()
    media.grows(received, 100_000)
    for _ in range(KILLS):
        parent = astral.wait_until(diamond.ready, 'the viewer to have a relay and another one', 60)
        media.grows(received, moments.randrange(1, 500_000))
        lose(diamond.relays[parent], how)
        media.grows(received, 200_000, 10)
        assert viewer.running(), viewer.output
        diamond.relays[parent].kill()
        diamond.restart(parent)
    media.grows(received, 500_000)
    viewer.end(signal.SIGINT)
    media.grows(diamond.published, 500_000)
    media.assert_exact(received, diamond.published, max_header=64 * 188)

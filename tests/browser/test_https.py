# SPDX-License-Identifier: BSD-3-Clause
"""A node's page by https, on another machine: it plays by every player, and the browser offers the camera."""
import astral
import media
import pytest

from page import in_both


@pytest.fixture
def page_of_elsewhere(network):
    """The https URL of a node's page at the machine's network address, which is another machine for the node and for the browser."""
    address = astral.own_address()
    if not address:
        pytest.skip('this machine has only loopback addresses')
    node = network.node('n', listen='0.0.0.0')
    media.publish_test_picture(network, node, 'talk')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be known')
    return f'https://{address}:{node.port}/'


def test_the_page_plays_by_https(page_of_elsewhere, page):
    page.open(f'{page_of_elsewhere}#watch/talk')
    page.expect_each_player_to_play()
    assert page.console_errors == []


@in_both
def test_the_camera_needs_https(page_of_elsewhere, page):
    page.open(page_of_elsewhere.replace('https:', 'http:'))
    assert page.js('navigator.mediaDevices === undefined')
    page.open(page_of_elsewhere)
    assert page.js('navigator.mediaDevices !== undefined')

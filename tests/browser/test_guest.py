# SPDX-License-Identifier: BSD-3-Clause
"""Somebody on the node's local network, like a phone, opens the node's page: it plays, and it shows nothing that only the owner may do."""
import astral
import media
import pytest

from page import in_both


@pytest.fixture
def seen_from_elsewhere(network):
    """The URL of a node's page at the machine's network address, for which the node takes the caller as another machine."""
    address = astral.own_address()
    if not address:
        pytest.skip('this machine has only loopback addresses')
    publisher = network.node('p')
    node = network.node('n', bootstrap=[publisher], listen='0.0.0.0')
    media.publish_test_picture(network, publisher, 'talk')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be known')
    return f'http://{address}:{node.port}/'


@in_both
def test_a_guest_watches_with_each_player(seen_from_elsewhere, page):
    page.open(f'{seen_from_elsewhere}#watch/talk')
    page.expect_each_player_to_play()
    assert page.console_errors == []


def test_a_guest_sees_no_buttons_of_the_owner(seen_from_elsewhere, page):
    page.open(f'{seen_from_elsewhere}#publish')
    page.wait('the page to know its visitor', lambda: page.js('document.body.classList.contains("guest")'))
    assert page.is_shown('.guests') and not page.is_shown('#publish-form') and not page.is_shown('#own-empty')
    page.open(f'{seen_from_elsewhere}#node')
    page.wait('what only the owner sees', lambda: page.is_shown('#links-secret'))
    assert not page.text('#links') and not page.is_shown('#log') and not page.is_shown('#pipeline')
    assert page.console_errors == []

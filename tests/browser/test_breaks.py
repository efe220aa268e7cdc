# SPDX-License-Identifier: BSD-3-Clause
"""Publisher → node P → node R → node V, and a browser on V's page. What breaks above it, the page waits for over the last
picture, and goes on by itself: never a reload."""
import pytest

import astral
from test_picture import publish
from test_three_nodes import Chain


@pytest.fixture(params=['', 'hls'])
def watched(request, network, page):
    """The chain, and the page on V that plays: with the player of its own choice, or one that it was told."""
    chain = Chain(network)
    publish(network, chain.p, chain.slug)
    chain.connect()
    page.open(f'{chain.v.url}/#watch/{chain.slug}')
    if request.param:
        page.choose(request.param)
    page.expect_moving(2)
    page.driver.execute_script('window.is_the_same_page = true')
    return chain


def expect_going_on(page):
    page.expect_moving(2)
    assert page.overlay == ''
    assert page.js('window.is_the_same_page') is True
    assert page.js('document.querySelectorAll("#screen video:not(.next)").length') == 1


def test_goes_on_when_the_parent_dies(watched, page):
    watched.r.kill()
    astral.wait_until(lambda: (watched.v.ticket(watched.slug) or {}).get('source') == 'p', 'V to have found P', 40)
    expect_going_on(page)
    page.wait('its new parent', lambda: page.text('#fact-parent') == 'p, 1 hop')


def test_waits_for_a_publisher_that_pauses(watched, page):
    assert watched.p.call('PUT', f'/stream/{watched.slug}', {'streaming': False}).status == 200
    page.wait('the overlay', lambda: page.overlay.startswith('The publisher is paused'))
    assert page.state == 'Waiting'
    picture = page.picture()
    assert page.js('document.querySelector("#video").videoWidth') > 0
    page.wait('some looks', lambda: page.js('(window.looks = (window.looks ?? 0) + 1) > 20'))
    assert page.picture() == picture  # the last one stays
    assert watched.p.call('PUT', f'/stream/{watched.slug}', {'streaming': True}).status == 200
    expect_going_on(page)


def test_goes_on_when_the_node_comes_back(watched, page, network):
    port = watched.v.port
    watched.v.kill()
    page.wait('the overlay', lambda: page.overlay.startswith('This node does not answer'))
    network.node('v', watched.origin, [watched.p, watched.r], port=port)
    expect_going_on(page)

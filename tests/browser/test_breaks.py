# SPDX-License-Identifier: BSD-3-Clause
"""Publisher → node P → node R → node V, and a browser on V's page. If playback stalls, the page keeps the last picture, and goes on
without a reload."""
import pytest

import astral
from test_picture import publish
from test_three_nodes import Chain


@pytest.fixture(params=['', 'hls'])
def watched(request, network, page):
    """The chain, and V's page, which plays: with the player that the page chooses, or with one that the test chooses."""
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
    page.wait('the overlay to go', lambda: page.overlay == '')
    page.expect_moving(2)
    assert page.js('window.is_the_same_page') is True
    assert page.js('document.querySelectorAll("#screen video:not(.next)").length') == 1


def test_the_page_goes_on_when_the_parent_is_killed(watched, page):
    watched.r.kill()
    astral.wait_until(lambda: (watched.v.ticket(watched.slug) or {}).get('source') == 'p', 'V to get the stream from P', 40)
    expect_going_on(page)
    page.wait('the new parent', lambda: page.text('#fact-parent') == 'p, 1 hop')


def test_the_page_keeps_the_last_picture_while_the_publisher_pauses(watched, page):
    assert watched.p.call('PUT', f'/stream/{watched.slug}', {'streaming': False}).status == 200
    page.wait('the overlay', lambda: page.overlay.startswith('The publisher has paused'))
    assert page.state == 'Waiting'
    picture = page.picture()
    assert page.js('document.querySelector("#video").videoWidth') > 0
    page.wait('20 polls', lambda: page.js('(window.looks = (window.looks ?? 0) + 1) > 20'))
    assert page.picture() == picture
    assert watched.p.call('PUT', f'/stream/{watched.slug}', {'streaming': True}).status == 200
    expect_going_on(page)


def test_the_page_goes_on_when_the_node_is_restarted(watched, page, network):
    port = watched.v.port
    watched.v.kill()
    page.wait('the overlay', lambda: page.overlay.startswith('This node does not answer'))
    network.node('v', watched.origin, [watched.p, watched.r], port=port)
    expect_going_on(page)

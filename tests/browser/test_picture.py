# SPDX-License-Identifier: BSD-3-Clause
"""Publisher → node P → node R → node V, and a browser on V's page: the picture moves."""
import os

import astral
import media
from test_three_nodes import Chain


def publish(network, node, slug):
    if astral.VTEST.exists():
        return media.publish_vtest(network, node, slug)[0]
    return media.publish_test_picture(network, node, slug)[0]


def test_the_picture_moves_at_the_third_node(network, page):
    chain = Chain(network)
    publish(network, chain.p, chain.slug)
    chain.connect()
    page.open(f'{chain.v.url}/#watch/{chain.slug}')
    page.expect_moving(5)
    assert page.text('#fact-parent') == 'r, 2 hops'
    assert page.text('#streams-count') == '1 stream'
    one = page.driver.find_element('id', 'screen').screenshot_as_png
    page.wait('another screenshot', lambda: page.driver.find_element('id', 'screen').screenshot_as_png != one)
    assert page.console_errors == []
    if 'ASTRAL_SCREENSHOT' in os.environ:  # the README's
        page.save_by_night(os.environ['ASTRAL_SCREENSHOT'])


def test_the_page_draws_the_network_of_a_real_node(network, page):
    chain = Chain(network)
    page.open(chain.r.url)
    drawn = lambda: page.js('''[...document.querySelectorAll("#network-picture .ticket")].map(
        ({dataset}) => [dataset.stream, dataset.source, dataset.destination].join(" ")).sort()''')
    page.wait('its neighbours', lambda: set(page.js(
        '[...document.querySelectorAll("#network-picture .peer")].map(one => one.dataset.uuid)')) == {'p', 'r', 'v'})
    page.wait('events', lambda: page.js('document.querySelector("#node").classList.contains("live")'))
    publish(network, chain.p, chain.slug)
    page.wait('the stream', lambda: 'Live' in page.text('#stream-list'))
    chain.connect()
    page.wait('its way', lambda: drawn() == ['talk p r', 'talk r v'])
    assert page.js('[...document.querySelectorAll("#network-picture .hops")].map(one => one.textContent).sort()') == ['1', '2']
    assert chain.v.call('DELETE', '/stream/talk/ticket').status == 200
    page.wait('the end of the second ticket', lambda: drawn() == ['talk p r'])
    assert page.console_errors == []


def test_the_policy_comes_with_the_page(network):
    policy = network.node('v').call('GET', '/').headers['Content-Security-Policy']
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert 'unsafe' not in policy and 'http:' not in policy and '*' not in policy


def test_the_page_goes_on_with_a_publisher_that_comes_back(network, page):
    p = network.node('p')
    publisher = publish(network, p, 'talk')
    astral.wait_until(lambda: (p.stream('talk') or {}).get('streaming'), 'the stream to be live')
    page.open(f'{p.url}/#watch/talk')
    page.expect_moving(1)
    publisher.end(2)
    page.wait('the veil', lambda: page.state == 'Waiting' and page.veil)
    publish(network, p, 'talk')
    page.expect_moving()
    # Chromium itself notes every refusal by the node.
    assert [line for line in page.console_errors if 'Failed to load resource' not in line] == []

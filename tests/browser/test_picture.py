# SPDX-License-Identifier: BSD-3-Clause
"""Publisher → node P → node R → node V, and a browser on V's page, which shows the moving picture."""

import astral
import media
from diamond import Diamond
from test_failover import KILLS
from test_three_nodes import Chain


def publish(network, node, slug):
    if astral.FILM.exists():
        return media.publish_film(network, node, slug)[0]
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


def test_the_low_latency_hls_player_loads_parts(network, page):
    chain = Chain(network)
    publish(network, chain.p, chain.slug)
    chain.connect()
    page.open(f'{chain.v.url}/#watch/{chain.slug}')
    page.choose('llhls')
    page.wait('low-latency HLS', lambda: page.player == 'Low-latency HLS')
    page.expect_moving(5)
    asked = page.js('performance.getEntriesByType("resource").map(({name}) => new URL(name)).map(url => url.pathname + url.search)')
    media_files = [name for name in asked if name.endswith('.ts')]
    parts = [name for name in media_files if name.count('.') == 2]
    assert len(parts) > 10 and len(parts) > len(media_files) - len(parts)
    assert sum('_HLS_msn=' in name for name in asked) > 10
    assert page.player == 'Low-latency HLS'
    assert page.console_errors == []


def test_hls_plays_without_a_stall_while_relays_are_killed(network, page):
    """HLS buffers a second, which is longer than a failover takes."""
    diamond = Diamond(lambda name: network)
    diamond.start()
    page.open(f'{diamond.v.url}/#watch/{diamond.slug}')
    page.choose('hls')
    page.expect_moving(6)  # until the buffer is full
    page.driver.execute_script('''
        const video = document.querySelector("video");
        window.breaks = [];
        for (const name of ["waiting", "stalled", "seeking", "pause", "error"])
          video.addEventListener(name, () => window.breaks.push(`${name} at ${video.currentTime}`));''')
    for _ in range(KILLS):
        parent = page.wait('a parent and a standby', diamond.ready, 60)
        diamond.relays[parent].kill()
        page.expect_moving(3)
        diamond.restart(parent)
    assert page.js('window.breaks') == []
    assert page.js('document.querySelector("video").getVideoPlaybackQuality().droppedVideoFrames') < 30  # headless Chromium drops some


def test_the_page_draws_the_network_of_a_real_node(network, page):
    chain = Chain(network)
    page.open(f'{chain.r.url}/#network')
    drawn = lambda: sorted(astral.labelled(page.js('''[...document.querySelectorAll("#network-picture .ticket")].map(
        ({dataset}) => [dataset.stream, dataset.source, dataset.destination])''')))
    page.wait('three nodes', lambda: set(astral.labelled(page.js(
        '[...document.querySelectorAll("#network-picture .peer")].map(one => one.dataset.uuid)'))) == {'p', 'r', 'v'})
    page.wait('their labels', lambda: sorted(page.js(
        '[...document.querySelectorAll("#network-picture .peer .label")].map(one => one.textContent)')) == ['p', 'r', 'v'])
    page.wait('events', lambda: page.js('document.querySelector("#node").classList.contains("live")'))
    publish(network, chain.p, chain.slug)
    page.wait('the stream', lambda: 'Live' in page.text('#stream-list'))
    chain.connect()
    page.wait('two tickets', lambda: drawn() == [['talk', 'p', 'r'], ['talk', 'r', 'v']])
    assert page.js('[...document.querySelectorAll("#network-picture .hops")].map(one => one.textContent).sort()') == ['1', '2']
    assert chain.v.call('DELETE', '/stream/talk/ticket').status == 200
    page.wait('the end of the second ticket', lambda: drawn() == [['talk', 'p', 'r']])
    assert page.console_errors == []


def test_a_node_sends_the_content_security_policy_with_its_page(network):
    policy = network.node('v').call('GET', '/').headers['Content-Security-Policy']
    assert "default-src 'none'" in policy and "script-src 'self' 'wasm-unsafe-eval';" in policy  # Graphviz is WebAssembly
    assert 'unsafe' not in policy.replace("'wasm-unsafe-eval'", '') and 'http:' not in policy and '*' not in policy


def test_the_page_says_that_a_stream_has_ended_and_plays_when_it_begins_again(network, page):
    p = network.node('p')
    publisher = publish(network, p, 'talk')
    astral.wait_until(lambda: (p.stream('talk') or {}).get('streaming'), 'the stream to be live')
    page.open(f'{p.url}/#watch/talk')
    page.expect_moving(1)
    publisher.end(2)
    page.wait('the end', lambda: page.state == 'Ended' and 'has ended' in page.overlay)
    assert page.text('#fact-latency') == '–'
    publish(network, p, 'talk')
    page.expect_moving()
    # Chromium itself logs every error status of the node.
    assert [line for line in page.console_errors if 'Failed to load resource' not in line] == []

# SPDX-License-Identifier: BSD-3-Clause
"""The node's page, against a fake node whose behaviour the test chooses."""

import urllib.parse


def test_the_page_plays_the_stream_in_its_address(node, page):
    page.open(node.url + '#watch/demo')
    page.expect_moving()
    assert page.text('#watch-name') == 'Demo'
    assert page.js('document.title') == 'Demo · Astral'
    assert '77aa01d2' in page.text('#fact-parent') and '2 hops' in page.text('#fact-parent')
    page.wait('the latency', lambda: page.text('#fact-latency').endswith(' s'))
    assert page.text('#fact-picture') == '320 × 180'
    assert page.js('document.querySelector("video").muted')
    assert page.console_errors == []


def test_the_page_names_the_streams_key_and_warns_of_another_one(node, page):
    node.streams[0] |= {'fingerprint': 'ab' * 32, 'others': [{'slug': 'demo~cdef', 'name': 'Mine', 'source': 'elsewhere', 'fingerprint': 'cdef' * 16}]}
    page.open(node.url + '#watch/demo')
    page.wait('the warning', lambda: 'demo~cdef of node elsewhere' in page.text('#watch-warnings'))
    page.js('document.querySelector("details.ways").open = true')
    assert page.text('#watch-fingerprint') == 'ab' * 32
    node.streams[0] = {**node.streams[0], 'others': [{'slug': 7}], 'fingerprint': None}
    node.tell({'type': 'stream', 'data': {'slug': 'demo'}})
    page.wait('no warning', lambda: not page.is_shown('#watch-warnings') and not page.is_shown('#watch-key'))
    assert page.console_errors == []


def test_the_page_loads_nothing_from_another_server(node, page):
    page.open(node.url + '#watch/demo')
    page.expect_moving(1)
    addresses = page.js('performance.getEntriesByType("resource").map(entry => entry.name)')
    assert {urllib.parse.urlsplit(address).netloc for address in addresses} == {f'127.0.0.1:{node.port}'}
    assert ('GET', '/favicon.svg') in node.requests and ('GET', '/hls.js') in node.requests


def test_the_content_security_policy_is_enforced(node, page):
    page.open(node.url)
    page.wait('the list', lambda: 'Demo' in page.text('#stream-list'))
    assert page.console_errors == []
    page.js('''(() => {
        window.refused = [];
        document.addEventListener("securitypolicyviolation", event => window.refused.push(event.effectiveDirective));
        const inline = document.createElement("script");
        inline.textContent = "window.ran = true";
        document.body.append(inline);
        const image = document.createElement("img");
        image.src = "http://localhost:1/elsewhere.png";
        document.body.append(image);
    })()''')
    page.wait('two violations', lambda: len(page.js('window.refused')) >= 2)
    assert page.js('window.ran ?? false') is False
    assert sorted(page.js('window.refused')) == ['img-src', 'script-src-elem']


def test_the_list_changes_when_streams_come_and_go(node, page):
    page.open(node.url)
    page.wait('the list', lambda: page.text('#streams-count') == '1 stream')
    assert 'MPEG-TS · 620 kbit/s · 3 viewers' in page.text('#stream-list')
    page.js('document.querySelector("#stream-list a").focus()')
    page.wait('events', lambda: page.js('document.querySelector("#node").classList.contains("live")'))
    node.streams.append({'slug': 'a-talk', 'name': '<b>A talk</b>', 'source': UUID_OF_NOBODY, 'streaming': False})
    node.tell({'type': 'stream', 'data': {'slug': 'a-talk'}})
    page.wait('the second stream', lambda: page.text('#streams-count') == '2 streams', 5)
    assert '<b>A talk</b>' in page.text('#stream-list')  # markup in a name is shown as text
    assert page.js('document.activeElement.hash') == '#watch/demo'  # the focus stays
    node.streams.clear()
    node.tell({'type': 'stream', 'data': {'slug': 'demo'}})
    page.wait('an empty list', lambda: page.is_shown('#streams-empty'), 5)


def test_a_stream_is_opened_and_closed_with_the_keyboard(node, page):
    from selenium.webdriver.common.keys import Keys
    page.open(node.url)
    page.wait('the list', lambda: 'Demo' in page.text('#stream-list'))
    assert not page.is_shown('#watch')
    page.driver.find_element('css selector', '#stream-list a').send_keys(Keys.ENTER)
    page.expect_moving(1)
    assert page.js('document.activeElement.id') == 'screen'
    page.driver.find_element('link text', 'Close').send_keys(Keys.ENTER)
    page.wait('the player to close', lambda: not page.is_shown('#watch'))
    assert page.js('document.title') == 'Astral'


def test_the_page_keeps_the_last_picture_while_the_stream_stalls(node, page):
    page.open(node.url + '#watch/demo')
    page.expect_moving(1)
    node.stand_still()
    page.wait('the overlay', lambda: page.overlay == 'Waiting for the stream…')
    assert page.state == 'Waiting'
    assert page.js('document.querySelector("video").videoWidth') == 320  # still there
    node.go_on()
    page.expect_moving()
    assert page.overlay == ''
    assert page.console_errors == []


def test_the_page_asks_again_when_no_node_has_upstream(node, page):
    node.has_room = False
    page.open(node.url + '#watch/demo')
    page.wait('the reason', lambda: page.overlay.startswith('No node can forward'))
    node.has_room = True
    page.expect_moving(1)


def test_the_page_waits_for_a_stream_that_does_not_exist_yet(node, page):
    streams, node.streams = node.streams, []
    page.open(node.url + '#watch/demo')
    page.wait('the reason', lambda: page.overlay.startswith('This stream is not live'))
    node.streams = streams
    page.expect_moving(1)


def test_the_page_goes_on_when_the_node_is_restarted(node, page):
    page.open(node.url + '#watch/demo')
    page.expect_moving(1)
    node.close()
    page.wait('the error', lambda: page.text('#node-text').startswith('This node does not answer'))
    page.wait('the overlay', lambda: page.state == 'Waiting')
    node.start()
    page.expect_moving()
    page.wait('events', lambda: page.js('document.querySelector("#node").classList.contains("live")'))


def test_the_page_says_why_a_stream_cannot_be_played(node, page):
    node.fits_hls = False
    page.open(node.url + '#watch/demo')
    page.wait('the reason', lambda: page.state == 'Cannot be played')
    assert 'fit neither HLS' in page.overlay


def test_the_publish_commands_contain_the_slug_of_the_name(node, page):
    page.open(node.url + '#publish')
    box = page.driver.find_element('id', 'publish-name')
    box.clear()
    box.send_keys('Прямой эфир')
    page.wait('the slug that the node makes', lambda: page.text('#obs-key') == '11-letters')
    assert f'uri=astral://127.0.0.1:{node.port}/11-letters ' in page.text('#command-gst')
    page.wait('the server', lambda: page.text('#obs-server') == 'rtmp://127.0.0.1/astral')
    assert 'rtmp://127.0.0.1/astral/11-letters' in page.text('#command-ffmpeg')
    box.clear()
    box.send_keys('   ')
    assert page.text('#obs-key') == '11-letters'  # a blank name has no slug


def test_the_page_fits_the_width_of_a_phone(node, page):
    try:
        page.driver.set_window_size(500, 800)  # 500 is the smallest width of headless Chromium
        page.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride',
                                    {'width': 360, 'height': 740, 'deviceScaleFactor': 2, 'mobile': True})
        page.open(node.url + '#watch/demo')
        page.expect_moving(1)
        assert page.js('document.documentElement.scrollWidth') <= 360
    finally:
        page.driver.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})
        page.driver.set_window_size(1280, 960)


UUID_OF_NOBODY = '00000000-nobody'

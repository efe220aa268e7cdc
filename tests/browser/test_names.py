# SPDX-License-Identifier: BSD-3-Clause
"""Names and descriptions as people write them: long, without a space, from right to left. Nothing is wider than a phone, nothing is lost."""

import pytest

from fake_node import PARENT, UUID

PHONE = 390
WORD = 'x' * 200
SENTENCE = 'A talk about everything that there is to say about live video between neighbours. ' * 11
RTL = 'בוקר טוב (live) 123'
NODE_PAGES = ('#streams', '#watch/demo', '#watch/word', '#publish', '#network', '#node')
ORIGIN_PAGES = ('/', '/stream/word', '/stream/rtl', '/stream/word/publish', '/upload', '/nodes', '/visualization', '/download', '/about')


@pytest.fixture
def phone(driver, page):
    driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride',
                           {'width': PHONE, 'height': 844, 'deviceScaleFactor': 2, 'mobile': True})
    yield page
    driver.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})


def too_wide(page):
    """What reaches beyond the page, without what scrolls or is cut inside of an element that does not."""
    return page.js('''(() => {
        const limit = document.documentElement.clientWidth;
        const scrolls = (one) => one && one !== document.body && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
        const found = [...document.body.querySelectorAll("*")].filter((one) => one.checkVisibility() && !scrolls(one.parentElement)
            && one.getBoundingClientRect().right > limit + 0.5).map((one) => one.outerHTML.slice(0, 120));
        return document.documentElement.scrollWidth > limit ? ["the page", ...found] : found;
    })()''')


@pytest.fixture
def named(node):
    """A node whose streams have such names, on every page."""
    video = {'codec': 'h264', 'width': 320, 'height': 180, 'framerate': '25/1'}
    node.streams[0] |= {'name': RTL, 'description': SENTENCE}
    node.streams.append({'slug': 'word', 'name': WORD, 'description': WORD * 5, 'source': UUID, 'streaming': True, 'video': video,
                         'warnings': [f'{WORD} is long.']})
    node.streams.append({'slug': 'a' * 48, 'name': SENTENCE[:200], 'source': UUID, 'streaming': False})
    node.tickets.append(node.ticket('a' * 48, UUID, PARENT, 1, 'standby', 'standby'))
    node.others.append({'uuid': 'u' * 64, 'ip_address': '2001:db8:1234:5678:9abc:def0:1234:5678', 'port': 65535, 'supernode': True,
                        'rtt_ms': 1, 'version': '0.1.0'})
    node.log = [{'time': 1795416543000, 'level': 'warning', 'text': f'{WORD} {RTL}'}]
    node.pipelines = [{'stream': 'a' * 48, 'name': 'players of ' + 'a' * 60, 'dot': 'digraph { a -> b }'}]
    return node


@pytest.mark.parametrize('view', NODE_PAGES)
def test_nothing_on_a_nodes_page_is_wider_than_a_phone(named, phone, view):
    phone.open(named.url + view)
    phone.wait('events', lambda: phone.js('document.querySelector("#node").classList.contains("live")'))
    if view == '#node':
        phone.wait('the pipelines', lambda: phone.js('document.querySelector("#pipeline").options.length') == 1)
    if view == '#watch/demo':
        phone.expect_moving(1)
        phone.js('document.querySelector("#ways").parentElement.open = true')
    assert too_wide(phone) == []


@pytest.mark.parametrize('path', ORIGIN_PAGES)
def test_nothing_on_an_origins_page_is_wider_than_a_phone(network, phone, path):
    origin = network.origin()
    assert origin.call('POST', '/nodes', {'uuid': 'u' * 64, 'ip_address': '2001:db8:1234:5678:9abc:def0:1234:5678', 'port': 65535,
                                          'supernode': True, 'version': '0.1.0'}).status == 201
    for slug, name in (('word', WORD), ('rtl', RTL), ('a' * 48, SENTENCE[:200])):
        assert origin.call('POST', '/streams', {'slug': slug, 'name': name, 'description': WORD * 5, 'source': 'u' * 64,
                                                'streaming': True, 'media': 'm' * 200, 'bitrate_kbps': 123456}).status == 201
    phone.open(origin.url + path)
    assert too_wide(phone) == []
    if path == '/':
        assert 'Since' in phone.text('#streams thead') and phone.js('document.querySelector("#streams tbody").innerText').count('live') >= 3


def test_a_name_stands_apart_from_the_text_around_it(named, page):
    page.open(named.url + '#watch/demo')
    page.wait('the name', lambda: page.text('#watch-name') == RTL)
    for place in ('#watch-name', '#stream-list .name', '#watch-description', '#stream-list .description'):
        assert page.js('getComputedStyle(document.querySelector(arguments[0])).unicodeBidi', place) in ('isolate', 'plaintext'), place
    assert page.js('getComputedStyle(document.querySelector("#watch-name")).direction') == 'rtl'
    assert page.js('getComputedStyle(document.querySelector("#watch-description")).direction') == 'ltr'


def test_a_long_description_is_cut_and_can_be_read_to_its_end(named, phone):
    page = phone
    page.open(named.url + '#watch/demo')
    height = 'document.querySelector("#watch-description").clientHeight'
    page.wait('the button', lambda: page.is_shown('#watch-more'))
    cut = page.js(height)
    assert cut < 150 and page.text('#watch-more') == 'Show all'
    page.js('document.querySelector("#watch-more").click()')
    page.wait('all of it', lambda: page.text('#watch-more') == 'Show less')
    assert page.js(height) > 2 * cut and page.text('#watch-description').strip() == SENTENCE.strip()
    page.js('document.querySelector("#watch-more").click()')
    assert page.js(height) == cut
    for place, text in (('.name', RTL), ('.description', SENTENCE)):
        row = f'#stream-list a[href="#watch/demo"] {place}'
        assert page.js('document.querySelector(arguments[0]).title', row) == text
        assert page.js('document.querySelector(arguments[0]).clientHeight', row) < 100

# SPDX-License-Identifier: BSD-3-Clause
"""Players that have fallen behind come back to live, and the page tells the truth about how far behind they are."""

import astral
import pytest
from selenium.webdriver.common.keys import Keys

from test_picture import publish

AT_LIVE_S = {'llhls': 3, 'flv': 4, 'hls': 8}  # HLS plays two segments before the end


@pytest.mark.parametrize('ahead_s', [-30, 0, 30, 4000])
def test_the_delay_shown_does_not_depend_on_the_viewers_clock(node, page, ahead_s):
    node.clock_ahead_s = ahead_s
    page.open(node.url + '#watch/demo')
    page.expect_moving()
    page.wait('the delay', lambda: page.seconds_behind is not None)
    assert 1 < page.seconds_behind < 12


@pytest.fixture
def live(network, page):
    """A node that receives a stream from another one, and its page, which plays it."""
    publisher = network.node('p')
    node = network.node('n', bootstrap=[publisher])
    publish(network, publisher, 'talk')
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be known')
    page.open(f'{node.url}/#watch/talk')
    return page


def play_with(page, kind):
    names = {'llhls': 'Low-latency HLS', 'flv': 'HTTP-FLV', 'hls': 'HLS'}
    page.choose(kind)
    page.wait(f'{kind} to play', lambda: page.player == names[kind])
    page.expect_moving()
    page.wait('live', lambda: is_live(page, kind))


def is_live(page, kind):
    return (page.seconds_behind or 99) < AT_LIVE_S[kind]


def button(page, name):
    page.js(f'document.querySelector("#{name}").click()')


@pytest.mark.parametrize('kind', AT_LIVE_S)
def test_a_pause_ends_where_it_began_if_the_node_has_that(live, kind):
    page = live
    play_with(page, kind)
    assert not page.is_shown('#golive')
    button(page, 'pause')
    page.wait('the pause', lambda: page.state == 'Paused')
    page.wait('a long pause', lambda: page.seconds_behind > 20)
    assert page.state == 'Paused' and page.js('document.querySelector("#golive").hidden') is False
    button(page, 'pause')
    if kind != 'flv':  # the node has what came during the pause
        page.wait('the place of the pause', lambda: page.state == 'Rewound' and page.seconds_behind > 15)
        page.expect_moving()
        assert page.seconds_behind > 15 and page.is_shown('#golive')
        button(page, 'golive')
    page.wait('live', lambda: page.state == 'Live' and is_live(page, kind))
    page.expect_moving()
    page.wait('live, still', lambda: is_live(page, kind))
    page.wait('no button', lambda: page.js('document.querySelector("#golive").hidden'))


@pytest.mark.parametrize('kind', ['llhls', 'flv'])
def test_a_player_that_is_far_behind_goes_to_live_by_itself(live, kind):
    page = live
    play_with(page, kind)
    back = 'document.querySelector("video").currentTime = Math.max(document.querySelector("video").buffered.start(0), arguments[0] - 9)'
    page.wait('enough to go back', lambda: page.js('document.querySelector("video").buffered.start(0)') < page.time - 9)
    before = page.time
    page.js(back, before)
    page.wait('live', lambda: page.time > before and is_live(page, kind), 30)  # playing faster alone would take 90 s
    page.expect_moving()


def test_a_viewer_by_webrtc_rewinds_and_goes_live(live):
    page = live
    page.wait('a picture by WebRTC', lambda: page.player == 'WebRTC' and page.state == 'Live')
    length = 'fetch(document.baseURI.replace(/#.*/, "stream/talk/hls/index.m3u8")).then((answer) => answer.text())'
    page.wait('something to rewind', lambda: page.js(length).count('#EXTINF') > 25)
    page.wait('the bar', lambda: page.is_shown('#seek'))
    screen = page.driver.find_element('css selector', '#screen')
    screen.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    page.wait('the past', lambda: page.player == 'HLS' and page.state == 'Rewound' and page.seconds_behind > 15)
    page.expect_moving()
    value = page.js('Number(document.querySelector("#seek").value)')
    assert -30 < value < -10 and 'seconds behind live' in page.js('document.querySelector("#seek").getAttribute("aria-valuetext")')
    screen.send_keys('l')
    page.wait('live', lambda: page.player == 'WebRTC' and page.state == 'Live')
    page.expect_moving()

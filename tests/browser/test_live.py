# SPDX-License-Identifier: BSD-3-Clause
"""Players that have fallen behind come back to live, and the page tells the truth about how far behind they are."""

import os
import re
import subprocess
import threading

import astral
import pytest
from selenium.webdriver.common.keys import Keys
from test_clocks import TICKS, TsStory, make_film, publish_ts

from page import in_both
from test_picture import publish

HIDDEN_S = int(os.environ.get('ASTRAL_HIDDEN_S', 12))  # twice what a player may be behind
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
        page.expect_moving(state='Rewound')
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
    back = 'document.querySelector("video").currentTime = Math.max(document.querySelector("video").buffered.start(0), arguments[0] - 12)'
    page.wait('enough to go back', lambda: page.js('document.querySelector("video").buffered.start(0)') < page.time - 12)
    before = page.time
    page.js(back, before)
    page.wait('live', lambda: page.time > before and is_live(page, kind), 30)  # playing faster alone would take two minutes
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
    page.expect_moving(state='Rewound')
    value = page.js('Number(document.querySelector("#seek").value)')
    assert -30 < value < -10 and 'seconds behind live' in page.js('document.querySelector("#seek").getAttribute("aria-valuetext")')
    screen.send_keys('l')
    page.wait('live', lambda: page.player == 'WebRTC' and page.state == 'Live')
    page.expect_moving()


def discontinuities(node):
    """How many there were since the stream began, listed or no longer listed."""
    playlist = node.call('GET', '/stream/talk/hls/index.m3u8').body.decode()
    gone = re.search(r'DISCONTINUITY-SEQUENCE:(\d+)', playlist)
    return playlist.count('EXT-X-DISCONTINUITY\n') + int(gone[1] if gone else 0)


def test_players_play_on_when_the_publishers_clock_jumps(network, page, tmp_path):
    film = make_film(tmp_path / 'film.flv', seconds=100)
    subprocess.run(['ffmpeg', '-nostdin', '-v', 'error', '-i', film, '-c', 'copy', '-muxdelay', '0', '-pat_period', '0.5',
                    tmp_path / 'film.ts'], check=True, stdin=subprocess.DEVNULL)
    publisher = network.node('p')
    node = network.node('n', bootstrap=[publisher])
    jumps, is_over = [], threading.Event()
    sender = threading.Thread(target=publish_ts, args=(
        network, publisher, 'talk', (tmp_path / 'film.ts').read_bytes(), TsStory(lambda at: 50_000 * TICKS * len(jumps), 0), is_over.is_set))
    sender.start()
    try:
        astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be known')
        page.open(f'{node.url}/#watch/talk')
        for kind in ('llhls', 'flv'):
            play_with(page, kind)
            name = page.player
            before = discontinuities(node)
            jumps.append(kind)
            page.wait('the jump', lambda before=before: discontinuities(node) > before)
            page.expect_moving(8)  # more than the player had buffered
            assert page.player == name and is_live(page, kind)
        assert page.console_errors == []
    finally:
        is_over.set()
        sender.join()


@in_both
def test_a_tab_that_was_hidden_comes_back_to_live(live):
    page = live
    play_with(page, 'llhls')
    page.driver.execute_script('''
        let since = 0;
        window.hidden_ms = 0;
        document.addEventListener("visibilitychange", () => {
            if (document.hidden) since = performance.now();
            else window.hidden_ms += performance.now() - since;
        });''')
    shown = page.driver.current_window_handle
    page.driver.switch_to.new_window('tab')  # in front of the other one
    page.wait('a long time in front', lambda: page.js('performance.now()') > 1000 * HIDDEN_S, HIDDEN_S + 30)
    page.driver.close()
    page.driver.switch_to.window(shown)
    page.wait('the tab in front', lambda: page.js('window.hidden_ms') > 1000 * (HIDDEN_S - 2))
    page.wait('live', lambda: page.state == 'Live' and is_live(page, 'llhls'), 15)
    page.expect_moving()

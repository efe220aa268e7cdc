# SPDX-License-Identifier: BSD-3-Clause
"""The page shows what a real node knows of its streams: thumbnails, which it refreshes, codecs and warnings."""
import pytest

import astral
import media

VIDEO = media.VIDEO.replace('video/x-raw,', 'video/x-raw,format=I420,')  # what all browsers decode
PICTURE = 'document.querySelector("#stream-list .thumbnail img")'


def test_a_thumbnail_is_shown_and_refreshed(network, page):
    node = network.node('n')
    media.publish_test_picture(network, node, 'talk')
    page.open(f'{node.url}/#streams')
    page.wait('a thumbnail', lambda: page.js(f'{PICTURE}?.checkVisibility() && {PICTURE}.naturalWidth') == 320)
    assert page.js(f'{PICTURE}.naturalHeight') == 180
    assert 'H.264 · 640 × 360 · 10 fps' in page.text('#stream-list .details')
    first = page.js(f'{PICTURE}.src')
    page.driver.execute_script('''
        const now = performance.now.bind(performance);
        performance.now = () => now() + 20000;
        document.querySelector("#order").dispatchEvent(new Event("change"));''')
    page.wait('a new thumbnail', lambda: page.js(f'{PICTURE}.src') != first and page.js(f'{PICTURE}.complete'))
    assert page.is_shown('#stream-list .thumbnail img')
    assert page.console_errors == []


def test_the_watch_page_says_what_is_left_out_and_plays_the_rest(network, page):
    node = network.node('n')
    network.launch('publisher', f'{VIDEO} ! queue ! mux. mpegtsmux name=mux alignment=7 ! astralsink uri={node.uri("talk")} '
                   'audiotestsrc is-live=true ! audio/x-raw,rate=48000 ! avenc_ac3 ! ac3parse ! queue ! mux.')
    astral.wait_until(lambda: 'video' in (node.stream('talk') or {}), 'media', 40)
    page.open(f'{node.url}/#watch/talk')
    page.wait('the reason', lambda: 'WebRTC do not carry this stream\'s AC-3 sound: send AAC' in page.text('#watch-warnings'))
    page.wait('the picture', lambda: page.text('#fact-picture') == '640 × 360')
    assert page.console_errors == []


@pytest.mark.parametrize('encoder', ['av1enc cpu-used=8 usage-profile=realtime keyframe-max-dist=10 lag-in-frames=0 ! av1parse',
                                     'vp9enc deadline=1 cpu-used=8 keyframe-max-dist=10'], ids=['av1', 'vp9'])
def test_av1_and_vp9_play_in_hls(network, page, encoder):
    """By fragments of MP4, which hls.js gives to Chromium as they are."""
    node = network.node('n')
    network.launch('publisher', 'videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=180,framerate=10/1 ! '
                   f'{encoder} ! queue ! mux. '
                   'audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! opusenc ! queue ! mux. '
                   f'matroskamux name=mux streamable=true ! astralsink uri={node.uri("talk")}')
    astral.wait_until(lambda: 'video' in (node.stream('talk') or {}), 'media', 40)
    page.open(f'{node.url}/#watch/talk')
    page.expect_moving()
    assert page.player in ('Low-latency HLS', 'HLS') and page.text('#fact-picture') == '320 × 180'
    page.wait('the sound', lambda: page.js('document.querySelector("video").webkitAudioDecodedByteCount') > 10_000)
    assert page.console_errors == []


def test_opus_plays_in_flv(network, page):
    """By mpegts.js, which reads its four letters."""
    node = network.node('n')
    network.launch('publisher', f'{VIDEO} ! queue ! mux. mpegtsmux name=mux alignment=7 ! astralsink uri={node.uri("talk")} '
                   'audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! opusenc ! queue ! mux.')
    astral.wait_until(lambda: 'video' in (node.stream('talk') or {}), 'media', 40)
    page.open(f'{node.url}/#watch/talk')
    page.choose('flv')
    page.wait('the player', lambda: page.player == 'HTTP-FLV')
    page.expect_moving()
    page.wait('the sound', lambda: page.js('document.querySelector("video").webkitAudioDecodedByteCount') > 10_000)
    assert not page.is_shown('#watch-warnings') and page.console_errors == []


def test_the_publishers_page_warns_of_bad_encoder_settings(network, page):
    node = network.node('n')
    media.publish_encoded(network, node, 'bad', media.BAD)
    page.open(f'{node.url}/#publish')
    page.wait('the warnings', lambda: page.text('#own .warnings').count('\n') == 1)
    assert 'Keyframes are 5 s apart' in page.text('#own .warnings') and 'B-frames' in page.text('#own .warnings')
    page.wait('the interval', lambda: '\n5 s' in page.text('#own .facts'))  # the first group may be shorter
    facts = page.text('#own .facts')
    assert 'H.264 · 640 × 360 · 10 fps' in facts and 'AAC · 44.1 kHz · mono' in facts
    assert page.console_errors == []

# SPDX-License-Identifier: BSD-3-Clause
"""Thumbnails show the stream's picture, at the publisher's node and at a viewer's node."""
import subprocess

import astral
import media

COLOUR = (0x20, 0xc0, 0x40)


def publish_colour(network, node, slug):
    network.launch('publisher', (
        f'videotestsrc is-live=true pattern=solid-color foreground-color=0xff{"%02x%02x%02x" % COLOUR} ! '
        f'video/x-raw,width=640,height=360,framerate={media.FPS}/1 ! '
        f'x264enc tune=zerolatency speed-preset=ultrafast key-int-max={media.FPS} ! h264parse ! queue ! mux. '
        f'mpegtsmux name=mux alignment=7 ! astralsink uri={node.uri(slug)} {media.AUDIO} ! queue ! mux.'))


def thumbnail(node, slug):
    return node.call('GET', f'/stream/{slug}/thumbnail.jpg')


def expect_colour(answer):
    assert answer.headers['Content-Type'] == 'image/jpeg' and answer.headers['Cache-Control'] == 'no-cache'
    shown = media.probe_bytes(answer.body, '-show_streams')['streams'][0]
    assert (shown['codec_name'], shown['width'], shown['height']) == ('mjpeg', 320, 180)
    raw = subprocess.run(['ffmpeg', '-v', 'error', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], input=answer.body,
                         capture_output=True, check=True, timeout=60).stdout
    pixels = len(raw) // 3
    mean = [sum(raw[i::3]) / pixels for i in range(3)]
    assert all(abs(is_now - wanted) < 12 for is_now, wanted in zip(mean, COLOUR)), mean


def test_a_thumbnail_has_the_streams_colour(network):
    p = network.node('p')
    v = network.node('v', bootstrap=[p])
    publish_colour(network, p, 'talk')
    answer = astral.wait_until(lambda: (got := thumbnail(p, 'talk')).status == 200 and got, 'a picture')
    expect_colour(answer)
    assert thumbnail(p, 'talk').body == answer.body  # the node caches it for some seconds
    head = p.call('HEAD', '/stream/talk/thumbnail.jpg')
    assert head.status == 200 and not head.body

    astral.wait_until(lambda: (v.stream('talk') or {}).get('streaming'), 'V to know that the stream is live')
    assert thumbnail(v, 'talk').status == 404 and 'does not carry' in thumbnail(v, 'talk').error['message']
    assert v.ticket('talk') is None
    assert v.call('POST', '/stream/talk/tickets', {}).status == 303
    expect_colour(astral.wait_until(lambda: (got := thumbnail(v, 'talk')).status == 200 and got, 'a picture at V'))

    for node in (p, v):
        missing = thumbnail(node, 'nope')
        assert missing.status == 404 and missing.error['code'] == 'not-found' and 'no such stream' in missing.error['message']


def test_a_stream_without_video_has_no_thumbnail(network):
    p = network.node('p')
    network.launch('publisher', f'{media.AUDIO} ! mpegtsmux alignment=7 ! astralsink uri={p.uri("radio")}')
    astral.wait_until(lambda: (p.stream('radio') or {}).get('streaming'), 'the stream to be live')
    missing = thumbnail(p, 'radio')
    assert missing.status == 404 and 'no key frame' in missing.error['message']

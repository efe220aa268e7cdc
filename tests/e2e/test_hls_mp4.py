# SPDX-License-Identifier: BSD-3-Clause
"""HLS of codecs that MPEG-TS does not carry to browsers: fragments of MP4, at a second node."""
import re

import astral
import media
from test_rtmp import live, nodes, output  # noqa: F401 (a fixture)

FPS = 10
SECONDS = 8


def publish(network, node, slug):
    """AV1 and Opus in Matroska, with a key frame every second. It ends after SECONDS."""
    return network.launch('publisher', (
        f'videotestsrc is-live=true num-buffers={SECONDS * FPS} ! video/x-raw,format=I420,width=320,height=180,framerate={FPS}/1 ! '
        f'av1enc cpu-used=8 usage-profile=realtime keyframe-max-dist={FPS} threads=1 lag-in-frames=0 ! av1parse ! queue ! mux. '
        f'audiotestsrc is-live=true num-buffers={SECONDS * 50} samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=2 ! opusenc ! queue ! mux. '
        f'matroskamux name=mux streamable=true ! astralsink uri={node.uri(slug)}'))


def times(film, track):
    lines = output('ffprobe', '-v', 'error', '-select_streams', track, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', film).decode().split()
    return sorted(float(line.strip(',')) for line in lines)


def test_av1_and_opus_play_at_another_node(network, nodes):  # noqa: F811
    first, second = nodes
    publish(network, first, 'talk')
    live(second)
    path = '/stream/talk/hls/'
    answer = second.call('GET', path + 'index.m3u8')
    assert answer.status == 200
    now = astral.wait_until(lambda: 'video' in (s := second.stream('talk')) and 'audio' in s and s, 'the codecs of the stream', 30)
    assert now['video'] == {'codec': 'av1', 'width': 320, 'height': 180, 'framerate': '10/1', 'b_frames': False}, now
    assert now['audio'] == {'codec': 'opus', 'rate': 48000, 'channels': 2}, now
    assert {tuple(lost['formats']) for lost in now['left_out']} == {('flv', 'rtmp', 'whep')}, now
    picture = second.call('GET', '/stream/talk/thumbnail.jpg')
    assert picture.status == 200 and picture.body.startswith(b'\xff\xd8'), picture

    text = astral.wait_until(lambda: '#EXT-X-ENDLIST' in (t := second.call('GET', path + 'index.m3u8').body.decode()) and t, 'the end of the stream', 60)
    (init,) = re.findall(r'#EXT-X-MAP:URI="(.*)"', text)
    segments = re.findall(r'^[^#\s].*$', text, re.M)
    assert '#EXT-X-DISCONTINUITY' not in text and '#EXT-X-INDEPENDENT-SEGMENTS' in text and re.search('#EXT-X-PART:', text), text
    film = network.folder / 'film.mp4'
    with film.open('wb') as out:
        for name in (init, *segments):
            answer = second.call('GET', path + name)
            assert answer.status == 200 and answer.headers['Content-Type'] == 'video/mp4', name
            out.write(answer.body)
    assert second.call('GET', f'{path}1.init.mp4').status == 404
    assert media.decode(film) == []
    shown, heard = times(film, 'v'), times(film, 'a')
    assert len(shown) % FPS == 0 and len(shown) >= 3 * FPS, len(shown)
    assert all(abs(b - a - 1 / FPS) < 0.002 for a, b in zip(shown, shown[1:])), shown
    assert all(0.01 < b - a < 0.03 for a, b in zip(heard, heard[1:])), heard
    assert abs(shown[-1] + 1 / FPS - heard[-1] - 0.02) < 0.15, (shown[-1], heard[-1])

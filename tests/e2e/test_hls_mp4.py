# SPDX-License-Identifier: BSD-3-Clause
"""HLS of codecs that MPEG-TS does not carry to browsers: fragments of MP4, at a second node."""
import re
import threading

import astral
import frames
import media
from test_rtmp import RawPublisher, live, nodes, output  # noqa: F401 (a fixture)

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
    now = astral.wait_until(lambda: 'audio' in (s := second.stream('talk')) and 'keyframe_seconds' in s.get('video', {}) and s, 'the codecs', 30)
    assert now['video'] == {'codec': 'av1', 'width': 320, 'height': 180, 'framerate': '10/1', 'keyframe_seconds': 1.0, 'b_frames': False}, now
    assert now['audio'] == {'codec': 'opus', 'rate': 48000, 'channels': 2}, now
    assert [(lost['track'], lost['formats']) for lost in now['left_out']] == [('video', ['flv', 'rtmp', 'whep'])], now
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


def av1_tags(folder, seconds):
    """As OBS sends them: a sequence start with libaom's configuration, then temporal units without their delimiters."""
    film = folder / 'av1.mp4'
    output('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc2=size=320x180:rate={FPS}', '-t', seconds, '-g', FPS, '-pix_fmt', 'yuv420p',
           '-c:v', 'libaom-av1', '-cpu-used', 8, '-usage', 'realtime', '-lag-in-frames', 0, film)
    whole = film.read_bytes()
    at = whole.index(b'av1C')
    yield frames.Tag(frames.VIDEO, 0, b'\x90av01' + whole[at + 4:at - 4 + int.from_bytes(whole[at - 4:at], 'big')])
    ivf = output('ffmpeg', '-nostdin', '-v', 'error', '-i', film, '-c', 'copy', '-f', 'ivf', '-')
    at, number = 32, 0
    while at < len(ivf):
        unit = ivf[at + 12:at + 12 + int.from_bytes(ivf[at:at + 4], 'little')]
        at += 12 + len(unit)
        assert unit[:2] == b'\x12\0'
        yield frames.Tag(frames.VIDEO, number * 1000 // FPS, (b'\x91' if number % FPS == 0 else b'\xa1') + b'av01' + unit[2:])
        number += 1


def h264_tags(folder, seconds):
    film = folder / 'h264.flv'
    output('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc2=size=320x180:rate={FPS}', '-t', seconds, '-g', FPS, '-pix_fmt', 'yuv420p',
           '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', film)
    return (tag for tag in frames.tags(film.read_bytes()) if tag.kind == frames.VIDEO)


def opus_tags(seconds):
    ogg = output('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', seconds, '-c:a', 'libopus',
                 '-ac', 2, '-f', 'ogg', '-')
    packets, at, packet = [], 0, b''
    while at < len(ogg):
        lacing = ogg[at + 27:at + 27 + ogg[at + 26]]
        at += 27 + len(lacing)
        for size in lacing:
            packet += ogg[at:at + size]
            at += size
            if size < 255:
                packets.append(packet)
                packet = b''
    yield frames.Tag(frames.AUDIO, 0, b'\x90Opus' + packets[0])
    for number, sound in enumerate(packets[2:]):
        yield frames.Tag(frames.AUDIO, number * 20, b'\x91Opus' + sound)


def test_av1_and_opus_of_enhanced_rtmp_are_carried(network, nodes):  # noqa: F811
    """AV1 travels in Matroska, H.264 with Opus in MPEG-TS."""
    first, second = nodes
    seconds = 20
    sound = list(opus_tags(seconds))
    is_over = threading.Event()
    senders = []
    for slug, pictures in (('av1', av1_tags(network.folder, seconds)), ('h264', h264_tags(network.folder, seconds))):
        other = [frames.Tag(frames.AUDIO, 0, b'\x95\x01ac-3\x01\x0b\x77')] if slug == 'h264' else []
        plan = sorted((frames.Sent(tag.time / 1000, tag) for tag in (*pictures, *sound, *other)), key=lambda sent: sent.at)
        publisher = RawPublisher(int(first.rtmp.split(':')[2].split('/')[0]), slug)
        senders.append(threading.Thread(target=frames.publish, args=(publisher, plan, is_over.is_set)))
        senders[-1].start()
    try:
        for slug in ('av1', 'h264'):
            live(second, slug)
            path = f'/stream/{slug}/hls/'

            def rest():
                text = second.call('GET', path + 'index.m3u8').body.decode()
                names = re.findall(r'^[^#\s].*m4s$', text, re.M)
                return len(names) > 3 and (re.findall(r'#EXT-X-MAP:URI="(.*)"', text), names)
            maps, names = astral.wait_until(rest, f'four segments of {slug}', 30)
            film = network.folder / f'{slug}.mp4'
            film.write_bytes(b''.join(second.call('GET', path + name).body for name in (*maps, *names)))
            assert len(maps) == 1 and media.decode(film) == []
            shown, heard = times(film, 'v'), times(film, 'a')
            assert len(shown) % FPS == 0 and len(heard) > 150, (slug, len(shown), len(heard))
            assert all(abs(b - a - 1 / FPS) < 0.005 for a, b in zip(shown, shown[1:])), (slug, shown)
            assert all(0.01 < b - a < 0.03 for a, b in zip(heard, heard[1:])), (slug, heard)
            now = second.stream(slug)
            assert (now['video']['codec'], now['video']['width'], now['audio']['codec']) == (slug, 320, 'opus'), now
            assert any('several sounds' in text for text in first.stream(slug).get('warnings', [])) == (slug == 'h264')
    finally:
        is_over.set()
        for sender in senders:
            sender.join()

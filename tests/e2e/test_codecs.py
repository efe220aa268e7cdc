# SPDX-License-Identifier: BSD-3-Clause
"""Codecs that some formats do not carry: a viewer's node says which track is left out where, and the rest plays."""
import contextlib
import re
import subprocess
import threading
import urllib.request

import pytest

import astral
import frames
import media
from test_rtmp import RawPublisher, live, nodes, output  # noqa: F401 (a fixture)

FPS = 10
H264 = ('-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency')
AAC = ('-c:a', 'aac', '-b:a', '64k')
# What ffmpeg is told to send, and what the viewer's node says of it: the track, the formats that leave it out, and a part of the reason.
EVERY = ['hls', 'flv', 'rtmp', 'whep']
STREAMS = {
    'good': ((*H264, '-pix_fmt', 'yuv420p', *AAC), None),
    'mp3': ((*H264, '-pix_fmt', 'yuv420p', '-c:a', 'libmp3lame', '-b:a', '64k'), None),
    'ac3': ((*H264, '-pix_fmt', 'yuv420p', '-c:a', 'ac3'), ('audio', EVERY, 'AC-3 sound: send AAC')),
    'latm': ((*H264, '-pix_fmt', 'yuv420p', *AAC, '-mpegts_flags', 'latm'), ('audio', EVERY, 'AAC in LATM')),
    'opus': ((*H264, '-pix_fmt', 'yuv420p', '-c:a', 'libopus'), None),
    'hevc': (('-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none', '-pix_fmt', 'yuv420p', *AAC),
             ('video', ['whep'], 'H.265 picture')),
    'yuv444': ((*H264, '-pix_fmt', 'yuv444p', *AAC), ('video', [], 'yuv420p')),
    'sounds': ((*H264, '-pix_fmt', 'yuv420p', *AAC, '-map', '0', '-map', '1', '-map', '1'), ('audio', [], "one of this stream's 2 sounds")),
    'ten-bit': ((*H264, '-pix_fmt', 'yuv420p10le', *AAC), ('video', [], '10 bit')),
}


def publish_ts(network, node, slug):
    encoder = network.start_helper(
        ['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', f'testsrc2=size=320x180:rate={FPS}', '-f', 'lavfi', '-i',
         'sine=frequency=440:sample_rate=48000', '-g', str(FPS), '-b:v', '300k', *STREAMS[slug][0], '-f', 'mpegts', '-flush_packets', '1', '-'],
        stdout=subprocess.PIPE)
    network.launch('publisher', f'fdsrc ! tsparse set-timestamps=true alignment=7 ! astralsink uri={node.uri(slug)}', stdin=encoder.stdout)
    encoder.stdout.close()


def codecs(source):
    return sorted(stream['codec_name'] for stream in media.probe(source, '-show_entries', 'stream=codec_name')['streams'])


def flv(stream, size=80_000):
    """The first tags of a stream's FLV."""
    with urllib.request.urlopen(f'{stream}/live.flv', timeout=30 * astral.PATIENCE) as answer:
        return frames.tags(answer.read(size))


def pictures_of_hevc(folder, tags):
    """How many pictures of enhanced FLV ffmpeg decodes, from the first configuration on."""
    config, *pictures = [tag.body for tag in tags if tag.kind == frames.VIDEO]
    assert config.startswith(b'\x90hvc1') and pictures[0].startswith(b'\x91hvc1') and {body[1:5] for body in pictures} == {b'hvc1'}
    film, record, start = folder / 'flv.h265', config[5:], b'\0\0\0\1'
    units, at = [], 23
    for _ in range(record[22]):
        count = int.from_bytes(record[at + 1:at + 3], 'big')
        at += 3
        for _ in range(count):
            size = int.from_bytes(record[at:at + 2], 'big')
            units.append(record[at + 2:at + 2 + size])
            at += 2 + size
    assert at == len(record) and len(units) == 3
    for body in pictures:
        units += frames.units_of(body[8:])
    film.write_bytes(b''.join(start + unit for unit in units))
    assert media.decode(film) == []
    return len(pictures)


def ffmpeg_version():
    found = re.search(r'ffmpeg version n?(\d+)\.(\d+)', output('ffmpeg', '-version').decode())
    return tuple(map(int, found.groups())) if found else (0, 0)


def test_a_viewers_node_says_what_is_left_out_and_plays_the_rest(network, nodes):
    first, second = nodes
    for slug in STREAMS:
        publish_ts(network, first, slug)
    for slug in STREAMS:
        live(second, slug)
        assert second.call('POST', f'/stream/{slug}/tickets', {}).status == 303
    for slug, (_, wanted) in STREAMS.items():
        now = astral.wait_until(lambda: 'video' in (s := second.stream(slug)) and 'audio' in s and s, f'the codecs of {slug}', 30)
        if not wanted:
            assert 'left_out' not in now and not any('carry' in warning for warning in now.get('warnings', [])), slug
            continue
        (lost,) = now['left_out']
        assert (lost['track'], lost['formats']) == wanted[:2] and wanted[2] in lost['reason'] and lost['reason'] in now['warnings'], slug
    url = f'http://127.0.0.1:{second.port}/stream'
    assert codecs(f'{url}/ac3/live.flv') == ['h264'] and codecs(f'{url}/ac3/live.ts') == ['ac3', 'h264']
    assert codecs(f'{url}/hevc/live.ts') == ['aac', 'hevc'] and codecs(f'{url}/opus/live.ts') == ['h264', 'opus']
    of_hevc, of_opus = flv(f'{url}/hevc'), flv(f'{url}/opus')
    assert pictures_of_hevc(network.folder, of_hevc) > 10
    heard = [tag for tag in of_opus if tag.kind == frames.AUDIO]
    assert heard[0].body.startswith(b'\x90OpusOpusHead\1') and {tag.body[:5] for tag in heard[1:]} == {b'\x91Opus'}
    assert len(heard) > 50 and all(19 <= b.time - a.time <= 21 for a, b in zip(heard[1:], heard[2:])), heard
    for slug, names, since in (('hevc', ['aac', 'hevc'], (6, 1)), ('opus', ['h264', 'opus'], (8, 0))):
        assert ffmpeg_version() < since or codecs(f'{url}/{slug}/live.flv') == names
    for slug in ('mp3', 'opus', 'hevc'):
        astral.wait_until(lambda: second.call('GET', f'/stream/{slug}/hls/index.m3u8').status == 200, f'HLS of {slug}', 30)
        assert ('#EXT-X-MAP' in second.call('GET', f'/stream/{slug}/hls/index.m3u8').body.decode()) == (slug != 'mp3'), slug


@pytest.mark.parametrize('way', ['ts', 'rtmp'])
def test_mp3_is_heard_in_flv(network, nodes, way):
    """Frame by frame as it was sent."""
    first, second = nodes
    film = network.folder / 'mp3.flv'
    output('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=10', '-f', 'lavfi', '-i',
           'anoisesrc=amplitude=0.1:sample_rate=44100', '-t', 30, '-g', FPS, *H264, '-pix_fmt', 'yuv420p', '-c:a', 'libmp3lame', film)
    if way == 'rtmp':
        network.start('ffmpeg', ['ffmpeg', '-nostdin', '-v', 'error', '-re', '-i', film, '-c', 'copy', '-f', 'flv', f'{first.rtmp}/talk'])
    else:
        sender = network.start_helper(['ffmpeg', '-nostdin', '-v', 'error', '-re', '-i', film, '-c', 'copy', '-f', 'mpegts', '-flush_packets', '1', '-'],
                                      stdout=subprocess.PIPE)
        network.launch('publisher', f'fdsrc ! tsparse set-timestamps=true alignment=7 ! astralsink uri={first.uri("talk")}', stdin=sender.stdout)
        sender.stdout.close()
    live(second)
    got = network.folder / f'got-{way}.flv'
    output('ffmpeg', '-nostdin', '-v', 'error', '-i', f'http://127.0.0.1:{second.port}/stream/talk/live.flv', '-t', 3, '-c', 'copy', got)
    assert codecs(got) == ['h264', 'mp3']

    def hashes(path):
        text = output('ffmpeg', '-nostdin', '-v', 'error', '-i', path, '-map', '0:a', '-c', 'copy', '-f', 'framemd5', '-').decode()
        return [line.split(',')[5].strip() for line in text.splitlines() if line and line[0] != '#']
    heard, sent = hashes(got), hashes(film)
    assert len(heard) > 60 and any(sent[i:i + len(heard) - 2] == heard[:-2] for i in range(len(sent)))


def hevc(folder, seconds):
    """x265's HEVCDecoderConfigurationRecord, and its pictures with lengths in front of NAL units."""
    film = folder / 'hevc.mp4'
    output('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc2=size=320x180:rate={FPS}', '-t', seconds, '-c:v', 'libx265', '-preset',
           'ultrafast', '-tune', 'zerolatency', '-x265-params', f'log-level=none:keyint={FPS}:info=0', '-pix_fmt', 'yuv420p', '-tag:v', 'hvc1', film)
    whole = film.read_bytes()
    at = whole.index(b'hvcC')
    record = whole[at + 4:at - 4 + int.from_bytes(whole[at - 4:at], 'big')]
    stream = output('ffmpeg', '-nostdin', '-v', 'error', '-i', film, '-c', 'copy', '-bsf:v', 'hevc_mp4toannexb', '-f', 'hevc', '-')
    pictures = []
    for unit in stream.replace(b'\0\0\0\1', b'\0\0\1').split(b'\0\0\1')[1:]:
        if (unit[0] >> 1 & 0x3f) < 32:  # a picture; zerolatency makes one slice of each
            pictures.append(len(unit).to_bytes(4, 'big') + unit)
    return record, pictures


@contextlib.contextmanager
def publishing(node, plan):
    """Sends the plan to the node's RTMP port, in a thread."""
    publisher = RawPublisher(int(node.rtmp.split(':')[2].split('/')[0]), 'talk')
    is_over = threading.Event()
    sender = threading.Thread(target=frames.publish, args=(publisher, plan, is_over.is_set))
    sender.start()
    try:
        yield
    finally:
        is_over.set()
        sender.join()
        publisher.socket.close()


def test_hevc_of_enhanced_rtmp_is_carried(network, nodes):
    first, second = nodes
    film = network.folder / 'aac.flv'
    output('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc2=size=320x180:rate={FPS}', '-f', 'lavfi', '-i', 'sine=frequency=440',
           '-t', 25, '-g', FPS, *H264, '-pix_fmt', 'yuv420p', *AAC, film)
    record, pictures = hevc(network.folder, 25)
    plan, number = [], 0
    for tag in frames.tags(film.read_bytes()):
        if tag.kind == frames.VIDEO and frames.is_config(tag):
            tag = tag._replace(body=b'\x90hvc1' + record)
        elif tag.kind == frames.VIDEO and tag.body[1] == 1:
            is_key = pictures[number][4] >> 1 & 0x3f >= 16
            tag = tag._replace(body=(b'\x91' if is_key else b'\xa1') + b'hvc1' + bytes(3) + pictures[number])
            number += 1
        plan.append(frames.Sent(tag.time / 1000, tag))
    with publishing(first, plan):
        live(second)
        got = network.folder / 'hevc.ts'
        output('ffmpeg', '-nostdin', '-v', 'error', '-i', f'http://127.0.0.1:{second.port}/stream/talk/live.ts', '-t', 3, '-c', 'copy', got)
        assert codecs(got) == ['aac', 'hevc'] and media.decode(got) == []
        now = astral.wait_until(lambda: (s := second.stream('talk')).get('video', {}).get('width') and s, 'the codecs')
        assert now['video']['codec'] == 'h265' and (now['video']['width'], now['video']['height']) == (320, 180)
        assert now['left_out'][0]['formats'] == ['whep']
        hls = f'{second.url}/stream/talk/hls/index.m3u8'
        astral.wait_until(lambda: second.call('GET', '/stream/talk/hls/index.m3u8').status == 200, 'HLS', 30)
        shown = output('ffmpeg', '-nostdin', '-v', 'error', '-xerror', '-i', hls, '-t', 2, '-map', '0:v', '-f', 'framemd5', '-').decode()
        assert len([line for line in shown.splitlines() if line[0] != '#']) >= 2 * FPS - 1


def unusual(tag):
    """The tag as some encoders write it: with start codes where FLV has a record or lengths, and with ADTS heads where it has none."""
    start = b'\0\0\0\1'
    if tag.kind == frames.VIDEO and frames.is_config(tag):
        record = tag.body[5:]
        size = int.from_bytes(record[6:8], 'big')
        sps, rest = record[8:8 + size], record[8 + size:]
        return tag._replace(body=tag.body[:5] + start + sps + start + rest[3:3 + int.from_bytes(rest[1:3], 'big')])
    if tag.kind == frames.VIDEO and tag.body[1] == 1:
        return tag._replace(body=tag.body[:5] + b''.join(start + unit for unit in frames.units_of(tag.body[5:])))
    if tag.kind == frames.AUDIO and tag.body[1] == 1:
        size = len(tag.body) - 2 + 7
        head = bytes([0xff, 0xf1, 1 << 6 | 4 << 2, 1 << 6 | size >> 11, size >> 3 & 0xff, (size & 7) << 5 | 0x1f, 0xfc])  # AAC-LC, 44.1 kHz, mono
        return tag._replace(body=tag.body[:2] + head + tag.body[2:])
    return tag


def test_start_codes_and_adts_in_flv_are_repaired(network, nodes):
    first, second = nodes
    film = network.folder / 'film.flv'
    output('ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc2=size=320x180:rate={FPS}', '-f', 'lavfi', '-i',
           'sine=frequency=440:sample_rate=44100', '-t', 25, '-g', FPS, *H264, '-pix_fmt', 'yuv420p', *AAC, '-ac', 1, film)
    plan = [frames.Sent(tag.time / 1000, unusual(tag)) for tag in frames.tags(film.read_bytes())]
    with publishing(first, plan):
        live(second)
        got = network.folder / 'repaired.flv'
        output('ffmpeg', '-nostdin', '-v', 'error', '-i', f'http://127.0.0.1:{second.port}/stream/talk/live.flv', '-t', 3, '-c', 'copy', got)
        assert codecs(got) == ['aac', 'h264'] and media.decode(got) == []
        sent = {tag.body[2:] for tag in frames.tags(film.read_bytes()) if tag.kind == frames.AUDIO and tag.body[1] == 1}
        heard = [tag.body[2:] for tag in frames.tags(got.read_bytes()) if tag.kind == frames.AUDIO and tag.body[1] == 1]
        assert len(heard) > 60 and set(heard) <= sent

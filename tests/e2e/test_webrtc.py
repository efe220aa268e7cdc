# SPDX-License-Identifier: BSD-3-Clause
"""WHIP and WHEP with GStreamer's webrtcbin as the client. Viewers get the published pictures, not re-encoded ones, and sessions
outlive the publisher's restart."""
import pathlib
import re
import threading

import pytest

import astral
import frames
import media
from test_clocks import changed, film_tags
from test_rtmp import RawPublisher, assert_part, output, pictures

CLIENT = pathlib.Path(__file__).with_name('rtc_client.py')
FPS = media.FPS


@pytest.fixture
def nodes(network):
    first = network.node('first')
    return first, network.node('second', bootstrap=[first])


def live(node, slug='talk'):
    return astral.wait_until(lambda: (node.stream(slug) or {}).get('streaming'), f'{slug} to be live', 40)


def client(network, *words):
    return network.start(network._name('rtc'), ['/usr/bin/python3', CLIENT, *words])


def watch(network, node, file='watched.h264', loss=0):
    viewer = client(network, 'watch', f'{node.url}/stream/talk/whep', network.folder / file, loss)
    viewer.wait_for_output('^state connected')
    return viewer


def publish(network, node, codec='H264', loss=0):
    publisher = client(network, 'publish', f'{node.url}/stream/talk/whip', codec, loss)
    publisher.wait_for_output('^state connected')
    return publisher


def times(viewer, kind='video'):
    return [int(time) for time in re.findall(rf'^{kind} (\d+)$', viewer.output, re.M)]


def more(viewer, count, kind='video'):
    before = len(times(viewer, kind))
    astral.wait_until(lambda: len(times(viewer, kind)) >= before + count, f'{count} more of {kind}', 40)


def of_ts(network, node, name, seconds=4):
    path = network.folder / name
    network.start(name, ['timeout', str(seconds), 'curl', '-sf', f'{node.url}/stream/talk/live.ts', '-o', path]).wait(seconds + 10)
    return path


def codecs(path):
    return {stream['codec_name'] for stream in media.probe(path, '-show_streams')['streams']}


def test_a_whep_viewer_at_another_node_gets_the_published_pictures(network, nodes):
    first, second = nodes
    _, record = media.publish_test_picture(network, first, 'talk')
    live(second)
    viewer = watch(network, second)
    more(viewer, 3 * FPS)
    more(viewer, 50, 'audio')
    unlucky = watch(network, second, 'unlucky.h264', loss=20)
    more(unlucky, 3 * FPS)
    assert unlucky.end(2) == 0
    assert viewer.end(2) == 0
    assert second.call('DELETE', re.search(r'^answered http://[^/]+(\S+)$', viewer.output, re.M)[1]).status == 404
    published = pictures_of_ts(network, record)
    for file in ('watched.h264', 'unlucky.h264'):
        assert_part(pictures(network.folder / file), published, 3 * FPS, leave=2)


def pictures_of_ts(network, record):
    """The pictures of a TS file that is still being written, so its last packet may be incomplete."""
    copy = network.folder / 'record.ts'
    data = pathlib.Path(record).read_bytes()
    copy.write_bytes(data[:len(data) // 188 * 188])
    return pictures(copy)


def test_a_whep_viewer_plays_on_when_the_publisher_returns(network, nodes):
    first, second = nodes
    publisher, _ = media.publish_test_picture(network, first, 'talk')
    live(second)
    viewer = watch(network, second)
    more(viewer, FPS)
    publisher.kill()
    astral.wait_until(lambda: not (second.stream('talk') or {}).get('streaming'), 'the stream to wait for its publisher')
    again, _ = media.publish_test_picture(network, first, 'talk', record=network.folder / 'again.published')
    more(viewer, 2 * FPS)
    more(viewer, 20, 'audio')
    for kind in ('video', 'audio'):
        steps = [(b - a) % 2**32 for a, b in zip(times(viewer, kind), times(viewer, kind)[1:])]
        assert all(0 < step < 2**31 for step in steps), (kind, steps)
    assert viewer.output.count('state connected') == 1 and 'failed' not in viewer.output
    again.end(2)
    astral.wait_until(lambda: 'video' not in second.stream('talk'), 'the second node to drop the stream that has ended', 40)
    viewer.end(2)
    assert 'session 404' in viewer.output


def test_a_whip_stream_plays_at_another_node_and_its_publisher_may_return(network, nodes):
    first, second = nodes
    publisher = publish(network, first, loss=20)
    live(second)
    publisher.wait_for_output('^sent again [1-9]')
    path = of_ts(network, second, 'whip.ts')
    assert codecs(path) == {'h264', 'aac'}
    packets = media.probe(path, '-select_streams', 'v', '-show_entries', 'packet=pts_time,flags')['packets']
    keys = [float(packet['pts_time']) for packet in packets if 'K' in packet['flags']]
    assert len(packets) > 3 * 20 * 0.8 and len(keys) > 1 and max(b - a for a, b in zip(keys, keys[1:])) < 2.5
    created = second.stream('talk')['created']
    publisher.kill()
    again = publish_again(network, first)
    assert codecs(of_ts(network, second, 'again.ts', 2)) == {'h264', 'aac'}
    assert second.stream('talk')['created'] == created and second.stream('talk')['streaming']
    assert again.end(2) == 0
    astral.wait_until(lambda: not (second.stream('talk') or {}).get('streaming'), 'the stream to wait for its publisher')


def publish_again(network, node):
    """Tries until the node accepts: it notices only after 5 s that a publisher was killed."""
    def attempt():
        publisher = client(network, 'publish', f'{node.url}/stream/talk/whip', 'H264')
        astral.wait_until(lambda: re.search(r'^state connected|HTTP Error', publisher.output, re.M), 'an answer')
        if 'state connected' in publisher.output:
            return publisher
        publisher.kill()
        return None
    return astral.wait_until(attempt, 'to publish again', 30, every=0.5)


def test_vp8_is_encoded_to_h264_with_a_warning(network, nodes):
    first, second = nodes
    publish(network, first, 'VP8')
    live(second)
    assert any('VP8' in warning for warning in first.stream('talk')['warnings'])
    assert 'warnings' not in second.stream('talk')
    recorded = of_ts(network, second, 'vp8.ts')
    assert codecs(recorded) == {'h264', 'aac'}
    media.assert_continuous(recorded.read_bytes())


def test_a_whep_viewer_gets_every_picture_of_a_late_publisher_whose_picture_pauses(network):
    first = network.node('first', rtmp_port=astral.free_port())
    second = network.node('second', bootstrap=[first])
    path = network.folder / 'film.flv'
    output('ffmpeg', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30', '-f', 'lavfi', '-i',
           'anoisesrc=amplitude=0.1', '-t', 20, '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', 120, '-pix_fmt', 'yuv420p',
           '-b:v', '400k', '-c:a', 'aac', '-b:a', '64k', path)
    plan = changed(film_tags(path), at=lambda t: t.time + 1500 * (t.time >= 9000), keep=lambda t: t.kind == frames.AUDIO or not 12_000 <= t.time < 16_000)
    publisher = RawPublisher(first.get('/settings')['rtmp_port'], 'talk')
    sender = threading.Thread(target=frames.publish, args=(publisher, plan))
    sender.start()
    live(second)
    viewer = watch(network, second)
    sender.join()
    sent = [unit for tag in (t for _, t in plan) if tag.kind == frames.VIDEO and tag.body[1] == 1 for unit in frames.units_of(tag.body[5:])
            if unit[0] & 0x1f in (1, 5)]
    watched = network.folder / 'watched.h264'
    astral.wait_until(lambda: watched.exists() and any(unit in watched.read_bytes() for unit in sent[-3:]), 'the last picture', 40, 0.5)
    assert viewer.end(2) == 0
    publisher.socket.close()
    got = pictures(watched)
    assert_part(got, sent, 8 * 30)
    assert got[-1] in sent[-3:]
    for kind in ('video', 'audio'):
        steps = [b - a & 0xffffffff for a, b in zip(times(viewer, kind), times(viewer, kind)[1:])]
        assert all(step < 1 << 31 for step in steps), f'{kind}: a time goes back'


@pytest.mark.parametrize('codec', ['aac', 'opus'])
def test_a_whep_viewer_hears_a_stream_that_has_no_picture(network, codec):
    first = network.node('first', rtmp_port=astral.free_port())
    second = network.node('second', bootstrap=[first])
    key = f'rtmp://127.0.0.1:{first.get("/settings")["rtmp_port"]}/astral/talk'
    if codec == 'aac':
        network.start('ffmpeg', ['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'anoisesrc=amplitude=0.1', '-c:a', 'aac', '-b:a',
                                 '96k', '-f', 'flv', key])
    else:
        network.launch('publisher', 'audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! opusenc ! mpegtsmux ! '
                       f'astralsink uri={first.uri("talk")}')
    live(second)
    viewer = watch(network, second)
    more(viewer, 50, 'audio')
    assert not times(viewer)

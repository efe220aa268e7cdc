# SPDX-License-Identifier: BSD-3-Clause
"""RTMP in; RTMP, FLV, TS and HLS out. Players at another node get every frame of OBS and ffmpeg. A refused client gets the reason, and
a bad client does not disturb others."""
import concurrent.futures
import os
import re
import signal
import socket
import struct
import subprocess

import pytest

import astral
import media
from test_who_may import TOKEN

FPS = 30
SECONDS = int(os.environ.get('ASTRAL_E2E_PLAY', '4'))  # recorded in each format


def output(*argv):
    done = subprocess.run([str(a) for a in argv], capture_output=True, timeout=(60 + 2 * SECONDS) * astral.PATIENCE, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope='session')
def film(tmp_path_factory):
    """H.264 with B-frames and AAC."""
    path = tmp_path_factory.mktemp('film') / 'film.flv'
    output('ffmpeg', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', f'testsrc2=size=640x360:rate={FPS}', '-f', 'lavfi', '-i',
           'anoisesrc=amplitude=0.1', '-t', 36 + SECONDS, '-c:v', 'libx264', '-preset', 'veryfast', '-bf', 2, '-b_strategy', 0, '-g', FPS, '-pix_fmt',
           'yuv420p', '-b:v', '1500k', '-c:a', 'aac', '-ac', 2, '-b:a', '96k', path)
    return path


@pytest.fixture(scope='session')
def obs_film(tmp_path_factory):
    """Encoded with OBS's default settings: a keyframe every 250 frames, two B-frames."""
    path = tmp_path_factory.mktemp('film') / 'obs.flv'
    output('ffmpeg', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=60', '-f', 'lavfi', '-i',
           'anoisesrc=amplitude=0.1', '-t', 40, '-c:v', 'libx264', '-preset', 'veryfast', '-x264-params', 'keyint=250:bframes=2:scenecut=0',
           '-pix_fmt', 'yuv420p', '-b:v', '1500k', '-c:a', 'aac', '-ac', 2, '-b:a', '160k', path)
    return path


@pytest.fixture
def nodes(network):
    """The publisher's node and a viewer's node."""
    first = network.node('p', rtmp_port=astral.free_port())
    first.rtmp = f'rtmp://127.0.0.1:{first.get("/settings")["rtmp_port"]}/astral'
    return first, network.node('v', bootstrap=[first])


def publish(network, node, film, key='talk'):
    return network.start(network._name('ffmpeg'), ['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-i', film, '-c', 'copy', '-f', 'flv',
                                                   f'{node.rtmp}/{key}'])


def live(node, slug='talk'):
    astral.wait_until(lambda: (node.stream(slug) or {}).get('streaming'), f'{slug} to be live')


def received(network, node, by=600_000):
    live(node)
    viewer, to = media.view(network, node, 'talk')
    media.grows(to, by, 26 + SECONDS)
    viewer.end(signal.SIGINT)
    whole = to.with_suffix('.ts')
    whole.write_bytes(to.read_bytes()[:to.stat().st_size // 188 * 188])
    return whole


def pictures(path):
    """The NAL units of the pictures' slices, without parameter sets and SEI."""
    convert = ['-bsf:v', 'h264_mp4toannexb'] if path.suffix == '.flv' else []
    data = output('ffmpeg', '-nostdin', '-loglevel', 'error', '-i', path, '-map', '0:v', '-c', 'copy', *convert, '-f', 'h264', '-')
    units = data.replace(b'\0\0\0\1', b'\0\0\1').split(b'\0\0\1')
    return [unit.rstrip(b'\0') for unit in units if unit and unit[0] & 0x1f in (1, 5)]


def sounds(path):
    """The AAC frames' hashes."""
    convert = ['-bsf:a', 'aac_adtstoasc'] if path.suffix == '.ts' else []
    text = output('ffmpeg', '-nostdin', '-loglevel', 'error', '-i', path, '-map', '0:a', '-c', 'copy', *convert, '-f', 'framemd5', '-')
    return [line.split(',')[5].strip() for line in text.decode().splitlines() if line and line[0] != '#']


def delays(path):
    """PTS minus DTS of each picture, in frames."""
    packets = media.probe(path, '-select_streams', 'v', '-show_entries', 'packet=pts_time,dts_time')['packets']
    return [round((float(p['pts_time']) - float(p['dts_time'])) * FPS) for p in packets if 'pts_time' in p and 'dts_time' in p]


def assert_part(part, whole, least, leave=0):
    """`part`, without its last `leave` items, is in `whole` without a gap and has at least `least` items."""
    part = part[:len(part) - leave]
    assert len(part) >= least
    at = [i for i in range(len(whole)) if whole[i] == part[0]]
    assert any(whole[i:i + len(part)] == part for i in at), f'the {len(part)} frames are not consecutive ones of the {len(whole)}'


def assert_same(ts, film):
    assert_part(pictures(ts), pictures(film), FPS, leave=2)
    assert_part(sounds(ts), sounds(film), FPS, leave=3)


def test_a_viewer_at_another_node_gets_every_frame_of_ffmpeg(network, nodes, film):
    first, second = nodes
    encoder = publish(network, first, film)
    ts = received(network, second)
    assert_same(ts, film)
    assert media.decode(ts) == []
    assert_part(delays(ts), delays(film), FPS, leave=2)
    assert first.stream('talk')['source'] == 'p'
    encoder.end(signal.SIGINT)
    astral.wait_until(lambda: not first.stream('talk')['streaming'], 'the stream to wait for its publisher', 5)


def test_a_viewer_at_another_node_gets_every_frame_of_rtmp2sink(network, nodes, film):
    first, second = nodes
    pipeline = (f'filesrc location={film} ! flvdemux name=demux flvmux name=mux streamable=true ! '
                f'rtmp2sink location={first.rtmp}/talk '
                'demux.video ! h264parse ! identity sync=true ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! mux. '
                'demux.audio ! aacparse ! identity sync=true ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! mux.')
    network.launch('rtmp2sink', pipeline)
    assert_same(received(network, second, by=200_000 * SECONDS), film)


def test_a_publisher_that_is_killed_may_continue_its_stream(network, nodes, film):
    first, second = nodes
    encoder = publish(network, first, film)
    live(second)
    viewer, to = media.view(network, second, 'talk')
    media.grows(to, 300_000)
    created = first.stream('talk')['created']
    encoder.kill()
    publish(network, first, film)
    media.grows(to, 600_000, 30)
    assert viewer.running() and first.stream('talk')['streaming'] and first.stream('talk')['created'] == created
    viewer.end(signal.SIGINT)
    whole = to.with_suffix('.ts')
    whole.write_bytes(to.read_bytes()[:to.stat().st_size // 188 * 188])
    got, sent = pictures(whole), pictures(film)
    again = max(i for i in range(1, len(got)) if got[i] == sent[0])  # where the second publisher began
    assert_part(got[:again - 1], sent, 10)
    assert_part(got[again:], sent, FPS, leave=2)


def test_a_stream_whose_publisher_does_not_return_is_no_longer_live(network, nodes, film):
    first, _ = nodes
    encoder = publish(network, first, film)
    live(first)
    encoder.kill()
    astral.wait_until(lambda: not first.stream('talk')['streaming'], 'the stream to wait for its publisher', 25)


def test_a_refused_publisher_gets_the_reason(network, nodes, film):
    first, _ = nodes

    def complaint(url, source=film):
        done = subprocess.run(['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-i', str(source), '-c', 'copy', '-f', 'flv', url],
                              capture_output=True, text=True, timeout=(60 + 2 * SECONDS) * astral.PATIENCE, stdin=subprocess.DEVNULL)
        assert done.returncode != 0
        return done.stderr
    publish(network, first, film)
    live(first)
    assert 'another publisher is publishing talk already' in complaint(f'{first.rtmp}/talk')
    assert 'like my-talk' in complaint(f'{first.rtmp}/My_Talk')
    assert 'rtmp://HOST/astral' in complaint(f'{first.rtmp.replace("astral", "live")}/talk')
    assert 'the stream key is missing' in complaint(f'{first.rtmp}/')
    old = network.folder / 'old.flv'
    output('ffmpeg', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=rate=30', '-t', 20, '-c:v', 'flv1', old)
    complaint(f'{first.rtmp}/old', old)
    assert first.stream('talk')['streaming']


def test_a_stranger_needs_the_token(network, film):
    """As in test_who_may.py, the stranger calls from this machine's network address."""
    address = astral.own_address()
    if not address:
        pytest.skip('this machine has only loopback addresses')
    settings = network.folder / 'node.conf'
    settings.write_text(f'[astralnode]\ntoken={TOKEN}\n')
    node = network.node('n', None, (), None, '--settings', settings, listen='0.0.0.0', rtmp_port=astral.free_port())
    url = f'rtmp://{address}:{node.get("/settings")["rtmp_port"]}/astral/talk'
    for key in ('', '?token=no', f'?token={TOKEN}x', f'?tokens={TOKEN}'):
        done = subprocess.run(['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-i', str(film), '-c', 'copy', '-f', 'flv', url + key],
                              capture_output=True, text=True, timeout=(60 + 2 * SECONDS) * astral.PATIENCE, stdin=subprocess.DEVNULL)
        assert done.returncode != 0 and ('that is not this node' if 'token=n' in key or 'x' in key else 'only this machine') in done.stderr
    assert node.stream('talk') is None
    network.start('stranger', ['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-i', film, '-c', 'copy', '-f', 'flv', f'{url}?token={TOKEN}'])
    live(node)
    assert TOKEN not in node.output


def test_malformed_rtmp_does_not_disturb_a_stream(network, nodes, film):
    first, second = nodes
    publish(network, first, film)
    port = int(first.rtmp.split(':')[2].split('/')[0])
    hello = b'\3' + bytes(1536) * 2
    holes = []
    for junk in (b'GET / HTTP/1.1\r\n\r\n', hello + b'\xff' * 4000, hello + b'\3' + b'\xff' * 11 + bytes(9000), b'\3', b''):
        hole = socket.create_connection(('127.0.0.1', port))
        hole.sendall(junk)
        holes.append(hole)
    assert_same(received(network, second), film)
    for hole in holes:
        hole.close()


def amf(*values):
    """AMF0: texts, numbers, None and objects of texts."""
    out = b''
    for value in values:
        if value is None:
            out += b'\5'
        elif isinstance(value, str):
            out += b'\2' + struct.pack('>H', len(value)) + value.encode()
        elif isinstance(value, dict):
            named = (struct.pack('>H', len(key)) + key.encode() + amf(text) for key, text in value.items())
            out += b'\3' + b''.join(named) + b'\0\0\x09'
        else:
            out += b'\0' + struct.pack('>d', value)
    return out


class RawPublisher:
    """An RTMP publisher that sends the messages a test gives it."""

    def __init__(self, port, key):
        self.chunk = 128
        self.socket = socket.create_connection(('127.0.0.1', port), 20)
        self.socket.sendall(b'\3' + bytes(1536))
        greeting = self._read(1 + 2 * 1536)
        self.socket.sendall(greeting[1:1537])
        self.send(20, amf('connect', 1, {'app': 'astral', 'tcUrl': f'rtmp://127.0.0.1:{port}/astral'}), 0)
        self.send(20, amf('createStream', 2, None), 0)
        self.ask(key)

    def ask(self, key):
        self.send(20, amf('publish', 3, None, key, 'live'))
        self.hear(b'NetStream.Publish.Start')

    def _read(self, size):
        data = b''
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            assert more, 'the node has closed the connection'
            data += more
        return data

    def send(self, kind, body, stream=1, time=0):
        head = b'\3' + time.to_bytes(3, 'big') + len(body).to_bytes(3, 'big') + bytes([kind]) + stream.to_bytes(4, 'little')
        parts = [body[i:i + self.chunk] for i in range(0, len(body), self.chunk)] or [b'']
        self.socket.sendall(head + b'\xc3'.join(parts))

    def hear(self, wanted):
        data = b''
        while wanted not in data:
            more = self.socket.recv(4096)
            assert more, 'the node has closed the connection'
            data += more

    def is_heard(self):
        """The node answers the next command. So it has read all that was sent before, and did not close the connection."""
        self.send(20, amf('createStream', 99, None), 0)
        self.hear(amf('_result', 99))


# Messages without media: commands to the player, video and audio without data, the end of a sequence.
VIDEO, AUDIO = 9, 8
WITHOUT_MEDIA = {
    'a command frame': (VIDEO, b'\x57\x00'),
    'a command frame of one byte': (VIDEO, b'\x57'),
    'a key frame without data': (VIDEO, b'\x17\x01\0\0\0'),
    'a configuration without data': (VIDEO, b'\x17\x00\0\0\0'),
    'the end of a sequence': (VIDEO, b'\x17\x02\0\0\0'),
    'an AAC configuration without data': (AUDIO, b'\xaf\x00'),
    'AAC without data': (AUDIO, b'\xaf\x01'),
    'MP3 without data': (AUDIO, b'\x2f'),
}


def test_messages_without_media_do_not_end_a_publisher(network, nodes, film):
    first, second = nodes
    publish(network, first, film)
    port = int(first.rtmp.split(':')[2].split('/')[0])
    for number, (name, (kind, body)) in enumerate(WITHOUT_MEDIA.items()):
        encoder = RawPublisher(port, f'odd-{number}')
        for time in range(5):
            encoder.send(kind, body, time=40 * time)
        encoder.is_heard()
        encoder.socket.close()
    assert_same(received(network, second), film)


def recorded(network, url, name, seconds=SECONDS):
    """Plays the URL with ffmpeg and records it. Returns the file."""
    path = network.folder / name
    output('ffmpeg', '-nostdin', '-loglevel', 'error', '-i', url, '-t', seconds, '-c', 'copy', path)
    return path


def recorded_by_parts(network, node, name):
    """Plays low-latency HLS: waits for each hinted part, and records all parts in their order. Returns the file."""
    path = '/stream/talk/hls/'
    text = astral.wait_until(lambda: (a := node.call('GET', f'{path}index.m3u8')).status == 200 and a.body.decode(), 'a playlist', 40)
    to, last, seconds = network.folder / name, None, 0
    with to.open('wb') as file:
        while seconds < SECONDS:
            hint, segment, part = re.search(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="((\d+)\.(\d+)\.ts)"', text).groups()
            assert node.call('GET', path + hint).status == 200
            text = node.call('GET', f'{path}index.m3u8?_HLS_msn={segment}&_HLS_part={part}').body.decode()
            for duration, *number in re.findall(r'#EXT-X-PART:DURATION=([\d.]+),URI="(\d+)\.(\d+)\.ts"', text):
                number = tuple(map(int, number))
                if number <= last if last else number[1] > 0:  # it starts at a segment's first part, which has the keyframe
                    continue
                answer = node.call('GET', f'{path}{number[0]}.{number[1]}.ts')
                assert answer.status == 200
                file.write(answer.body)
                last, seconds = number, seconds + float(duration)
    return to


def test_each_output_format_has_every_frame(network, film):
    first = network.node('p', rtmp_port=astral.free_port())
    first.rtmp = f'rtmp://127.0.0.1:{first.get("/settings")["rtmp_port"]}/astral'
    second = network.node('v', bootstrap=[first], rtmp_port=astral.free_port())
    settings = second.get('/settings')
    publish(network, first, film)
    live(second)
    hls = '/stream/talk/hls/index.m3u8'
    urls = {'rtmp.flv': f'rtmp://127.0.0.1:{settings["rtmp_port"]}/{settings["rtmp_resource"]}/talk',
            'http.flv': settings['flv_url'].format(slug='talk'), 'http.ts': settings['ts_url'].format(slug='talk'),
            'hls.ts': second.url + hls}
    astral.wait_until(lambda: second.call('GET', hls).status == 200, 'segments', 40)
    with concurrent.futures.ThreadPoolExecutor() as players:  # all at once
        playing = {name: players.submit(recorded, network, url, name) for name, url in urls.items()}
        playing['parts.ts'] = players.submit(recorded_by_parts, network, second, 'parts.ts')
    for name, player in playing.items():
        got = player.result()
        assert_part(pictures(got), pictures(film), (SECONDS - 2) * FPS, leave=2)
        assert_part(sounds(got), sounds(film), (SECONDS - 2) * FPS, leave=3)
        assert_part(delays(got), delays(film), (SECONDS - 2) * FPS, leave=2)
        packets = media.probe(got, '-show_entries', 'packet=stream_index,dts_time,flags')['packets']
        assert 'K' in next(p for p in packets if p['stream_index'] == 0)['flags'], name
        assert media.decode(got) == [], name
    assert second.ticket('talk')


def test_each_output_format_has_every_frame_of_obs_with_its_default_settings(network, nodes, obs_film):
    first, second = nodes
    publish(network, first, obs_film)
    live(second)
    base = f'http://127.0.0.1:{second.port}/stream/talk'
    for name, path in {'obs.flv': 'live.flv', 'obs.ts': 'live.ts', 'hls.ts': 'hls/index.m3u8'}.items():
        astral.wait_until(lambda: name != 'hls.ts' or second.call('GET', '/stream/talk/hls/index.m3u8').status == 200, 'segments', 40)
        got = recorded(network, f'{base}/{path}', name)
        assert_part(pictures(got), pictures(obs_film), 4 * FPS, leave=4)
        assert_part(sounds(got), sounds(obs_film), 2 * FPS, leave=3)
        assert media.decode(got) == [], name


def test_a_player_gets_a_keyframe_at_once(network, nodes, film):
    first, _ = nodes
    publish(network, first, film)
    live(first)
    media.probe(f'http://127.0.0.1:{first.port}/stream/talk/live.flv', '-show_streams')  # opens the stream and leaves
    with socket.create_connection(('127.0.0.1', first.port)) as player:
        player.settimeout(10 * astral.PATIENCE)
        player.sendall(b'GET /stream/talk/live.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
        got = b''
        while got.count(b'\x17\x01') == 0:  # a key frame
            assert (more := player.recv(65536))
            got += more
        assert got.startswith(b'HTTP/1.1 200 OK\r\n') and b'\r\n\r\nFLV\x01\x05' in got and b'onMetaData' in got


def test_a_player_that_stops_reading_does_not_hold_up_another(network, nodes, film):
    first, _ = nodes
    publish(network, first, film)
    live(first)
    lazy = socket.socket()
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lazy.connect(('127.0.0.1', first.port))
    lazy.sendall(b'GET /stream/talk/live.ts HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    assert_part(pictures(recorded(network, f'http://127.0.0.1:{first.port}/stream/talk/live.ts', 'busy.ts')), pictures(film), FPS, leave=2)
    lazy.close()


def test_players_of_an_unknown_stream_get_an_error(network, nodes):
    first, _ = nodes
    done = subprocess.run(['ffprobe', '-v', 'error', f'{first.rtmp}/nope'], capture_output=True, text=True, timeout=60)
    assert 'no such stream' in done.stderr
    assert first.call('GET', '/stream/nope/live.flv').error['message'] == "stream 'nope': no such stream"


def test_a_codec_that_flv_cannot_carry_is_refused(network, nodes):
    first, _ = nodes
    network.launch('publisher', 'audiotestsrc is-live=true ! audio/x-raw,rate=48000 ! avenc_mp2 ! mpegaudioparse ! '
                   f'mpegtsmux alignment=7 ! astralsink uri={first.uri("old")}')
    live(first, 'old')
    answer = first.call('GET', '/stream/old/live.flv')
    assert answer.status == 415 and 'H.264' in answer.error['message']

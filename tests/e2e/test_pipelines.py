# SPDX-License-Identifier: BSD-3-Clause
"""The scripts in pipelines/ work: each publishes through a node, and what it publishes can be recorded and played."""
import pathlib
import signal
import socket
import subprocess

import pytest

import astral
import media

PIPELINES = pathlib.Path(__file__).resolve().parents[2] / 'pipelines'
READY = sorted(path.name for path in PIPELINES.iterdir() if path.name.startswith(('publish-', 'play-')))


@pytest.fixture
def node(network):
    return network.node('n', rtmp_port=astral.free_port())


def start(network, name, *words):
    env = {'ASTRAL_BUILD': astral.BUILD, 'GST_PLUGIN_PATH': ''}  # the script must find the build's plugin itself
    return network.start(name, [PIPELINES / name, *map(str, words)], **env)


def at(node):
    return f'127.0.0.1:{node.port}'


def streams_of(path):
    return sorted(stream['codec_name'] for stream in media.probe(path, '-show_streams')['streams'])


def recorded(network, node, slug):
    """Records some seconds of the stream with play-record, and ends that with Ctrl-C's signal. Returns the file."""
    astral.wait_until(lambda: (node.stream(slug) or {}).get('streaming'), f'{slug} to be live', 40)
    to = network.folder / f'{slug}.ts'
    player = start(network, 'play-record', slug, to, '--node', at(node))
    astral.wait_until(lambda: media.size(to) > 300_000, 'the recording to grow', 40)
    assert player.end(signal.SIGINT) == 0
    return to


def sender(network, url):
    """Sends H.264 and AAC in MPEG-TS, like OBS."""
    return network.start_helper(['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=30',
                                 '-f', 'lavfi', '-i', 'sine=frequency=440', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune',
                                 'zerolatency', '-pix_fmt', 'yuv420p', '-g', '30', '-b:v', '1500k', '-minrate', '1500k', '-maxrate',
                                 '1500k', '-bufsize', '1500k', '-c:a', 'aac', '-f', 'mpegts', url])


def test_publish_test_publishes_picture_and_sound(network, node):
    publisher = start(network, 'publish-test', 'My Talk!', '--node', at(node))
    assert streams_of(recorded(network, node, 'my-talk')) == ['aac', 'h264']
    assert node.stream('my-talk')['name'] == 'My Talk!'
    assert publisher.end(signal.SIGINT) == 0


def test_publish_file_scales_a_film_without_sound(network, node):
    film = network.folder / 'film.mp4'
    subprocess.run(['ffmpeg', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=30', '-t', '2',
                    '-pix_fmt', 'yuv420p', film], check=True, stdin=subprocess.DEVNULL)
    publisher = start(network, 'publish-file', 'film', film, '--node', at(node), '--height', '180')
    to = recorded(network, node, 'film')
    video, = media.probe(to, '-show_streams')['streams']  # the film has no sound
    assert (video['codec_name'], video['width'], video['height']) == ('h264', 320, 180)
    assert publisher.end(signal.SIGINT) == 0


def test_publish_srt_goes_on_when_its_sender_reconnects(network, node):
    port = astral.free_port(socket.SOCK_DGRAM)
    publisher = start(network, 'publish-srt', 'srt', '--node', at(node), '--port', port)
    url = f'srt://127.0.0.1:{port}'
    obs = None

    def sends():  # reconnects, as OBS does
        nonlocal obs
        if obs is None or obs.poll() is not None:
            obs = sender(network, url)
        return True
    astral.wait_until(lambda: sends() and (node.stream('srt') or {}).get('streaming'), 'srt to be live', 40)
    assert streams_of(recorded(network, node, 'srt')) == ['aac', 'h264']
    viewer, seen = media.view(network, node, 'srt')
    media.grows(seen, 100_000)
    obs.kill()
    obs.wait()
    before = media.size(seen)
    astral.wait_until(lambda: sends() and media.size(seen) > before + 500_000, 'the viewer to receive more', 40)
    assert viewer.running()
    assert publisher.end(signal.SIGINT) == 0


def test_publish_udp_publishes_picture_and_sound(network, node):
    port = astral.free_port(socket.SOCK_DGRAM)
    publisher = start(network, 'publish-udp', 'udp', '--node', at(node), '--port', port)
    sender(network, f'udp://127.0.0.1:{port}?pkt_size=1316')
    assert streams_of(recorded(network, node, 'udp')) == ['aac', 'h264']
    assert publisher.end(signal.SIGINT) == 0


def test_publish_webcam_publishes_a_camera(network, node):
    if not pathlib.Path('/dev/video0').is_char_device():
        pytest.skip('there is no camera /dev/video0')
    start(network, 'publish-webcam', 'camera', '--node', at(node), '--sound', 'no')
    assert streams_of(recorded(network, node, 'camera')) == ['h264']


def test_each_player_script_plays_the_stream(network, node):
    start(network, 'publish-test', 'talk', '--node', at(node))
    astral.wait_until(lambda: (node.stream('talk') or {}).get('streaming'), 'the stream to be live', 40)
    window = network.start('window', [PIPELINES / 'play-window', 'talk', '--node', at(node)], ASTRAL_BUILD=astral.BUILD,
                           PLAY_OPTIONS='--videosink=fakesink --audiosink=fakesink --no-interactive')
    window.wait_for_output(r'\d:\d\d:\d\d\.\d')  # the playback position
    assert window.running()
    astral.wait_until(lambda: node.call('GET', '/stream/talk/hls/index.m3u8').status == 200, 'segments', 40)
    for name, *more in (['play-hls'], ['play-flv'], ['play-ts'], ['play-rtmp', '--rtmp-port', str(node.get('/settings')['rtmp_port'])]):
        done = subprocess.run([PIPELINES / name, 'talk', '--node', at(node), *more, '--player', 'ffprobe'], capture_output=True,
                              text=True, timeout=60 * astral.PATIENCE, env=network.environment(ASTRAL_BUILD=astral.BUILD))
        assert done.returncode == 0 and 'Video: h264' in done.stderr, done.stderr


@pytest.mark.parametrize('name', READY)
def test_help_is_the_first_comment_and_wrong_arguments_print_the_usage(network, name):
    def run(*words):
        return subprocess.run([PIPELINES / name, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env=network.environment(), timeout=20 * astral.PATIENCE)
    shown = run('--help')
    assert shown.returncode == 0 and f'Usage: pipelines/{name} NAME' in shown.stdout and not shown.stderr
    first = (PIPELINES / name).read_text().splitlines()[2]
    assert first.startswith('# ') and shown.stdout.startswith(first[2:])
    for words in ((), ('a', 'b', 'c'), ('a', '--nonsense', '1'), ('a', '--node')):
        wrong = run(*words)
        assert wrong.returncode == 2 and 'Usage:' in wrong.stderr and not wrong.stdout, words

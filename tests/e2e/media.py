# SPDX-License-Identifier: BSD-3-Clause
"""Pipelines that the tests publish, and the comparison with what viewers receive: byte by byte, and with ffprobe."""
import json
import subprocess

import astral

FPS = 10
# The approximate bit rate of the tests' streams, with audio and PSI tables. The video's bit rate is fixed.
KBPS = 1100
# 4:2:0, which all browsers show. Left alone, x264enc gets 4:4:4.
VIDEO = (f'videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate={FPS}/1 ! '
         f'x264enc tune=zerolatency speed-preset=ultrafast bitrate=800 key-int-max={FPS} ! h264parse')
AUDIO = 'audiotestsrc is-live=true freq=440 wave=sine volume=0.2 ! audioconvert ! voaacenc bitrate=96000 ! aacparse'


def test_picture(mux, uri, record):
    """A pipeline that publishes to `uri` and writes the same bytes to the file `record`."""
    return (f'{mux} name=mux ! tee name=all all. ! queue ! filesink location={record} buffer-mode=unbuffered '
            f'all. ! queue ! astralsink uri={uri} '
            f'{VIDEO} ! queue ! mux. {AUDIO} ! queue ! mux.')


def publish_test_picture(network, node, slug, mux='mpegtsmux alignment=7', record=None):
    record = record or network.folder / f'{slug}.published'
    return network.launch('publisher', test_picture(mux, node.uri(slug), record)), record


GOOD = f'tune=zerolatency key-int-max={FPS}'
BAD = f'key-int-max={5 * FPS} bframes=2 b-adapt=false rc-lookahead=0'  # rare keyframes and B-frames: the node warns of both


def publish_encoded(network, node, slug, encoder):
    """Publishes a test picture; `encoder` holds the properties of x264enc."""
    return network.launch('publisher', (
        f'videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate={FPS}/1 ! '
        f'x264enc speed-preset=ultrafast bitrate=800 {encoder} ! h264parse ! queue ! mux. '
        f'mpegtsmux name=mux alignment=7 ! astralsink uri={node.uri(slug)} {AUDIO} ! queue ! mux.'))


def publish_noise(network, node, slug, fps, kbps):
    """Publishes noise, which fills the given bit rate."""
    record = network.folder / f'{slug}.published'
    pipeline = (f'videotestsrc is-live=true pattern=snow ! video/x-raw,format=I420,width=640,height=360,framerate={fps}/1 ! '
                f'x264enc tune=zerolatency speed-preset=ultrafast bitrate={kbps} key-int-max={fps} ! h264parse ! '
                f'mpegtsmux alignment=7 ! tee name=all all. ! queue ! filesink location={record} buffer-mode=unbuffered '
                f'all. ! queue ! astralsink uri={node.uri(slug)}')
    return network.launch('publisher', pipeline), record


def publish_film(network, node, slug, fps=FPS, kbps=800):
    """Publishes astral.FILM in a loop, encoded by ffmpeg with a keyframe every second. It goes through tsparse, which sets no keyframe
    flags on buffers."""
    record = network.folder / f'{slug}.published'
    encoder = network.start_helper(
        ['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-stream_loop', '-1', '-i', astral.FILM, '-f', 'lavfi',
         '-i', 'sine=frequency=440', '-map', '0:v', '-map', '1:a', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune',
         'zerolatency', '-vf', f'fps={fps}', '-b:v', f'{kbps}k', '-minrate', f'{kbps}k', '-maxrate', f'{kbps}k', '-bufsize',
         f'{kbps // 2}k', '-x264-params', 'nal-hrd=cbr', '-g', str(fps), '-pix_fmt', 'yuv420p',
         '-c:a', 'aac', '-b:a', '96k', '-f', 'mpegts', '-flush_packets', '1', '-'],
        stdout=subprocess.PIPE)
    pipeline = (f'fdsrc ! tsparse set-timestamps=true alignment=7 ! tee name=all '
                f'all. ! queue ! filesink location={record} buffer-mode=unbuffered '
                f'all. ! queue ! astralsink uri={node.uri(slug)}')
    sink = network.launch('publisher', pipeline, stdin=encoder.stdout)
    encoder.stdout.close()  # only the publisher reads the pipe now: when it ends, ffmpeg gets SIGPIPE and ends too
    return sink, record


def view(network, node, slug, to=None, quiet=True, invitation=None, **env):
    """Starts a viewer that writes what it receives to a file."""
    to = to or network.folder / f'{slug}-at-{node.label}.received'
    shown = f'invitation={invitation} ' if invitation else ''
    pipeline = f'astralsrc uri={node.uri(slug)} {shown}! filesink location={to} buffer-mode=unbuffered sync=false'
    return network.launch('viewer', pipeline, quiet, **env), to


def size(path):
    return path.stat().st_size if path.exists() else 0


def grows(path, by=1, seconds=20.0):
    """Waits until a file has grown by this many bytes."""
    before = size(path)
    astral.wait_until(lambda: size(path) - before >= by, f'{path.name} to grow by {by} bytes', seconds)


def common_suffix(one, other):
    """How many bytes at the ends of both are equal."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle:] == other[len(other) - middle:]:
            low = middle
        else:
            high = middle - 1
    return low


def match(received, published, end=32768):
    """The longest end of `received` that is in `published` without a gap: (number of bytes before that run, where the run
    starts in `published`, its length). Only the last `end` bytes are searched for."""
    end = min(end, len(received) // 2)
    at = published.rfind(received[-end:])
    if at < 0:
        raise astral.Failure(f'the last {end} of {len(received)} received bytes are not among the {len(published)} published bytes')
    run = common_suffix(received, published[:at + end])
    return len(received) - run, at + end - run, run


def assert_exact(received_file, published_file, max_header):
    """From the first group on, the received bytes are the published ones. Only a stream header of at most `max_header` bytes may
    come before. Returns (header, the run of equal bytes, where the run starts in the published file)."""
    received, published = received_file.read_bytes(), published_file.read_bytes()
    header, start, run = match(received, published)
    if header > max_header:
        raise astral.Failure(f'{header} received bytes come before the published part ({run} bytes, from {start} on)')
    return received[:header], published[start:start + run], start


def ts_packets(data):
    assert len(data) % 188 == 0, f'{len(data)} bytes are not whole TS packets'
    return [data[i:i + 188] for i in range(0, len(data), 188)]


def pid(packet):
    assert packet[0] == 0x47
    return (packet[1] & 0x1f) << 8 | packet[2]


def probe(source, *options):
    """ffprobe's JSON. Anything that ffprobe writes to stderr is a Failure."""
    done = subprocess.run(['ffprobe', '-v', 'error', '-of', 'json', *options, str(source)], capture_output=True,
                          text=True, timeout=60 * astral.PATIENCE, stdin=subprocess.DEVNULL)
    if done.returncode or done.stderr:
        raise astral.Failure(f'ffprobe {source}: {done.stderr}')
    return json.loads(done.stdout)


def probe_bytes(data, *options):
    done = subprocess.run(['ffprobe', '-v', 'error', '-of', 'json', *options, '-'], input=data, capture_output=True,
                          timeout=60 * astral.PATIENCE)
    if done.returncode or done.stderr:
        raise astral.Failure(f'ffprobe: {done.stderr.decode()}')
    return json.loads(done.stdout)


def decode(source, *options, seconds=None, timeout=300):
    """Decodes with ffmpeg and returns its error messages, one per line."""
    limit = ['-t', str(seconds)] if seconds else []
    done = subprocess.run(['ffmpeg', '-nostdin', '-v', 'error', '-xerror', *options, '-i', str(source), *limit, '-f',
                           'null', '-'], capture_output=True, text=True, timeout=timeout * astral.PATIENCE,
                          stdin=subprocess.DEVNULL)
    lines = done.stderr.splitlines()
    return lines if lines or not done.returncode else [f'ffmpeg ended with {done.returncode}']


def assert_continuous(ts):
    """No packet of MPEG-TS seems to be missing, from the first one on: each track's continuity counter counts on."""
    newest = {}
    for at in range(0, len(ts) - 187, 188):
        packet = ts[at:at + 188]
        assert packet[0] == 0x47, f'no packet begins at byte {at}'
        pid, counter = int.from_bytes(packet[1:3], 'big') & 0x1fff, packet[3] & 0xf
        if packet[3] & 0x10:
            assert counter == (newest.get(pid, counter - 1) + 1) & 0xf, f'PID {pid}, byte {at}: {newest[pid]} and then {counter}'
            newest[pid] = counter

# SPDX-License-Identifier: BSD-3-Clause
"""Publishers that are late, stall, pause a track, change it, or whose clock jumps, many at the same time, as streams of one node. Players at
another node get every picture and every audio frame; times never go back, and picture and sound keep their distance."""
import collections
import concurrent.futures
import subprocess
import threading
import time

import pytest

import astral
import frames
import recorders
from frames import AUDIO, VIDEO, Sent
from test_rtmp import RawPublisher, live, output

FPS = 30
GOP = 4  # seconds
SECONDS = 22
NEAR = 1000 / FPS  # ms
TICKS = 90_000


def make_film(path, size='320x180', rate=48000, seconds=SECONDS):
    output('ffmpeg', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', f'testsrc2=size={size}:rate={FPS}', '-f', 'lavfi', '-i',
           'anoisesrc=amplitude=0.1', '-t', seconds, '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', 2, '-b_strategy', 0, '-g', GOP * FPS,
           '-keyint_min', GOP * FPS, '-sc_threshold', 0, '-pix_fmt', 'yuv420p', '-b:v', '400k', '-c:a', 'aac', '-ac', 2, '-ar', rate, '-b:a',
           '64k', path)
    return path


def film_tags(path):
    return sorted((t for t in frames.tags(path.read_bytes()) if t.kind in (VIDEO, AUDIO)), key=lambda t: t.time)


def changed(film, at=lambda tag: tag.time, stamp=lambda tag: tag.time, keep=lambda tag: True):
    """A film that is sent otherwise: when (in ms), with which timestamps, which of its tags."""
    plan = [Sent(0 if frames.is_config(t) else at(t) / 1000, t._replace(time=stamp(t))) for t in film if frames.is_config(t) or keep(t)]
    return sorted(plan, key=lambda sent: sent.at)


def joined(one, other, at):
    """One film up to this time, then the other one, whose codecs have other parameters."""
    plan = [Sent(t.time / 1000, t) for t in one if t.time < at]
    for tag in other:
        later = tag._replace(time=tag.time + at)
        plan.append(Sent(later.time / 1000, later))
    return plan


# What an RTMP publisher does: a plan from a film, and how often HLS may have a discontinuity.
Story = collections.namedtuple('Story', 'plan breaks', defaults=[0])
STORIES = {
    'late': Story(lambda film: changed(film, at=lambda t: t.time + 1500 * (t.time >= 6000))),
    'stall': Story(lambda film: changed(film, at=lambda t: max(t.time, 9000) if 6000 <= t.time else t.time)),
    'gap': Story(lambda film: changed(film, at=lambda t: t.time + 3000 * (t.time >= 6000), stamp=lambda t: t.time + 3000 * (t.time >= 6000))),
    'picture-pauses': Story(lambda film: changed(film, keep=lambda t: t.kind == AUDIO or not 8000 <= t.time < 16000)),
    'sound-pauses': Story(lambda film: changed(film, keep=lambda t: t.kind == VIDEO or not 8000 <= t.time < 16000)),
    'late-sound': Story(lambda film: changed(film, keep=lambda t: t.kind == VIDEO or t.time >= 6000), 1),
    'late-picture': Story(lambda film: changed(film, keep=lambda t: t.kind == AUDIO or t.time >= 8000), 1),
    'back': Story(lambda film: changed(film, stamp=lambda t: t.time - 2500 * (t.time >= 7000))),
    'back-more': Story(lambda film: changed(film, stamp=lambda t: t.time - 3000 * (t.time >= 9000))),
    'forward': Story(lambda film: changed(film, stamp=lambda t: t.time + 9_000_000 * (t.time >= 9000))),
    'picture-ahead': Story(lambda film: changed(film, stamp=lambda t: t.time + 10_000 * (t.kind == VIDEO))),
    'picture-jumps': Story(lambda film: changed(film, stamp=lambda t: t.time + 10_000 * (t.kind == VIDEO and t.time >= 9000))),
    'other-codecs': Story(None, 1),
}
# By how much the tracks of a film that jumps move against its timestamps, in ms: a jump is taken out again.
JUMPS = {'back': (2500, 2500), 'back-more': (3000, 3000), 'forward': (-9_000_000, -9_000_000), 'picture-jumps': (-10_000, 0)}

# What an MPEG-TS publisher does: ticks that its clock is ahead after so many seconds, and the discontinuities.
TsStory = collections.namedtuple('TsStory', 'ticks breaks')
TS_STORIES = {
    'ts-forward': TsStory(lambda at: 50_000 * TICKS if at >= 10 else 0, 1),
    'ts-back': TsStory(lambda at: -20 * TICKS if at >= 10 else 0, 1),
    'ts-wrap': TsStory(lambda at: (1 << 33) - 10 * TICKS, 0),
    'ts-loop': TsStory(lambda at: -int(at // 8) * 8 * TICKS, 2),
}
PER_SECOND = {'picture': FPS, 'sound': 50}  # or fewer
Played = collections.namedtuple('Played', 'sent got breaks data')


def least(kind, what, sent):
    """Which of the frames that were sent must have come, at least. HLS lacks its last segment, which is not complete."""
    return len(sent) - ((GOP + 2) * PER_SECOND[what] if kind == 'hls' else 5)


def publish_ts(network, node, slug, data, story, is_over):
    """Sends MPEG-TS in real time through tsparse, which keeps its bytes."""
    publisher = network.start(f'ts-{slug}', ['gst-launch-1.0', '-q', 'fdsrc', '!', 'tsparse', '!', 'astralsink', f'uri={node.uri(slug)}'],
                              stdin=subprocess.PIPE)
    begin, first = time.monotonic(), 100 * TICKS
    for at, packet in frames.ts_pieces(data):
        time.sleep(max(0, begin + at - time.monotonic()))
        if is_over():
            break
        publisher.popen.stdin.write(frames.shifted(packet, first + story.ticks(at)))
        publisher.popen.stdin.flush()
    return publisher


@pytest.fixture(scope='module')
def played(tmp_path_factory):
    """name -> what was sent and what each player got. Half of the stories at once: all of them are too many for a machine that does other work."""
    folder = tmp_path_factory.mktemp('clocks')
    films = film_tags(make_film(folder / 'film.flv')), film_tags(make_film(folder / 'other.flv', '416x240', 44100, 10))
    ts_film = folder / 'film.ts'
    output('ffmpeg', '-nostdin', '-loglevel', 'error', '-i', folder / 'film.flv', '-c', 'copy', '-muxdelay', 0, '-pat_period', '0.5', ts_film)
    names = [*STORIES, *TS_STORIES]
    return {name: of for half in (0, 1) for name, of in play(tmp_path_factory.mktemp('half'), names[half::2], *films, ts_film.read_bytes()).items()}


def play(folder, names, film, other, ts_film):
    plans = {name: STORIES[name].plan(film) if STORIES[name].plan else joined(film, other, 12_000) for name in names if name in STORIES}
    network = astral.Network(folder)
    is_over = threading.Event()
    try:
        first = network.node('p', rtmp_port=astral.free_port())
        second = network.node('v', bootstrap=[first], rtmp_port=astral.free_port())
        publishers = {name: RawPublisher(first.get('/settings')['rtmp_port'], name) for name in plans}
        senders = [threading.Thread(target=frames.publish, args=(publishers[name], plan, is_over.is_set)) for name, plan in plans.items()]
        senders += [threading.Thread(target=publish_ts, args=(network, first, name, ts_film, TS_STORIES[name], is_over.is_set))
                    for name in names if name in TS_STORIES]
        for sender in senders:
            sender.start()

        def join(name):
            live(second, name)
            return {'flv': recorders.Http(second, name, 'flv'), 'ts': recorders.Http(second, name, 'ts'),
                    'hls': recorders.Hls(second, name), 'rtmp': recorders.Rtmp(second, name)}
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:  # all before the clocks jump
            players = dict(zip(names, pool.map(join, names)))
        for sender in senders:
            sender.join()
        sent = {name: frames.flv_frames([tag for _, tag in plan]) for name, plan in plans.items()}
        sent |= {name: frames.ts_frames(ts_film) for name in names if name in TS_STORIES}
        # The last picture is complete only when the next one begins.
        for name in players:
            for kind in ('flv', 'ts', 'rtmp'):
                wanted = sent[name][0][-2].data
                astral.wait_until(lambda: any(f.data == wanted for f in players[name][kind].frames()[0][-30:]), f'the end of {name} by {kind}', 60, 0.5)
            for track, what in enumerate(PER_SECOND):
                last = {frame.data for frame in sent[name][track][least('hls', what, sent[name][track]):]}
                astral.wait_until(lambda: any(f.data in last for f in players[name]['hls'].frames(newest=2)[track]), f'the {what}s of {name} by HLS', 60, 0.5)
        for of in players.values():
            for player in of.values():
                player.end()
        for publisher in publishers.values():
            publisher.socket.close()
        return {name: Played(sent[name], {kind: player.frames() for kind, player in of.items()}, of['hls'].breaks, of['ts'].data)
                for name, of in players.items()}
    finally:
        is_over.set()
        network.close()


def places(got, sent):
    index = {frame.data: i for i, frame in enumerate(sent)}
    return [index.get(frame.data) for frame in got]


@pytest.mark.parametrize('name', [*STORIES, *TS_STORIES])
def test_every_picture_and_every_sound_arrives(played, name):
    for kind, tracks in played[name].got.items():
        for what, got, sent in zip(PER_SECOND, tracks, played[name].sent):
            at = places(got, sent)
            assert at and at[0] is not None and at == list(range(at[0], at[0] + len(at))), f'{kind}: {what}s are missing, doubled or damaged'
            assert at[-1] >= least(kind, what, sent), f'{kind}: the last {what} is {at[-1]} of {len(sent)}'


@pytest.mark.parametrize('name', [*STORIES, *TS_STORIES])
@pytest.mark.parametrize('kind', ['flv', 'rtmp', 'ts', 'hls'])
def test_times_go_on_and_keep_their_distance(played, name, kind):
    if name in TS_STORIES and kind in ('ts', 'hls'):
        return  # the publisher's own bytes
    tracks, sent = played[name].got[kind], played[name].sent
    shifts = []
    for got, frames_sent in zip(tracks, sent):
        assert all(a.time <= b.time for a, b in zip(got, got[1:])), 'a time goes back'
        shifts.append([frame.time - frames_sent[i].time for frame, i in zip(got, places(got, frames_sent))])
    for shift, jump in zip(shifts, JUMPS.get(name, (0, 0))):
        assert abs(shift[-1] - shift[0] - jump) <= NEAR + 1, 'time runs at another speed'
        assert max(shift) - min(shift) <= abs(jump) + NEAR + 1, 'a stray time'
    if name != 'picture-jumps':
        assert abs(shifts[0][-1] - shifts[1][-1]) <= NEAR, 'picture and sound have moved apart'


@pytest.mark.parametrize('name', [*STORIES, *TS_STORIES])
def test_a_discontinuity_is_where_the_clock_jumps_or_a_codec_changes(played, name):
    assert len(played[name].breaks) == (STORIES.get(name) or TS_STORIES[name]).breaks


@pytest.mark.parametrize('name', STORIES)
def test_the_clock_for_decoders_is_sent_often(played, name):
    clocks = frames.clocks(played[name].data)
    steps = [b - a for a, b in zip(clocks, clocks[1:])]
    assert min(steps) >= 0
    assert sum(step > 100 for step in steps) <= (1 if name == 'gap' else 0), max(steps)

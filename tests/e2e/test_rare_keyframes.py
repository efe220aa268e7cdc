# SPDX-License-Identifier: BSD-3-Clause
"""Encoders that send few key frames, one only, or none but recovery points. HLS opens soon, and players that join late see a picture."""
import re

import pytest

import astral
from test_clocks import FPS
from test_rtmp import live, output

ENCODERS = {'eight-seconds': ('-g', 8 * FPS, '-keyint_min', 8 * FPS), 'one-only': ('-g', 100_000, '-keyint_min', 100_000),
            'recovery-points': ('-x264-params', f'intra-refresh=1:keyint={2 * FPS}')}


@pytest.fixture
def nodes(network):
    first = network.node('p', rtmp_port=astral.free_port())
    return first, network.node('v', bootstrap=[first])


def publish(network, node, name):
    port = node.get('/settings')['rtmp_port']
    network.start(name, ['ffmpeg', '-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', f'testsrc2=size=320x180:rate={FPS}', '-f', 'lavfi',
                         '-i', 'anoisesrc=amplitude=0.1', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', 0,
                         *ENCODERS[name], '-pix_fmt', 'yuv420p', '-b:v', '500k', '-c:a', 'aac', '-f', 'flv', f'rtmp://127.0.0.1:{port}/astral/{name}'])


def playlist(node, name):
    answer = node.call('GET', f'/stream/{name}/hls/index.m3u8')
    return answer.status == 200 and answer.body.decode()


@pytest.mark.parametrize('name', ENCODERS)
def test_hls_opens_before_the_next_key_frame(network, nodes, name):
    first, second = nodes
    publish(network, first, name)
    live(second, name)
    text = astral.wait_until(lambda: playlist(second, name), 'a playlist', 40)
    lengths = [float(length) for length in re.findall(r'^#EXTINF:([\d.]+)', text, re.M)]
    assert lengths and sum(lengths) < 5
    target = int(re.search(r'#EXT-X-TARGETDURATION:(\d+)', text)[1])
    text = astral.wait_until(lambda: (t := playlist(second, name)).count('#EXTINF') >= 4 and t, 'four segments', 60)
    assert all(round(float(length)) <= target for length in re.findall(r'^#EXTINF:([\d.]+)', text, re.M))
    assert ('#EXT-X-INDEPENDENT-SEGMENTS' in text) == (name == 'recovery-points')
    # A late player starts with a key frame that is kept, or at a recovery point.
    output('ffmpeg', '-nostdin', '-v', 'error', '-xerror', '-i', f'{second.url}/stream/{name}/live.flv', '-t', 2, '-f', 'null', '-')

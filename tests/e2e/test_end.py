# SPDX-License-Identifier: BSD-3-Clause
"""A stream that is deleted or ended by its publisher ends everywhere: players at another node get the rest, and end without an error."""
import signal
import subprocess

import astral
import media


def test_a_deleted_stream_ends_at_another_node(network):
    publisher = network.node('p')
    viewer = network.node('v', bootstrap=[publisher], rtmp_port=astral.free_port())
    media.publish_test_picture(network, publisher, 'talk')
    astral.wait_until(lambda: (viewer.stream('talk') or {}).get('streaming'), 'the stream to be known')
    playlist = f'{viewer.url}/stream/talk/hls/index.m3u8'
    rtmp = f'rtmp://127.0.0.1:{viewer.get("/settings")["rtmp_port"]}/astral/talk'
    files = {url: network.folder / f'{number}.ts' for number, url in enumerate([playlist, f'{viewer.url}/stream/talk/live.ts', rtmp])}
    players = {url: network.start(network._name('player'), ['ffmpeg', '-nostdin', '-v', 'error', '-i', url, '-c', 'copy', file])
               for url, file in files.items()}
    for file in files.values():
        media.grows(file, 200_000)
    assert publisher.call('DELETE', '/stream/talk').status == 200
    for url, player in players.items():
        astral.wait_until(lambda player=player: not player.running(), f'{url} to end', 40)
        assert player.popen.returncode == 0, url
    assert players[playlist].output == ''

    text = viewer.call('GET', '/stream/talk/hls/index.m3u8').body.decode()
    assert text.endswith('#EXT-X-ENDLIST\n') and 'PRELOAD-HINT' not in text
    for segment in (line for line in text.splitlines() if line and not line.startswith('#')):
        assert len(viewer.call('GET', f'/stream/talk/hls/{segment}').body) % 188 == 0
    whole = subprocess.run(['ffprobe', '-v', 'error', '-count_packets', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0', playlist],
                           capture_output=True, text=True, timeout=60 * astral.PATIENCE, stdin=subprocess.DEVNULL)
    assert whole.returncode == 0 and min(map(int, whole.stdout.split())) > 30, whole  # ffprobe waits for no more

    # It comes back under the same name, and plays again.
    media.publish_test_picture(network, publisher, 'talk', record=network.folder / 'again')
    astral.wait_until(lambda: (viewer.stream('talk') or {}).get('streaming'), 'the stream to be back')
    astral.wait_until(lambda: b'ENDLIST' not in viewer.call('GET', '/stream/talk/hls/index.m3u8').body, 'a playlist that goes on')


def ended(viewer):
    astral.wait_until(lambda: (viewer.stream('talk') or {}).get('state') == 'ended', 'the stream to have ended', 40)


def live(viewer):
    astral.wait_until(lambda: (viewer.stream('talk') or {}).get('streaming'), 'the stream to be live', 40)


def playlist(viewer):
    return viewer.call('GET', '/stream/talk/hls/index.m3u8').body


def play(network, viewer):
    """An FLV player at the node, and what it receives."""
    to = network.folder / f'{network._name("flv")}.flv'
    player = network.start(network._name('player'), ['curl', '-sSf', '-o', to, f'{viewer.url}/stream/talk/live.flv'])
    media.grows(to, 50_000, 40)
    return player


def test_a_stream_ends_with_its_publisher_and_begins_again(network):
    wait = (None, '--publisher-wait', '2')
    rtmp_port = astral.free_port()
    publisher = network.node('p', None, (), *wait, rtmp_port=rtmp_port)
    viewer = network.node('v', None, [publisher], *wait)

    # EOS at an astralsink. Nothing of the end is lost.
    sink, published = media.publish_test_picture(network, publisher, 'talk')
    live(viewer)
    source, received = media.view(network, viewer, 'talk')
    media.grows(received, 50_000, 40)
    player = play(network, viewer)
    assert b'ENDLIST' not in playlist(viewer)
    assert sink.end(signal.SIGINT) == 0
    for process in (source, player):
        astral.wait_until(lambda process=process: not process.running(), f'{process.name} to end', 40)
        assert process.popen.returncode == 0, process.output
    tail = received.read_bytes()[-100_000:]
    assert len(tail) > 40_000 and published.read_bytes().endswith(tail)
    ended(viewer)
    assert playlist(viewer).endswith(b'#EXT-X-ENDLIST\n')
    stream = viewer.stream('talk')
    assert stream['source'] == 'p' and not stream['streaming']
    assert 'ended' in network.ctl(viewer, 'liststreams').stdout
    refused = astral.wait_until(lambda: (answer := viewer.call('GET', '/stream/talk/live.flv')).status == 404 and answer, 'a refusal')
    assert b'the stream has ended' in refused.body

    # The same slug again, by RTMP, which says goodbye.
    encoder = network.start('ffmpeg', ['ffmpeg', '-nostdin', '-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=10', '-c:v', 'libx264',
                                       '-preset', 'ultrafast', '-tune', 'zerolatency', '-g', '10', '-f', 'flv', f'rtmp://127.0.0.1:{rtmp_port}/astral/talk'])
    live(viewer)
    player = play(network, viewer)
    astral.wait_until(lambda: b'EXTM3U' in playlist(viewer) and b'ENDLIST' not in playlist(viewer), 'a new playlist', 40)
    encoder.end(signal.SIGINT)
    astral.wait_until(lambda: not player.running(), 'the player to end', 40)
    ended(viewer)

    # A publisher that is killed is waited for, but not for ever.
    sink, _ = media.publish_test_picture(network, publisher, 'talk', record=network.folder / 'third')
    live(viewer)
    player = play(network, viewer)
    sink.kill()
    astral.wait_until(lambda: not viewer.stream('talk')['streaming'], 'the stream to wait')
    astral.wait_until(lambda: not player.running(), 'the player to end', 40)
    ended(viewer)

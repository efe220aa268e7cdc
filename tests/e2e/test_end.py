# SPDX-License-Identifier: BSD-3-Clause
"""A stream that is deleted ends everywhere: players at another node get the rest, and end without an error."""
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

# SPDX-License-Identifier: BSD-3-Clause
"""HLS at a node that gets the stream from another node, read and decoded by FFmpeg."""
import re

import astral
import media


def test_ffmpeg_plays_the_playlist_without_errors(network):
    p = network.node('p')
    media.publish_test_picture(network, p, 'talk')
    v = network.node('v', bootstrap=[p])
    astral.wait_until(lambda: (v.stream('talk') or {}).get('streaming'), 'V to know that the stream is live')
    path = '/stream/talk/hls/index.m3u8'

    def playlist():
        answer = v.call('GET', path)
        return answer if answer.status == 200 and answer.body.count(b'#EXTINF') >= 2 else None
    answer = astral.wait_until(playlist, 'two segments', 40)
    assert answer.headers['Content-Type'] in ('application/vnd.apple.mpegurl', 'application/x-mpegURL')
    assert answer.headers['Access-Control-Allow-Origin'] == '*'
    text = answer.body.decode()
    assert text.startswith('#EXTM3U') and '#EXT-X-ENDLIST' not in text
    segment = re.findall(r'^[^#\s].*$', text, re.M)[0]
    media_answer = v.call('GET', f'/stream/talk/hls/{segment}')
    assert media_answer.status == 200 and media_answer.headers['Content-Type'] == 'video/mp2t'
    assert media_answer.headers['Access-Control-Allow-Origin'] == '*'
    assert media_answer.body[0] == 0x47 and len(media_answer.body) % 188 == 0
    assert v.call('GET', '/stream/talk/hls/nope.ts').status == 404
    assert v.call('GET', '/stream/nope/hls/index.m3u8').status == 404

    kinds = {s['codec_name'] for s in media.probe(v.url + path, '-show_streams')['streams']}
    assert kinds == {'h264', 'aac'}
    assert media.decode(v.url + path, seconds=astral.SECONDS) == []

    def longer():
        later = v.call('GET', path).body.decode()
        return later if later.count('#EXTINF') > 12 else None  # nine without --dvr
    later = astral.wait_until(longer, 'a playlist in which viewers can rewind', 40)
    assert re.findall(r'^[^#\s].*$', later, re.M)[0] == segment
    assert v.call('GET', f'/stream/talk/hls/{segment}').body == media_answer.body


def test_each_hinted_part_can_be_fetched_and_the_parts_make_the_segment(network):
    """Low-latency HLS at another node: the node answers a request for the part in the preload hint, and a segment is its parts."""
    p = network.node('p')
    media.publish_test_picture(network, p, 'talk')
    v = network.node('v', bootstrap=[p])
    astral.wait_until(lambda: (v.stream('talk') or {}).get('streaming'), 'V to know that the stream is live')
    path = '/stream/talk/hls/'

    def playlist(query=''):
        answer = v.call('GET', f'{path}index.m3u8{query}')
        return answer.body.decode() if answer.status == 200 else None
    hint = r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="((\d+)\.(\d+)\.ts)"'
    text = astral.wait_until(lambda: playlist(), 'a playlist', 40)
    assert 'CAN-BLOCK-RELOAD=YES' in text and '#EXT-X-PART-INF:PART-TARGET=' in text
    parts = {}
    while len(parts) < 3:  # so that all parts of the second one were fetched
        name, segment, part = re.search(hint, text).groups()
        answer = v.call('GET', path + name)
        assert answer.status == 200 and answer.headers['Content-Type'] == 'video/mp2t'
        parts.setdefault(segment, []).append(answer.body)
        text = playlist(f'?_HLS_msn={segment}&_HLS_part={part}&_HLS_skip=YES')
        assert f'URI="{name}"' in text.split('#EXT-X-PRELOAD-HINT')[0]
    whole = sorted(parts)[1]
    assert v.call('GET', f'{path}{whole}.ts').body == b''.join(parts[whole])
    for query in ('_HLS_part=0', '_HLS_msn=x', '_HLS_msn=1&_HLS_msn=1', f'_HLS_msn={int(segment) + 9}'):
        assert v.call('GET', f'{path}index.m3u8?{query}').status == 400
    assert v.call('GET', f'{path}{int(segment) + 9}.0.ts').status == 404

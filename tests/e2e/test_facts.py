# SPDX-License-Identifier: BSD-3-Clause
"""The publisher's node and a viewer's node both show a stream's codecs and warn of bad encoder settings."""
import astral
import media


def test_nodes_show_the_codecs_and_warn_of_rare_keyframes_and_b_frames(network):
    p = network.node('p')
    v = network.node('v', bootstrap=[p])
    media.publish_encoded(network, p, 'good', media.GOOD)
    media.publish_encoded(network, p, 'bad', media.BAD)
    for slug in ('good', 'bad'):
        astral.wait_until(lambda: (v.stream(slug) or {}).get('streaming'), f'V to know that {slug} is live')
        assert 'video' not in v.stream(slug)
        assert v.call('POST', f'/stream/{slug}/tickets', {}).status == 303
    video = {'codec': 'h264', 'width': 640, 'height': 360, 'framerate': f'{media.FPS}/1', 'keyframe_seconds': 1.0, 'b_frames': False}
    audio = {'codec': 'aac', 'rate': 44100, 'channels': 1}
    for node in (p, v):
        good = astral.wait_until(
            lambda: (now := node.stream('good')).get('video', {}).get('keyframe_seconds') and 'audio' in now and now, 'the codecs')
        assert good['video'] == video and good['audio'] == audio and 'warnings' not in good
        # A muxer may start the first group late, which makes that interval shorter; the longest interval counts.
        wanted = {**video, 'keyframe_seconds': 5.0, 'b_frames': True}
        bad = astral.wait_until(lambda: (now := node.stream('bad')).get('video') == wanted and now, 'the codecs of the bad stream', 30)
        assert len(bad['warnings']) == 2
        assert 'Keyframes are 5 s apart' in bad['warnings'][0] and 'B-frames' in bad['warnings'][1]
        listed = {stream['slug']: stream for stream in node.get('/streams')['streams']}
        assert listed['bad']['warnings'] == bad['warnings'] and listed['good']['video'] == video

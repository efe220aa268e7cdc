# SPDX-License-Identifier: BSD-3-Clause
"""A real OBS Studio, in Xvfb, publishes by RTMP as README.md says. Another node plays its picture."""
import configparser
import json
import shutil
import signal
import subprocess

import pytest

import astral
import media

WIDTH, HEIGHT = 640, 360
GREEN = 0xff00c000  # ABGR
SCREEN = (shutil.which('Xvfb'), shutil.which('obs'))


def write_ini(path, sections):
    path.parent.mkdir(parents=True, exist_ok=True)
    ini = configparser.ConfigParser()
    ini.optionxform = str
    ini.read_dict(sections)
    with open(path, 'w') as file:
        ini.write(file, space_around_delimiters=False)


def write_profile(folder, server, key):
    """Writes the settings that OBS would write after its dialogs: a green scene, sent to our server with a keyframe every second."""
    folder = folder / 'obs-studio'
    write_ini(folder / 'global.ini', {
        'General': {'FirstRun': 'true', 'LastVersion': 29 << 24 | 2, 'EnableAutoUpdates': 'false'},
        'Basic': {'Profile': 'astral', 'ProfileDir': 'astral', 'SceneCollection': 'astral', 'SceneCollectionFile': 'astral'}})
    profile = folder / 'basic' / 'profiles' / 'astral'
    write_ini(profile / 'basic.ini', {
        'General': {'Name': 'astral'}, 'Output': {'Mode': 'Simple'},
        'SimpleOutput': {'VBitrate': 800, 'ABitrate': 96, 'UseAdvanced': 'true', 'Preset': 'ultrafast', 'x264Settings': 'keyint=30'},
        'Video': {'BaseCX': WIDTH, 'BaseCY': HEIGHT, 'OutputCX': WIDTH, 'OutputCY': HEIGHT, 'FPSCommon': 30}})
    (profile / 'service.json').write_text(json.dumps({'type': 'rtmp_custom', 'settings': {'server': server, 'key': key}}))
    scenes = folder / 'basic' / 'scenes' / 'astral.json'
    scenes.parent.mkdir(parents=True)
    scenes.write_text(json.dumps({
        'name': 'astral', 'current_scene': 'Scene', 'current_program_scene': 'Scene', 'scene_order': [{'name': 'Scene'}], 'sources': [
            {'id': 'color_source_v3', 'name': 'Green', 'settings': {'color': GREEN, 'width': WIDTH, 'height': HEIGHT}},
            {'id': 'scene', 'name': 'Scene', 'settings': {'id_counter': 1, 'items': [{'name': 'Green', 'id': 1, 'visible': True}]}}]}))


def start_obs(network, server, key):
    screen = network.start_helper([SCREEN[0], '-displayfd', '1', '-screen', '0', '1280x720x24', '-nolisten', 'tcp'], stdout=subprocess.PIPE)
    display = screen.stdout.readline().decode().strip()
    home = network.folder / 'obs'
    runtime = home / 'run'
    runtime.mkdir(parents=True, mode=0o700)
    write_profile(home, server, key)
    return network.start('obs', [SCREEN[1], '--multi', '--startstreaming', '--collection', 'astral', '--profile', 'astral'], DISPLAY=f':{display}',
                         HOME=home, XDG_CONFIG_HOME=home, XDG_RUNTIME_DIR=runtime, LIBGL_ALWAYS_SOFTWARE=1, QT_QPA_PLATFORM='xcb')


@pytest.mark.skipif(None in SCREEN, reason='obs or Xvfb is missing (Debian: obs-studio, xvfb)')
def test_a_stream_from_obs_plays_at_another_node(network):
    publishing = network.node('p', rtmp_port=astral.free_port())
    watching = network.node('v', bootstrap=[publishing])
    obs = start_obs(network, f'rtmp://127.0.0.1:{publishing.get("/settings")["rtmp_port"]}/astral', 'from-obs')
    astral.wait_until(lambda: (watching.stream('from-obs') or {}).get('streaming'), 'OBS to publish', 60)
    viewer, received = media.view(network, watching, 'from-obs')
    media.grows(received, 200_000, 30)
    assert viewer.end(signal.SIGINT) == 0, viewer.output
    assert obs.running(), obs.output
    obs.end()
    tracks = {track['codec_name']: track for track in media.probe(received, '-show_streams')['streams']}
    assert set(tracks) == {'h264', 'aac'}
    assert (tracks['h264']['width'], tracks['h264']['height']) == (WIDTH, HEIGHT)
    picture = subprocess.run(['ffmpeg', '-nostdin', '-v', 'error', '-i', received, '-frames:v', '1', '-vf', 'scale=1:1', '-pix_fmt', 'rgb24',
                              '-f', 'rawvideo', '-'], capture_output=True, check=True).stdout
    red, green, blue = picture
    assert green > 120 and red < 60 and blue < 60, picture

# SPDX-License-Identifier: BSD-3-Clause
"""What people publish with the lines that we print is seen at another node, moving and in its colours, in Chromium and in Firefox."""
import re
import shlex
import subprocess

import astral
import pytest
from test_printed_lines import of_page, of_readme

from page import Page

PRINTED = [astral.TOP / name for name in ('README.md', 'web/commands.js', 'pipelines/publish-srt', 'pipelines/publish-udp')]
BARS = ['white', 'yellow', 'cyan', 'green', 'magenta', 'red', 'blue']
# The middle of each of the seven bars, in the upper half of the picture.
COLOURS = '''(() => {
    const video = document.querySelector("video");
    const [canvas, [width, height]] = [document.createElement("canvas"), [video.videoWidth, video.videoHeight]];
    Object.assign(canvas, {width, height});
    const drawn = canvas.getContext("2d", {willReadFrequently: true});
    drawn.drawImage(video, 0, 0);
    const names = {111: "white", 110: "yellow", "011": "cyan", "010": "green", 101: "magenta", 100: "red", "001": "blue"};
    return Array.from({length: 7}, (_, bar) => {
        const [...rgb] = drawn.getImageData(width * (bar + .5) / 7, height * .4, 1, 1).data.slice(0, 3);
        return names[rgb.map((one) => one > 150 ? 1 : one < 60 ? 0 : "?").join("")] ?? rgb.join();
    });
})()'''


def ffmpeg_lines():
    """The publishers' lines for ffmpeg, each as words with {to} for the address."""
    found = []
    for file in PRINTED:
        text = file.read_text().replace('\\\\\n', '').replace('\\\n', '')
        for line in re.findall(r'(ffmpeg -re [^`\n]*)', text):
            found.append([*shlex.split(line)[:-1], '{to}'])
    return found


@pytest.fixture
def bars(tmp_path):
    """Colour bars with a box that moves, in 4:4:4, which no browser shows: the lines must convert it. A list of one short film, many
    times, because not every line repeats its file."""
    film, films = tmp_path / 'bars.mkv', tmp_path / 'bars.ffconcat'
    subprocess.run(['ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'smptebars=s=320x240:r=30', '-f', 'lavfi', '-i',
                    'color=white:s=20x20:r=30', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-filter_complex',
                    "[0][1]overlay=x='mod(t*60,300)':y=200:format=yuv444", '-t', '5', '-c:v', 'libx264', '-preset', 'ultrafast',
                    '-pix_fmt', 'yuv444p', film], check=True, stdin=subprocess.DEVNULL)
    films.write_text('ffconcat version 1.0\n' + f'file {film.name}\n' * 100)
    return films


def test_streams_of_printed_lines_are_seen_at_another_node(network, chromium, firefox, bars):
    p = network.node('p', rtmp_port=astral.free_port())
    v = network.node('v', bootstrap=[p])
    rtmp = f'rtmp://127.0.0.1:{p.get("/settings")["rtmp_port"]}/astral'
    with_gst = [of_readme(network)[0], of_page(network)[0]]
    with_ffmpeg = ffmpeg_lines()
    assert len(with_ffmpeg) == len(PRINTED)
    for at, line in enumerate(with_gst):
        network.start(f'gst-{at}', [re.sub(r'astral://[^/]+/[a-z-]+', p.uri(f'gst-{at}'), word) for word in shlex.split(line)])
    for at, words in enumerate(word for word in with_ffmpeg if 'flv' in word):
        network.start_helper([{'FILE': bars, '{to}': f'{rtmp}/ffmpeg-{at}'}.get(word, word) for word in words],
                             stderr=subprocess.DEVNULL)
    slugs = ['gst-0', 'gst-1', 'ffmpeg-0', 'ffmpeg-1']
    for slug in slugs:
        astral.wait_until(lambda slug=slug: (v.stream(slug) or {}).get('streaming'), f'{slug} to be known', 40)
    for driver in (chromium, firefox):
        page = Page.fresh(driver)
        for slug in slugs:
            page.open(f'{v.url}/#watch/{slug}')
            page.expect_moving(1)
            assert page.js(COLOURS) == BARS, (driver.name, slug)
        page.open('about:blank')

# SPDX-License-Identifier: BSD-3-Clause
"""Takes the README's pictures: every page of a real node with something on it, in the dark and the light colour scheme. Runs only if
ASTRAL_SCREENSHOTS names a folder, which the script `screenshots` does."""
import os

import pytest

import astral

FOLDER = os.environ.get('ASTRAL_SCREENSHOTS')
pytestmark = pytest.mark.skipif(not FOLDER, reason='ASTRAL_SCREENSHOTS names no folder for the pictures')

WIDTH, HEIGHT = 1280, 800
PUBLISH = """ffmpeg -v error -re -f lavfi -i {scene} -f lavfi -i sine=frequency={tone}:sample_rate=48000 -c:v libx264 -preset ultrafast
    -tune zerolatency -pix_fmt yuv420p -b:v 1500k -maxrate 1500k -bufsize 750k -g 30 -c:a aac -f flv"""
STREAMS = {
    'evening-lecture': 'gradients=s=1280x720:r=30:n=4:c0=0x0b1434:c1=0x3b5bdb:c2=0x9dc1ff:c3=0xf3c988:x0=0:y0=0:x1=1280:y1=720:speed=0.004:seed=7',
    'observatory': 'mandelbrot=s=640x360:rate=15',
    'garden-camera': 'gradients=s=640x360:r=15:n=3:c0=0x0b7350:c1=0x8ee6a0:c2=0xf2e06d:speed=0.02:seed=3',
    'studio-two': 'gradients=s=640x360:r=15:n=3:c0=0x6f3fc8:c1=0xff94b8:c2=0xffb86b:speed=0.02:seed=5',
}
ABOUT = {'evening-lecture': 'How a swarm carries a picture', 'observatory': 'The southern sky, all night',
         'garden-camera': 'Who visits the pond', 'studio-two': 'Rehearsal'}


def photograph(page, name, height=None):
    """Saves a picture of the whole page, or of its upper `height` pixels."""
    cdp = page.driver.execute_cdp_cmd
    page.driver.execute_script('document.activeElement.blur(); scrollTo(0, 0)')
    shown = height or page.js('document.documentElement.scrollHeight')
    cdp('Emulation.setDeviceMetricsOverride', {'width': WIDTH, 'height': shown, 'deviceScaleFactor': 1, 'mobile': False})
    page.wait('the end of the colour transitions', lambda: page.js('document.getAnimations().every(one => one.playState !== "running")'))
    page.driver.save_screenshot(f'{FOLDER}/{name}.png')
    cdp('Emulation.setDeviceMetricsOverride', {'width': WIDTH, 'height': HEIGHT, 'deviceScaleFactor': 1, 'mobile': False})


@pytest.fixture
def town(network):
    """Five nodes: alma publishes three streams and benoit one, and all forward. Returns benoit, whose pages are photographed."""
    alma = network.node('alma', upstream_limit=4000, rtmp_port=astral.free_port())
    benoit = network.node('benoit', bootstrap=[alma], upstream_limit=4000, rtmp_port=astral.free_port())
    for tone, (slug, scene) in enumerate(STREAMS.items(), 300):
        at = benoit if slug == 'studio-two' else alma
        port = at.get('/settings')['rtmp_port']
        name = slug.replace('-', ' ').capitalize()
        assert at.call('POST', '/streams', {'name': name, 'description': ABOUT[slug]}).status == 201
        network.start_helper([*PUBLISH.format(scene=scene, tone=tone).split(), f'rtmp://127.0.0.1:{port}/astral/{slug}'])
        astral.wait_until(lambda: (at.stream(slug) or {}).get('streaming'), f'{slug} to be live')
    others = [network.node(name, bootstrap=[alma, benoit], upstream_limit=4000) for name in ('carmen', 'dmitri', 'esra')]
    for slug, nodes in (('evening-lecture', [benoit, *others]), ('studio-two', others[:2]), ('garden-camera', [others[2], benoit])):
        for node in nodes:
            astral.wait_until(lambda: node.stream(slug), f'{node.uuid} to know {slug}')
            assert node.call('POST', f'/stream/{slug}/tickets', {}, timeout=30).status in (302, 303)
    return benoit


@pytest.mark.parametrize('scheme', ['dark', 'light'])
def test_take_a_picture_of_every_page(town, page, scheme):
    r = town
    page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
    try:
        page.driver.execute_cdp_cmd('Emulation.setScrollbarsHidden', {'hidden': True})
        page.open(f'{r.url}/#streams')
        page.wait('the streams', lambda: page.text('#streams-count') == f'{len(STREAMS)} streams')
        page.wait('thumbnails', lambda: page.js('''[...document.querySelectorAll("#stream-list .thumbnail img")].filter(
            image => image.complete && image.naturalWidth > 0).length''') >= 3 or page.js('performance.now()') > 20000)
        photograph(page, f'streams-{scheme}')
        page.open(f'{r.url}/#watch/evening-lecture')
        page.expect_moving(3)
        photograph(page, f'watch-{scheme}', 930)
        page.open(f'{r.url}/#publish')
        page.wait("the node's own stream", lambda: 'bit/s' in page.text('#own .facts'))
        page.driver.find_element('id', 'capture-preview').click()
        page.wait('the preview', lambda: page.js('document.querySelector("#preview").videoWidth') > 0)
        photograph(page, f'publish-{scheme}')
        page.open(f'{r.url}/#network')
        page.wait('rates', lambda: 'bit/s' in page.text('#ticket-rows'))
        photograph(page, f'network-{scheme}')
        page.open(f'{r.url}/#node')
        page.wait('the pipeline', lambda: page.js('document.querySelector("#graph svg") !== null'))
        page.wait('half a minute of rates', lambda: page.js(
            'document.querySelector("#chart .line").getAttribute("d").split("L").length') > 14)
        photograph(page, f'node-{scheme}')
    finally:
        page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': []})
        page.driver.execute_cdp_cmd('Emulation.setScrollbarsHidden', {'hidden': False})
        page.driver.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})

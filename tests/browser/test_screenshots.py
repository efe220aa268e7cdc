# SPDX-License-Identifier: BSD-3-Clause
"""Takes pictures of every page of a real node and of the origin, with something on it: on a desktop and on a phone, in the dark and the light
colour scheme. Runs only if ASTRAL_SCREENSHOTS names a folder, which the script `screenshots` does."""
import os

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains

import astral

FOLDER = os.environ.get('ASTRAL_SCREENSHOTS')
pytestmark = pytest.mark.skipif(not FOLDER, reason='ASTRAL_SCREENSHOTS names no folder for the pictures')

SIZES = {1280: 800, 390: 844}
SCHEMES = ('dark', 'light')
PUBLISH = """ffmpeg -v error -re -f lavfi -i {scene} -f lavfi -i sine=frequency={tone}:sample_rate=48000 -c:v libx264 -preset ultrafast
    -tune zerolatency -pix_fmt yuv420p -b:v 1500k -maxrate 1500k -bufsize 750k -g 15 -c:a aac -f flv"""
STREAMS = {
    'evening-lecture': 'gradients=s=1280x720:r=15:n=4:c0=0x0b1434:c1=0x3b5bdb:c2=0x9dc1ff:c3=0xf3c988:x0=0:y0=0:x1=1280:y1=720:speed=0.004:seed=7',
    'observatory': 'mandelbrot=s=640x360:rate=15',
    'garden-camera': 'gradients=s=640x360:r=15:n=3:c0=0x0b7350:c1=0x8ee6a0:c2=0xf2e06d:speed=0.02:seed=3',
    'studio-two': 'gradients=s=640x360:r=15:n=3:c0=0x6f3fc8:c1=0xff94b8:c2=0xffb86b:speed=0.02:seed=5',
}
ABOUT = {'evening-lecture': 'How a swarm carries a picture', 'observatory': 'The southern sky, all night',
         'garden-camera': 'Who visits the pond', 'studio-two': 'Rehearsal'}
LONG_S = 120  # many processes share the machine


def emulate(page, scheme, width, height):
    page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
    page.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride',
                                {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False})


def save(page, file):
    """ChromeDriver gives a picture ten seconds, which is too little for a machine that is busy."""
    for tries_left in reversed(range(6)):
        try:
            return page.driver.save_screenshot(file)
        except TimeoutException:
            if not tries_left:
                raise


def photograph(page, name, is_whole=True, pointer_on=None):
    """Saves the page at both widths and in both schemes: all of it, or what is in the window; with the pointer on an element."""
    for width, height in SIZES.items():
        for scheme in SCHEMES:
            emulate(page, scheme, width, height)
            page.driver.execute_script('document.activeElement.blur(); scrollTo(0, 0)')
            page.wait('no wider page than the window', lambda: page.js('document.documentElement.scrollWidth <= innerWidth'))
            if is_whole:
                emulate(page, scheme, width, max(height, page.js('document.documentElement.scrollHeight')))
            if pointer_on:
                ActionChains(page.driver).move_to_element(page.driver.find_element('css selector', pointer_on)).perform()
            page.wait('the end of the colour transitions', lambda: page.js(
                'document.getAnimations().every(one => one.playState !== "running" || one.effect.getTiming().iterations === Infinity)'))
            save(page, f'{FOLDER}/{name}-{width}-{scheme}.png')
    emulate(page, 'dark', 1280, SIZES[1280])


@pytest.fixture
def town(network):
    """Five nodes and an origin: alma publishes three streams and benoit one, and all forward. Returns benoit and the origin."""
    origin = network.origin()
    alma = network.node('alma', origin, upstream_limit=4000, rtmp_port=astral.free_port())
    benoit = network.node('benoit', origin, bootstrap=[alma], upstream_limit=4000, rtmp_port=astral.free_port())
    for tone, (slug, scene) in enumerate(STREAMS.items(), 300):
        at = benoit if slug == 'studio-two' else alma
        port = at.get('/settings')['rtmp_port']
        name = slug.replace('-', ' ').capitalize()
        assert at.call('POST', '/streams', {'name': name, 'description': ABOUT[slug]}).status == 201
        network.start_helper([*PUBLISH.format(scene=scene, tone=tone).split(), f'rtmp://127.0.0.1:{port}/astral/{slug}'])
        astral.wait_until(lambda: (at.stream(slug) or {}).get('streaming'), f'{slug} to be live', LONG_S)
    others = [network.node(name, origin, bootstrap=[alma, benoit], upstream_limit=4000) for name in ('carmen', 'dmitri', 'esra')]
    for slug, nodes in (('evening-lecture', [benoit, *others]), ('studio-two', others[:2]), ('garden-camera', [others[2], benoit])):
        for node in nodes:
            astral.wait_until(lambda: node.stream(slug), f'{node.label} to know {slug}', LONG_S)
            astral.wait_until(lambda: node.call('POST', f'/stream/{slug}/tickets', {}, timeout=30).status in (302, 303),
                              f'{node.label} to get {slug}', LONG_S)
    return benoit, origin


def of_node(page, url):
    page.open(f'{url}/#streams')
    page.wait('the streams', lambda: page.text('#streams-count') == f'{len(STREAMS)} streams', LONG_S)
    page.wait('thumbnails', lambda: page.js('''[...document.querySelectorAll("#stream-list .thumbnail img")].filter(
        image => image.complete && image.naturalWidth > 0).length''') >= 3 or page.js('performance.now()') > 20000)
    photograph(page, 'streams')
    page.open(f'{url}/#watch/evening-lecture')
    page.expect_moving(3)
    photograph(page, 'watch', pointer_on='#screen')
    page.js('document.querySelector("#share-open").click()')
    page.wait('the code', lambda: page.js('document.querySelector("#share-code path") !== null'))
    photograph(page, 'share', is_whole=False)
    page.js('document.querySelector("#share").close()')
    page.js('document.querySelector("#keys").showModal()')
    photograph(page, 'keys', is_whole=False)
    page.open(f'{url}/embed/evening-lecture')
    page.wait('the picture', lambda: page.js('(document.querySelector("video")?.videoWidth ?? 0) > 0'), LONG_S)
    photograph(page, 'embed', is_whole=False, pointer_on='#screen')
    page.open(f'{url}/#publish')
    page.wait("the node's own stream", lambda: 'bit/s' in page.text('#own .facts'))
    page.driver.find_element('id', 'capture-preview').click()
    page.wait('the preview', lambda: page.js('document.querySelector("#preview").videoWidth') > 0)
    photograph(page, 'publish')
    page.open(f'{url}/#network')
    page.wait('rates', lambda: 'bit/s' in page.text('#ticket-rows'))
    photograph(page, 'network')
    page.open(f'{url}/#node')
    page.wait('the pipeline', lambda: page.js('document.querySelector("#graph svg") !== null'))
    page.wait('half a minute of rates', lambda: page.js(
        'document.querySelector("#chart .line").getAttribute("d").split("L").length') > 14, LONG_S)
    photograph(page, 'node')


def of_origin(page, url):
    for name, path in (('streams', ''), ('stream', 'stream/evening-lecture'), ('publish', 'upload'), ('map', 'visualization'),
                       ('download', 'download'), ('how', 'stream/evening-lecture/publish')):
        page.open(f'{url}/{path}')
        if name == 'map':
            page.wait('the nodes', lambda: page.js('document.querySelectorAll("#nodes > g").length') >= 5)
        photograph(page, f'origin-{name}')


def test_take_a_picture_of_every_page(town, page):
    node, origin = town
    try:
        page.driver.execute_cdp_cmd('Emulation.setScrollbarsHidden', {'hidden': True})
        emulate(page, 'dark', 1280, SIZES[1280])
        of_node(page, node.url)
        of_origin(page, origin.url)
    finally:
        page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': []})
        page.driver.execute_cdp_cmd('Emulation.setScrollbarsHidden', {'hidden': False})
        page.driver.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})

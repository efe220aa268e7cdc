# SPDX-License-Identifier: BSD-3-Clause
"""axe-core has no serious and no critical finding on any page, in the dark and in the light colour scheme."""
import pathlib
import time

import pytest

from fake_node import PARENT, UUID

AXE = pathlib.Path(__file__).parent / 'node_modules' / 'axe-core' / 'axe.min.js'
NODE_PAGES = ('#streams', '#watch/demo', '#publish', '#network', '#node')
ORIGIN_PAGES = ('/', '/stream/talk', '/stream/talk/publish', '/upload', '/nodes', '/visualization', '/download', '/about')
DOT = 'digraph pipeline { rankdir=LR; subgraph cluster_src { label="GstAstralSrc"; a [label="src"]; } a -> b [label="video/mpegts"] }'

pytestmark = pytest.mark.skipif(not AXE.exists(), reason='axe-core is missing: npm --prefix tests/browser ci')


@pytest.fixture(params=['dark', 'light'])
def scheme(request, driver):
    driver.execute_cdp_cmd('Emulation.setEmulatedMedia',
                           {'features': [{'name': 'prefers-color-scheme', 'value': request.param},
                                         {'name': 'prefers-reduced-motion', 'value': 'reduce'}]})
    yield request.param
    driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': []})


def findings(page):
    """axe-core's serious and critical findings as texts, one for each element."""
    page.driver.execute_script(AXE.read_text())
    page.driver.set_script_timeout(60)
    found = page.driver.execute_async_script('''
        const done = arguments[0];
        axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => done(violations), error => done([{
            id: String(error), impact: "critical", nodes: []}]));''')
    return [f'{one["impact"]} {one["id"]}: {node["html"][:160]} {node["failureSummary"][:240]}' for one in found
            if one['impact'] in ('serious', 'critical') for node in one['nodes'] or [{'html': '', 'failureSummary': ''}]]


@pytest.fixture
def busy(node):
    """A node with something on every page: streams, tickets, warnings, log lines, a pipeline."""
    video = {'codec': 'h264', 'width': 320, 'height': 180, 'framerate': '25/1', 'keyframe_seconds': 5.0}
    node.streams.append({'slug': 'my-talk', 'name': 'My Talk', 'source': UUID, 'streaming': True, 'bitrate_kbps': 1800, 'viewers': 2,
                         'created': int(time.time()) - 4000, 'video': video, 'audio': {'codec': 'aac', 'rate': 48000, 'channels': 2},
                         'warnings': ['Keyframes are 5 s apart.']})
    node.streams.append({'slug': 'later', 'name': 'Later', 'source': PARENT, 'streaming': False})
    node.tickets.append(node.ticket('my-talk', UUID, PARENT, 1, 'standby', 'standby'))
    node.endpoints = {f'{kind}_url': f'{node.url}stream/{{slug}}/{kind}' for kind in ('hls', 'flv')}
    node.log = [{'time': 1795416543000 + i, 'level': level, 'text': 'something happened'}
                for i, level in enumerate(('info', 'message', 'warning', 'critical', 'error'))]
    node.pipelines = [{'stream': 'demo', 'name': 'relay', 'dot': DOT}]
    return node


@pytest.mark.parametrize('view', NODE_PAGES)
def test_a_nodes_page_has_no_serious_finding(busy, page, scheme, view):
    page.open(busy.url + view)
    page.wait('the page to get events', lambda: page.js('document.querySelector("#node").classList.contains("live")'))
    if view == '#watch/demo':
        page.expect_moving(1)
        page.js('document.querySelector("#ways").parentElement.open = true')
    if view == '#node':
        page.wait('the pipeline', lambda: page.js('document.querySelector("#graph svg") !== null'))
    assert findings(page) == []


def test_the_dialog_before_a_stream_is_deleted_has_no_serious_finding(busy, page, scheme):
    page.open(busy.url + '#publish')
    page.wait("the node's own stream", lambda: 'My Talk' in page.text('#own'))
    page.js('document.querySelectorAll("#own button")[1].click()')
    page.wait('the dialog', lambda: page.is_shown('#confirm'))
    assert findings(page) == []


@pytest.mark.parametrize(('button', 'dialog'), [('share-open', 'share'), ('keys-open', 'keys')])
def test_a_dialog_of_the_player_has_no_serious_finding(busy, page, scheme, button, dialog):
    page.open(busy.url + '#watch/demo')
    page.expect_moving(1)
    page.js('document.getElementById(arguments[0]).click()', button)
    page.wait('the dialog', lambda: page.is_shown(f'#{dialog}'))
    assert findings(page) == []


@pytest.mark.parametrize('path', ORIGIN_PAGES)
def test_an_origins_page_has_no_serious_finding(network, page, scheme, path):
    origin = network.origin()
    assert origin.call('POST', '/nodes', {'uuid': 's', 'port': 9, 'supernode': True}).status == 201
    for name, streaming in (('Talk', True), ('Later', False)):
        assert origin.call('POST', '/streams', {'name': name, 'source': 's', 'streaming': streaming}).status == 201
    page.open(origin.url + path)
    if path == '/visualization':
        page.wait('the map', lambda: page.js('document.querySelectorAll("#nodes > g").length') == 1)
    assert findings(page) == []

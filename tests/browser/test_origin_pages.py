# SPDX-License-Identifier: BSD-3-Clause
"""The origin's pages in a browser: the live map of the network, the table of streams, playback through the visitor's own node, the form
for a new stream."""
import json
import urllib.parse

import pytest

import astral
import fake_node
from test_picture import publish as publish_picture


def report(origin, uuid, **more):
    answer = origin.call('POST', '/nodes', {'uuid': uuid, 'port': 8000, **more})
    assert answer.status in (200, 201), answer.body


def publish(origin, name, **more):
    answer = origin.call('POST', '/streams', {'name': name, 'source': 'n1', **more})
    assert answer.status in (200, 201), answer.body


def uuids(page):
    return set(page.js('[...document.querySelectorAll("#nodes > g")].map(element => element.dataset.uuid)'))


def radius(page, uuid):
    return page.js('Number(document.querySelector(`#nodes > g[data-uuid="${arguments[0]}"] circle`).getAttribute("r"))', uuid)


@pytest.fixture
def origin(network):
    return network.origin()


class OpenNode(fake_node.FakeNode):
    """Allows pages of any origin to read its answers (CORS), as a real node does."""

    def send(self, request, status, body, kind, headers=None):
        super().send(request, status, body, kind, {'access-control-allow-origin': '*', **(headers or {})})


@pytest.fixture
def node(segments):
    made = OpenNode([], segments)
    yield made
    made.close()


def test_the_map_changes_with_the_network(origin, page):
    report(origin, 's1', supernode=True, children=2, capacity=100)
    for uuid in ('n1', 'n2'):
        report(origin, uuid, primary_supernode_uuid='s1')
    page.open(f'{origin.url}/visualization')
    page.wait('the nodes', lambda: uuids(page) == {'s1', 'n1', 'n2'})
    page.wait('their links', lambda: page.js('document.querySelectorAll("#links line").length') == 2)
    assert radius(page, 's1') > radius(page, 'n1')
    assert '3 nodes, 1 of them supernodes' in page.text('#counts')
    page.js('window.still_the_same_page = true')

    report(origin, 'n3', primary_supernode_uuid='s1')
    page.wait('the fourth node', lambda: 'n3' in uuids(page))
    publish(origin, '<b>A talk</b>', streaming=True)
    page.wait('the stream', lambda: '<b>A talk</b>' in page.js('document.querySelector("#nodes").textContent'))
    assert page.js('document.querySelectorAll("#nodes > g[data-uuid=n1] .halo").length') == 1
    report(origin, 'n2', supernode=True)
    page.wait('n2 to be drawn as a supernode', lambda: radius(page, 'n2') == radius(page, 's1'))
    assert origin.call('DELETE', '/node/n3').status == 200
    page.wait('n3 to be gone', lambda: uuids(page) == {'s1', 'n1', 'n2'})
    assert page.js('window.still_the_same_page') is True
    assert page.console_errors == []


def test_the_map_of_300_nodes_has_no_overlap(origin, page):
    for i in range(6):
        report(origin, f's{i}', supernode=True, children=49, capacity=100, primary_supernode_uuid='s0')
    for i in range(294):
        report(origin, f'node-{i:03}', primary_supernode_uuid=f's{i % 6}')
    page.open(f'{origin.url}/visualization')
    page.wait('300 nodes', lambda: len(uuids(page)) == 300)
    closest, inside = page.js('''(() => {
        const box = document.querySelector("#map").viewBox.baseVal;
        const places = [...document.querySelectorAll("#nodes > g")].map((group) => {
            const {e: x, f: y} = group.transform.baseVal.consolidate().matrix;
            return {x, y, r: Number(group.querySelector("circle").getAttribute("r"))};
        });
        const gap = (a, b) => Math.hypot(a.x - b.x, a.y - b.y) - a.r - b.r;
        const gaps = places.flatMap((a, i) => places.slice(i + 1).map((b) => gap(a, b)));
        const is_inside = ({x, y, r}) => x - r >= box.x && y - r >= box.y && x + r <= box.x + box.width && y + r <= box.y + box.height;
        return [Math.min(...gaps), places.every(is_inside)];
    })()''')
    assert closest > 1 and inside
    assert page.js('document.querySelector("#nodes > g[data-uuid=node-000] circle").getBoundingClientRect().width') > 3  # px
    assert page.console_errors == []


def test_the_map_keeps_its_state_until_the_origin_is_restarted(network, page):
    store = f'sqlite://{network.folder}/origin.db'
    origin = network.origin(store=store)
    report(origin, 'n1')
    page.open(f'{origin.url}/visualization')
    page.wait('the node', lambda: uuids(page) == {'n1'})
    origin.end()
    page.wait('the error', lambda: 'does not answer' in page.text('#counts'))
    assert uuids(page) == {'n1'}
    again = network.origin('--port', origin.port, store=store)
    report(again, 'n2')
    page.wait('both nodes', lambda: uuids(page) == {'n1', 'n2'})


def rows(page):
    return page.js('[...document.querySelectorAll("#streams tbody tr td:first-child a")].map(link => link.textContent)')


def test_the_table_sorts_by_each_column(origin, page):
    publish(origin, 'a', viewers=5, bitrate_kbps=100)
    publish(origin, 'b', viewers=30, bitrate_kbps=9)
    publish(origin, 'c', viewers=2, bitrate_kbps=1000, streaming=True)
    page.open(f'{origin.url}/')
    assert rows(page) == ['c', 'a', 'b']  # live streams come first

    def click(column):
        page.driver.find_element('css selector', f'th[data-sort="{column}"] a').click()
        return rows(page)
    assert click('viewers') == ['b', 'a', 'c']
    assert click('viewers') == ['c', 'a', 'b']
    assert click('bitrate') == ['c', 'a', 'b']
    assert click('name') == ['a', 'b', 'c']
    assert click('name') == ['c', 'b', 'a']
    assert page.js('location.pathname + location.search') == '/'
    publish(origin, 'd')  # appears at its place, without a reload
    page.wait('the fourth row', lambda: rows(page) == ['d', 'c', 'b', 'a'])
    assert page.console_errors == []


def test_the_table_sorts_without_javascript(origin, page):
    publish(origin, 'a', viewers=5)
    publish(origin, 'b', viewers=30)
    page.driver.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', {'value': True})
    try:
        page.open(f'{origin.url}/')
        page.driver.find_element('css selector', 'th[data-sort="viewers"] a').click()
        names = [link.text for link in page.driver.find_elements('css selector', '#streams tbody tr td:first-child a')]
        assert names == ['b', 'a']
        page.driver.find_element('css selector', '#streams tbody tr td:first-child a').click()
        assert page.driver.current_url == f'{origin.url}/stream/b'
        assert page.driver.find_element('link text', 'Play b').get_attribute('href') == 'http://127.0.0.1:8000/#watch/b'
    finally:
        page.driver.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', {'value': False})


def test_a_stream_plays_through_the_visitors_node(origin, node, page):
    publish(origin, 'Demo', streaming=True)
    page.open(f'{origin.url}/stream/demo?node={node.port}')
    page.wait('a picture', lambda: page.js('document.querySelector("video").videoWidth') > 0)
    before = page.time
    page.wait('that moves', lambda: page.time > before + 1)
    assert page.text('#said') == f'Through your own node, 127.0.0.1:{node.port}.'
    assert not page.is_shown('#no-node')
    assert page.console_errors == []


def test_a_stream_plays_through_a_real_node(network, origin, page):
    real = network.node('n1', origin)
    publish_picture(network, real, 'talk')
    page.wait('the stream at the origin', lambda: origin.call('GET', '/stream/talk').status == 200)
    page.open(f'{origin.url}/stream/talk?node={real.port}')
    page.wait('a picture', lambda: page.js('document.querySelector("video").videoWidth') > 0)
    before = page.time
    page.wait('that moves', lambda: page.time > before + 1)


def test_a_visitor_without_a_node_is_told_how_to_get_one(origin, node, page):
    report(origin, 'n1', ip_address='192.0.2.7')
    publish(origin, 'Demo', streaming=True)
    node.close()
    page.open(f'{origin.url}/stream/demo?node={node.port}')
    page.wait('the advice', lambda: page.is_shown('#no-node'))
    assert page.js('document.querySelector("#no-node a").pathname') == '/download'
    assert page.js('document.querySelector("#source").href') == 'http://192.0.2.7:8000/stream/demo/hls/index.m3u8'
    node.start()  # now the page finds a node, and plays
    page.wait('a picture', lambda: page.js('document.querySelector("video").videoWidth') > 0)
    assert not page.is_shown('#no-node')


def test_a_visitor_without_a_node_watches_through_a_public_one(network, origin, page):
    publisher = network.node('p', origin)
    publish_picture(network, publisher, 'talk')
    opened = network.node('o', origin, [publisher], None, '--public')
    at_origin = lambda node: origin.call('GET', f'/node/{node.uuid}').json.get('node', {})
    page.wait('the origin to find that o is reachable', lambda: at_origin(opened).get('reachable'))
    assert at_origin(opened)['public'] is True and 'public' not in at_origin(publisher)
    page.wait('the stream at the origin', lambda: origin.call('GET', '/stream/talk').status == 200)
    page.wait('the public node to know the stream', lambda: opened.stream('talk'))
    page.open(f'{origin.url}/stream/talk?node={astral.free_port()}')  # no node listens there
    page.wait('a picture', lambda: page.js('document.querySelector("video").videoWidth') > 0)
    before = page.time
    page.wait('that moves', lambda: page.time > before + 1)
    assert page.text('#said') == f'Through 127.0.0.1:{opened.port}, a public node.'
    assert page.is_shown('#no-node')
    assert page.js('document.querySelector("#open").href') == f'{opened.url}/stream/talk/hls/index.m3u8'


def test_the_page_shows_why_the_visitors_node_refuses(origin, node, page):
    publish(origin, 'Unknown there')
    page.open(f'{origin.url}/stream/unknown-there?node={node.port}')
    page.wait("the node's message", lambda: 'There is no such stream.' in page.text('#said'))
    assert not page.is_shown('#no-node')


def test_the_form_leads_to_the_visitors_node_which_creates_the_stream(network, origin, page):
    real = network.node('n1', origin)
    page.open(f'{origin.url}/upload?node={real.port}')
    page.driver.find_element('name', 'name').send_keys('My Talk!')
    page.driver.find_element('name', 'description').send_keys('"quoted" & <b>')
    page.driver.find_element('css selector', 'form button').click()
    page.wait("the node's page", lambda: page.js('location.origin') == real.url)
    page.wait('the name', lambda: page.js('document.querySelector("#publish-name")?.value') == 'My Talk!')
    assert f'uri=astral://127.0.0.1:{real.port}/my-talk ' in page.text('#command-gst')
    assert real.stream('my-talk') is None  # the origin's page has only passed on the name
    page.driver.find_element('css selector', '#publish-form button').click()
    page.wait('the new stream', lambda: page.text('#publish-said').startswith('My Talk! is reserved for you.'))
    assert real.stream('my-talk')['description'] == '"quoted" & <b>'
    assert page.console_errors == []
    page.open(f'{origin.url}/stream/my-talk/publish?node={real.port}')
    assert f'astralsink uri=astral://127.0.0.1:{real.port}/my-talk' in page.text('main')


@pytest.mark.parametrize('path', ['/', '/stream/x', '/visualization', '/upload', '/nodes', '/download', '/about'])
def test_the_content_security_policy_of_each_page_is_enforced(origin, page, path):
    publish(origin, 'x')
    page.open(origin.url + path)
    page.js('''(() => {
        window.refused = [];
        document.addEventListener("securitypolicyviolation", event => window.refused.push(event.effectiveDirective));
        const inline = document.createElement("script");
        inline.textContent = "window.ran = true";
        const styled = document.createElement("style");
        styled.textContent = "body { color: red }";
        const image = document.createElement("img");
        image.src = "http://localhost:1/elsewhere.png";
        document.body.append(inline, styled, image);
        fetch("http://localhost:1/elsewhere").catch(() => {});
    })()''')
    page.wait('four violations', lambda: len(page.js('window.refused')) >= 4)
    assert page.js('window.ran ?? false') is False
    assert set(page.js('window.refused')) == {'script-src-elem', 'style-src-elem', 'img-src', 'connect-src'}
    addresses = page.js('performance.getEntriesByType("resource").map(entry => entry.name)')
    own = {urllib.parse.urlsplit(address).netloc for address in addresses}
    assert own <= {f'127.0.0.1:{origin.port}', '127.0.0.1:8000', 'localhost:1'}, json.dumps(addresses)


def fill(page, selector, text):
    page.wait(selector, lambda: page.is_shown(selector))
    page.js('document.querySelector(arguments[0]).value = arguments[1]', selector, text)


def click(page, selector):
    page.wait(selector, lambda: page.is_shown(selector))
    page.js('document.querySelector(arguments[0]).click()', selector)


def test_an_administrator_moderates_on_a_page(network, page):
    (network.folder / 'token').write_text('the-administrators-token\n')
    origin = network.origin('--admin-token', network.folder / 'token')
    report(origin, 'n1')
    publish(origin, 'talk', streaming=True)
    page.open(f'{origin.url}/moderation')
    fill(page, '#enter input', 'a wrong one')
    click(page, '#enter button')
    page.wait('the refusal', lambda: 'only an administrator' in page.text('#said'))
    fill(page, '#enter input', 'the-administrators-token')
    click(page, '#enter button')
    fill(page, '#stream input', 'talk')
    click(page, '#stream button[value=hide]')
    page.wait('the hidden stream', lambda: 'talk' in page.text('#hidden'))
    assert origin.call('GET', '/stream/talk').status == 404
    click(page, '#hidden button')
    page.wait('the stream to be back', lambda: origin.call('GET', '/stream/talk').status == 200)
    fill(page, '#ban [name=who]', '127.0.0.0/8')
    fill(page, '#ban [name=reason]', 'spam')
    click(page, '#ban button')
    page.wait('the ban', lambda: '127.0.0.0/8 spam' in page.text('#bans'))
    refused = origin.call('POST', '/nodes', {'uuid': 'n1', 'port': 8000})
    assert refused.status == 403 and 'spam' in refused.error['message']
    click(page, '#bans button')
    page.wait('the ban to be lifted', lambda: origin.call('POST', '/nodes', {'uuid': 'n1', 'port': 8000}).status == 201)

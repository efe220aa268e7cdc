# SPDX-License-Identifier: BSD-3-Clause
"""The page's picture of the network and its tables, against a fake node whose state the test changes."""
import json

import pytest

from fake_node import PARENT, UUID

EVIL = '<img src=x onerror="window.ran=true"><script>window.ran=true</script>'


@pytest.fixture
def live(node, page):
    """The page on #network, after its first reads, while it learns of changes by events alone."""
    page.open(node.url + '#network')
    page.wait('the network', lambda: page.js('document.querySelectorAll("#network-picture .peer").length') == 2)
    page.wait('events', lambda: page.js('document.querySelector("#node").classList.contains("live")'))
    # The page reads everything at its start, and again when its WebSocket is open.
    page.wait('its first reads', lambda: all(node.asked(f'/{kind}') == 2 for kind in ('node', 'nodes', 'streams', 'tickets')))
    return page


def peers(page):
    """{uuid: position in the picture}."""
    return page.js('''Object.fromEntries([...document.querySelectorAll("#network-picture .peer")].map(
        peer => [peer.dataset.uuid, peer.getAttribute("transform")]))''')


def arrows(page):
    return page.js('''[...document.querySelectorAll("#network-picture .ticket")].map(
        one => [one.dataset.stream, one.dataset.source, one.dataset.destination])''')


def table(page, name):
    return page.js(f'[...document.querySelectorAll("#{name} tr")].map(row => [...row.cells].map(cell => cell.innerText))')


def test_the_page_shows_nodes_and_tickets_at_its_start(node, live):
    assert set(peers(live)) == {UUID, PARENT}
    assert arrows(live) == [['demo', PARENT, UUID]]
    assert live.text('#network-legend') == 'Demo · 620 kbit/s'
    assert live.js('document.querySelector("#network-picture .peer.primary").dataset.uuid') == PARENT
    assert live.js('document.querySelector("#network-picture .hops").textContent') == '2'
    assert table(live, 'ticket-rows') == [['demo', PARENT, 'this node', '2', 'active', 'confirmed', '–', '–']]
    assert table(live, 'node-rows')[1] == [PARENT, '192.0.2.7:8000', 'its supernode', '12 ms', '3 of 100', '0.1.0']
    assert live.console_errors == []


def test_an_event_makes_the_page_read_only_the_lists_that_it_concerns(node, live):
    before = len(node.requests)
    node.others.append({'uuid': 'new-node', 'ip_address': '2001:db8::1', 'port': 8001, 'children': 0, 'capacity': 0})
    node.tell({'type': 'node', 'data': {'uuid': 'new-node'}})
    live.wait('the node', lambda: 'new-node' in peers(live))
    assert table(live, 'node-rows')[2] == ['new-node', '[2001:db8::1]:8001', 'node', '–', '0', '–']
    node.streams.append({'slug': 'talk', 'name': 'Talk', 'source': 'new-node', 'streaming': True})
    node.tell({'type': 'stream', 'data': {'slug': 'talk'}})
    live.wait('the stream', lambda: live.text('#streams-count') == '2 streams')
    node.tickets.append(node.ticket('talk', UUID, 'new-node', 3, 'standby'))
    node.tell({'type': 'ticket', 'data': {'stream': 'talk'}})
    live.wait('the ticket', lambda: ['talk', UUID, 'new-node'] in arrows(live))
    assert live.js('document.querySelector("#network-picture .standby").dataset.stream') == 'talk'
    assert table(live, 'ticket-rows')[1] == ['talk', 'this node', 'new-node', '3', 'standby', 'confirmed', '–', '–']
    assert sorted(path for _, path in node.requests[before:]) == [
        '/node', '/node', '/nodes', '/streams', '/streams', '/tickets']
    node.tickets.clear()
    node.tell({'type': 'ticket', 'data': {'gone': True}})
    live.wait('no ticket', lambda: arrows(live) == [] and 'receives and forwards nothing' in live.text('#network'))


def test_a_node_keeps_its_position_when_others_come_and_go(node, live):
    node.others += [{'uuid': f'other-{i}', 'rtt_ms': i} for i in range(20)]
    node.tell({'type': 'node'})
    live.wait('22 nodes', lambda: len(peers(live)) == 22)
    before = peers(live)
    del node.others[5:9]
    node.others += [{'uuid': f'later-{i}', 'supernode': True} for i in range(30)]
    node.tell({'type': 'node'})
    live.wait('48 nodes', lambda: len(peers(live)) == 48)
    after = peers(live)
    assert [uuid for uuid in before if uuid in after and before[uuid] != after[uuid]] == []
    assert len(set(after.values())) == 48


@pytest.mark.parametrize('width', [1280, 390])
def test_the_labels_of_fifty_nodes_are_readable_and_do_not_overlap(node, page, width):
    node.others += [{'uuid': f'{i:02}aabbcc-1122-3344-5566-77889900aabb', 'rtt_ms': i, 'supernode': i % 9 == 0}
                    for i in range(49)]
    try:
        page.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride',
                                    {'width': width, 'height': 800, 'deviceScaleFactor': 1, 'mobile': width < 500})
        page.open(node.url + '#network')
        page.wait('51 nodes', lambda: len(peers(page)) == 51)
        assert page.js('document.documentElement.scrollWidth') <= width
        boxes = page.js('''[...document.querySelectorAll("#network-picture .label")].map(label => {
            const {left, right, top, bottom} = label.getBoundingClientRect();
            return {left, right, top, bottom, size: parseFloat(getComputedStyle(label).fontSize) * label.getScreenCTM().a};
        })''')
        for i, one in enumerate(boxes):
            assert one['size'] >= 11 and one['left'] >= 0 and one['right'] <= width
            for other in boxes[:i]:
                assert (one['right'] <= other['left'] or other['right'] <= one['left'] or
                        one['bottom'] <= other['top'] or other['bottom'] <= one['top']), (one, other)
    finally:
        page.driver.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})


def test_players_and_publishers_at_this_node_are_shown_without_their_uuids(node, live):
    node.tickets += [{**node.ticket('talk', '6c90b1cd-d650', UUID, 0), 'element': True},
                     {**node.ticket('talk', UUID, '5cb07ad1-a2cd', 1), 'element': True}]
    node.tell({'type': 'ticket'})
    live.wait('three tickets', lambda: len(arrows(live)) == 3)
    assert table(live, 'ticket-rows')[1:] == [
        ['talk', 'this node', 'a player', '1', 'active', 'confirmed', '–', '–'],
        ['talk', 'a publisher', 'this node', '0', 'active', 'confirmed', '–', '–']]
    assert sorted(live.js('[...document.querySelectorAll("#network-picture .program .label")].map(one => one.textContent)')) \
        == ['a player', 'a publisher']
    assert '6c90b1cd' not in live.text('main') and '5cb07ad1' not in live.text('main')


def test_the_page_draws_60_and_lists_500_of_ten_thousand_nodes(node, live):
    node.others += [{'uuid': f'n{i}'} for i in range(10_000)]
    node.tell({'type': 'node'})
    live.wait('the count', lambda: live.text('#node-count') == '10002')
    assert len(peers(live)) == 60 and live.text('#network-note') == '9942 more nodes are known than are drawn'
    assert live.js('document.querySelector("#node-rows").children.length') == 500
    assert live.text('#node-rest') == 'and 9502 more'
    del node.others[1:]
    node.tell({'type': 'node'})
    live.wait('two nodes', lambda: live.text('#node-count') == '2' and len(peers(live)) == 2)
    assert not live.is_shown('#node-rest') and live.text('#network-note') == ''


def test_malformed_events_change_nothing(node, live):
    before, asked = live.text('main'), len(node.requests)
    for text in ('', 'null', '7', '"node"', '[]', '{', '{}', '{"type":7}', '{"type":null,"data":[]}', '{"type":"other"}',
                 '{"type":"__proto__"}', '{"type":"constructor"}', '\x00', '{"type":' * 50, json.dumps({'type': 60000 * 'x'})):
        node.say(text)
    # Events are handled in order: when the page shows this one, it has handled all before.
    node.others.append({'uuid': 'the-last'})
    node.tell({'type': 'node', 'data': None})
    live.wait('the last node', lambda: 'the-last' in peers(live))
    assert len(node.requests) == asked + 2
    node.others.pop()
    node.tell({'type': 'node'})
    live.wait('the last node to be gone', lambda: 'the-last' not in peers(live))
    assert live.text('main') == before
    assert live.console_errors == []


def test_malformed_entries_of_the_lists_are_left_out(node, live):
    node.others += [None, 7, 'text', [], {}, {'uuid': 7}, {'uuid': ''}, {'uuid': 'half', 'port': {}, 'rtt_ms': 'fast',
                    'children': [1], 'ip_address': 9, 'supernode': 'yes', 'version': None}]
    node.tickets += [None, {'stream': 'demo'}, {'stream': 1, 'source': 2, 'destination': 3}]
    node.streams += [None, {'slug': {}}, {'slug': 'half', 'name': 7, 'media': [], 'bitrate_kbps': '<b>', 'viewers': {}}]
    for kind in ('node', 'stream', 'ticket'):
        node.tell({'type': kind})
    live.wait('the valid entries', lambda: 'half' in peers(live) and live.text('#streams-count') == '2 streams')
    assert set(peers(live)) == {UUID, PARENT, 'half'}
    assert table(live, 'node-rows')[2] == ['half', '–', 'node', '–', '–', '–']
    assert arrows(live) == [['demo', PARENT, UUID]]
    assert live.console_errors == []


def test_markup_in_names_is_shown_as_text(node, live):
    node.others.append({'uuid': EVIL, 'ip_address': EVIL, 'version': EVIL})
    node.streams.append({'slug': EVIL, 'name': EVIL, 'description': EVIL, 'media': EVIL, 'source': EVIL})
    node.tickets.append(node.ticket(EVIL, EVIL, UUID, 1, EVIL, EVIL))
    node.primary = EVIL
    for kind in ('node', 'stream', 'ticket'):
        node.tell({'type': kind, 'data': {'uuid': EVIL}})
    live.wait('the new entries', lambda: EVIL in peers(live) and len(arrows(live)) == 2 and EVIL in live.text('#stream-list'))
    assert EVIL in live.text('#node-rows') and EVIL in live.text('#ticket-rows') and EVIL in live.text('#network-legend')
    assert EVIL in live.js('document.querySelector("#network-picture desc").textContent')
    assert live.js('document.querySelectorAll("main img[src], main script, svg script, svg image").length') == 0
    assert live.js('window.ran ?? false') is False
    assert live.console_errors == []


def test_the_page_polls_while_it_gets_no_events(node, page):
    node.has_events = False
    page.open(node.url + '#network')
    page.wait('the network', lambda: len(peers(page)) == 2)
    assert not page.js('document.querySelector("#node").classList.contains("live")')
    node.others.append({'uuid': 'seen-by-polling'})
    page.wait('the node', lambda: 'seen-by-polling' in peers(page))
    node.has_events = True
    page.wait('events', lambda: page.js('document.querySelector("#node").classList.contains("live")'))


def test_the_page_reads_everything_again_when_its_socket_reconnects(node, live):
    node.has_events = False
    node.hang_up()
    live.wait('no events', lambda: not live.js('document.querySelector("#node").classList.contains("live")'))
    node.others.append({'uuid': 'meanwhile'})
    node.has_events = True
    live.wait('events', lambda: live.js('document.querySelector("#node").classList.contains("live")'))
    live.wait('the node', lambda: 'meanwhile' in peers(live))


def test_the_picture_has_a_text_description(live):
    assert live.js('document.querySelector("#network-picture").getAttribute("role")') == 'img'
    named = live.js('''["aria-labelledby", "aria-describedby"].map(name => document.getElementById(
        document.querySelector("#network-picture").getAttribute(name)).textContent)''')
    assert named == ['The network around this node',
                     f'Node {UUID}, its supernode {PARENT}, 1 other node and 1 ticket.'
                     f' demo: {PARENT} to this node, 2 hops, active, confirmed.']


@pytest.mark.parametrize('scheme', ['dark', 'light'])
def test_text_has_enough_contrast_in_both_colour_schemes(live, scheme):
    """At least 4.5 to 1 against the page's background, as WCAG 2 demands for text."""
    live.driver.execute_cdp_cmd('Emulation.setEmulatedMedia',
                                {'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
    try:
        ratios = live.js('''(() => {
            const style = getComputedStyle(document.documentElement);
            const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
            const light = name => {
                canvas.fillStyle = style.getPropertyValue(name);
                canvas.fillRect(0, 0, 1, 1);
                const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(
                    part => part / 255 <= .04045 ? part / 255 / 12.92 : ((part / 255 + .055) / 1.055) ** 2.4);
                return .2126 * r + .7152 * g + .0722 * b;
            };
            const names = ["--text", "--text-soft", ...Array.from({length: 8}, (_, i) => `--s${i}`)];
            return Object.fromEntries(names.map(name => {
                const [high, low] = [light(name), light("--sky")].sort((a, b) => b - a);
                return [name, (high + .05) / (low + .05)];
            }));
        })()''')
        assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
    finally:
        live.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': []})

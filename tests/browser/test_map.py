# SPDX-License-Identifier: BSD-3-Clause
"""The origin's map shows a real network: three supernodes, nine other nodes, and a stream that all of them get."""
import os

import astral
import media

SUPERNODES = ('s0', 's1', 's2')
OTHERS = tuple(f'n{number}' for number in range(9))
ROOM_FOR_TWO = 380  # KB/s: two streams of media.KBPS, with what their links carry beside them


def held(node):
    """With uuids, as the page has them."""
    ticket = node.call('GET', '/stream/talk/ticket').raw_json.get('ticket')
    return ticket if ticket and ticket['confirmed'] else None


def twelve(network):
    origin = network.origin()
    nodes = {}
    for name in SUPERNODES:
        nodes[name] = network.node(name, origin, (), ROOM_FOR_TWO, '--supernode', 'yes', '--capacity', 3)
    for name in SUPERNODES:
        astral.wait_until(lambda: nodes[name].get('/node')['node']['supernode'], f'{name} to be a supernode')
    for name in OTHERS:
        nodes[name] = network.node(name, origin, (), ROOM_FOR_TWO, '--supernode', 'no')
    for name in OTHERS:
        astral.wait_until(lambda: 'primary_supernode_uuid' in nodes[name].get('/node')['node'], f'{name} to have a place', 60)
    return origin, nodes


def draw_tickets(page, tickets):
    """Draws the nodes' tickets as arrows on the map, for the README's picture. The origin itself does not know tickets."""
    page.driver.execute_script('''
        const [tickets] = arguments;
        const make = (name, attributes) => {
            const element = document.createElementNS("http://www.w3.org/2000/svg", name);
            for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
            return element;
        };
        const group = make("g", {id: "tickets"});
        for (const {source, destination} of tickets) {
            const [a, b] = [source, destination].map((uuid) => {
                const sign = document.querySelector(`#nodes > g[data-uuid="${uuid}"]`);
                const {e: x, f: y} = sign.transform.baseVal.consolidate().matrix;
                return {x, y, r: Number(sign.querySelector("circle").getAttribute("r")) + 4};
            });
            const [dx, dy] = [b.x - a.x, b.y - a.y];
            const length = Math.hypot(dx, dy);
            const at = (along, beside) => [a.x + (dx * along - dy * beside) / length, a.y + (dy * along + dx * beside) / length];
            const [from, to, bend] = [at(a.r, 0), at(length - b.r, 0), at((length + a.r - b.r) / 2, (length - a.r - b.r) / 6)];
            const back = Math.atan2(bend[1] - to[1], bend[0] - to[0]);
            const barb = (turn) => [to[0] + 6 * Math.cos(back + turn), to[1] + 6 * Math.sin(back + turn)];
            group.append(make("path", {d: `M${from} Q${bend} ${to} M${barb(0.45)} L${to} L${barb(-0.45)}`, fill: "none",
                                       stroke: "var(--live)", "stroke-width": 1.6, "stroke-linecap": "round"}));
        }
        document.querySelector("#links").after(group);''', tickets)


def test_the_map_shows_twelve_real_nodes_and_their_links(network, page):
    origin, nodes = twelve(network)
    # A child of s0, which stands in the middle of the map.
    source = nodes[[name for name in OTHERS if nodes[name].get('/node')['node']['primary_supernode_uuid'] == 's0'][1]]
    media.publish_test_picture(network, source, 'talk')
    astral.wait_until(lambda: (source.stream('talk') or {}).get('streaming'), 'the stream to be live')
    viewers = [node for node in nodes.values() if node is not source]
    for node in viewers:
        astral.wait_until(lambda: node.call('POST', '/stream/talk/tickets', {}).status == 303, f'{node.name} to get the stream', 40)
    page.open(f'{origin.url}/visualization')
    page.wait('twelve nodes', lambda: '12 nodes, 3 of them supernodes; 1 stream is live.' in page.text('#counts'))
    page.wait('the links', lambda: page.js('document.querySelectorAll("#links line.child").length') == len(OTHERS))
    assert page.js('document.querySelector("#nodes .halo").parentElement.dataset.uuid') == source.uuid
    if 'ASTRAL_MAP' in os.environ:  # the file for the README's picture
        draw_tickets(page, [held(node) for node in viewers])
        page.save_in_dark_scheme(os.environ['ASTRAL_MAP'], 'main', 950)

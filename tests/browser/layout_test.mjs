// SPDX-License-Identifier: BSD-3-Clause
// Where the nodes stand in the network's picture: near this node, each on its side, without overlap, and always at
// the same position.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {
  arrow, colour_count, colours, graph_of, grid_for, layout, most_nodes, positions,
} from '../../web/layout.js';

const widths = [320, 358, 640, 990];
const many = (count) => Array.from({length: count}, (_, i) => ({uuid: `n${i}`, rtt_ms: i}));
const state_of = (nodes, tickets = [], primary = '') =>
  ({node: {uuid: 'me', ...(primary && {primary_supernode_uuid: primary})}, nodes: [{uuid: 'me'}, ...nodes], tickets});
const ticket = (stream, source, destination) => ({stream, source, destination});

function drawn(state, width = 990, before = new Map()) {
  const grid = grid_for(width);
  const graph = graph_of(state, before);
  const cells = layout(graph.nodes, grid.half, before);
  return {grid, graph, cells, ...positions(cells, grid)};
}

test('this node stands in the middle, with any number of other nodes', () => {
  for (const count of [0, 1, 50]) {
    assert.deepEqual(drawn(state_of(many(count))).points.get('me'), {x: 0, y: 0});
  }
});

test('its supernode stands above it, sources to the left, destinations to the right', () => {
  const {points} = drawn(state_of([{uuid: 'top', supernode: true}, {uuid: 'in'}, {uuid: 'out'}, ...many(9)],
    [ticket('a', 'in', 'me'), ticket('a', 'me', 'out')], 'top'));
  assert.ok(points.get('top').y < 0);
  assert.ok(points.get('in').x < 0);
  assert.ok(points.get('out').x > 0);
});

test('an origin is drawn only if it is the supernode of this node', () => {
  const nodes = [{uuid: 'top', supernode: true, origin: true}, {uuid: 'other', supernode: true}];
  const uuids = (primary) => drawn(state_of(nodes, [], primary)).graph.nodes.map(({uuid}) => uuid).sort();
  assert.deepEqual(uuids('other'), ['me', 'other']);
  assert.deepEqual(uuids('top'), ['me', 'other', 'top']);
});

test('the cells next to the middle stay empty, so that arrows have some length', () => {
  for (const width of widths) {
    const {points, grid} = drawn(state_of(many(50), [ticket('a', 'n1', 'me')]), width);
    points.delete('me');
    for (const {x, y} of points.values()) {
      assert.ok(Math.abs(x) > grid.cell_width || Math.abs(y) > grid.cell_height);
    }
  }
});

test('fifty nodes do not overlap and are within the picture at every width', () => {
  for (const width of widths) {
    const {points, box, grid, graph} = drawn(state_of(many(50)), width);
    assert.equal(graph.nodes.length, 51);
    assert.ok(box.width <= width, `${box.width} in ${width}`);
    assert.ok(grid.cell_width >= 60);  // a label of eight letters
    const all = [...points.values()];
    all.forEach((one, i) => {
      assert.ok(one.x - grid.cell_width / 2 >= box.x && one.x + grid.cell_width / 2 <= box.x + box.width);
      assert.ok(one.y - grid.cell_height / 2 >= box.y && one.y + grid.cell_height / 2 <= box.y + box.height);
      for (const other of all.slice(i + 1)) {
        assert.ok(Math.abs(one.x - other.x) >= grid.cell_width || Math.abs(one.y - other.y) >= grid.cell_height);
      }
    });
  }
});

test('a node keeps its position when nodes or tickets come and go, or the order changes', () => {
  for (const width of widths) {
    const first = drawn(state_of(many(20)), width);
    const kept = many(20).filter((_, i) => i % 3 !== 0);
    const changes = [
      state_of([...many(20), {uuid: 'aaa', supernode: true}]),
      state_of(kept),
      state_of(many(20).reverse()),
      state_of(many(20), [ticket('a', 'n3', 'me'), ticket('a', 'stranger', 'n4')]),
      state_of(many(20), [], 'n7'),
      state_of(many(50)),
    ];
    for (const state of changes) {
      const second = drawn(state, width, first.cells);
      for (const [uuid, cell] of first.cells) {
        if (second.cells.has(uuid)) assert.deepEqual(second.cells.get(uuid), cell, uuid);
      }
      assert.equal(second.cells.size, second.graph.nodes.length);
    }
  }
});

test('the order of the nodes in the list does not matter', () => {
  const nodes = many(30);
  assert.deepEqual(drawn(state_of(nodes)).cells, drawn(state_of([...nodes].reverse())).cells);
});

test('a new node takes a cell that became free', () => {
  const first = drawn(state_of(many(6)));
  const second = drawn(state_of([...many(6).slice(1), {uuid: 'new', rtt_ms: 1}]), 990, first.cells);
  assert.deepEqual(second.cells.get('new'), first.cells.get('n0'));
});

test('of very many nodes the important ones are drawn, and drawn ones stay', () => {
  const crowd = many(500);
  const {graph, cells} = drawn(state_of([...crowd, {uuid: 'zz', supernode: true}], [ticket('a', 'n499', 'me')]));
  assert.equal(graph.nodes.length, most_nodes);
  assert.equal(graph.left_out, 502 - most_nodes);
  assert.ok(cells.has('me') && cells.has('n499') && cells.has('zz'));
  const again = graph_of(state_of([...crowd.map((one) => ({...one, uuid: `a${one.uuid}`})), ...crowd]), cells);
  const before = new Set(cells.keys());
  const stayed = again.nodes.filter(({uuid}) => before.has(uuid)).length;
  assert.equal(stayed, most_nodes - 1);  // all but zz, which is not in the list any more
});

test('both ends of a ticket are drawn even if they are not in the list of nodes', () => {
  const {graph} = drawn({node: {uuid: 'me'}, nodes: [], tickets: [ticket('a', 'p', 'me'), ticket('a', 'x', 'y')]});
  assert.deepEqual(graph.nodes.map(({uuid}) => uuid).sort(), ['me', 'p', 'x', 'y']);
});

test('players and publishers at this node are not drawn as nodes', () => {
  const {graph} = drawn(state_of(many(1), [{...ticket('a', 'x', 'me'), element: true}, {...ticket('a', 'me', 'y'), element: true},
    ticket('a', 'me', 'n0')]));
  assert.deepEqual(graph.nodes.map(({uuid, program}) => `${uuid} ${program}`), ['me ', 'n0 ', 'x a publisher', 'y a player']);
});

test('a drawn node has the label that the page knows, from a list or a ticket', () => {
  const {graph} = drawn({
    node: {uuid: 'me', label: 'mine', primary_supernode_uuid: 'top', primary_supernode_label: 'above'}, nodes: [{uuid: 'p', label: 'listed'}],
    tickets: [{...ticket('a', 'p', 'me'), source_label: 'listed'}, {...ticket('a', 'me', 'x'), destination_label: 'child'}, ticket('a', 'me', 'y')],
  });
  assert.deepEqual(graph.nodes.map(({uuid, label}) => `${uuid} ${label}`).sort(), ['me mine', 'p listed', 'top above', 'x child', 'y ']);
  assert.equal(graph.nodes[0].known.label, 'mine');
});

test('without a node there is nothing to draw', () => {
  assert.deepEqual(graph_of({node: null, nodes: [], tickets: [ticket('a', 'b', 'c')]}),
    {self: '', nodes: [], tickets: [], left_out: 0});
  assert.equal(drawn({node: null, nodes: [], tickets: []}).cells.size, 0);
});

test('uuids that are names of object members or markup are ordinary uuids', () => {
  const odd = ['__proto__', 'constructor', '<svg onload=1>', '', ' '];
  const {cells} = drawn(state_of(odd.map((uuid) => ({uuid})), [ticket('__proto__', '__proto__', 'me')]));
  assert.equal(cells.size, odd.length + 1);
  assert.equal(colours(odd).size, odd.length);
});

test('each ticket between the same two nodes has its own lane and id', () => {
  const tickets = [ticket('b', 'x', 'me'), ticket('a', 'x', 'me'), ticket('a', 'x', 'me'), ticket('a', 'me', 'x')];
  const {graph} = drawn(state_of([], tickets));
  assert.equal(new Set(graph.tickets.map(({id}) => id)).size, 4);
  assert.deepEqual(graph.tickets.map(({source, lane}) => `${source} ${lane}`), ['x 0', 'x 1', 'me 0', 'x 2']);
});

test('arrows begin and end outside of the circles, and lanes do not overlap', () => {
  const [from, to] = [{x: 0, y: 0}, {x: 200, y: 0}];
  const {shaft, head, label} = arrow(from, to, 10, 20);
  const [, x, y] = shaft.match(/^M(\S+) (\S+) Q/).map(Number);
  assert.ok(Math.abs(Math.hypot(x, y) - 13) < 0.2);
  const [, tip_x, tip_y] = head.match(/^M(\S+) (\S+) L/).map(Number);
  assert.ok(Math.abs(Math.hypot(200 - tip_x, tip_y) - 23) < 0.2);
  const above = arrow(from, to, 10, 20, 1).label;
  assert.ok(above.y < label.y - 8);
  assert.ok(arrow(to, from, 10, 10).label.y > 0);  // the opposite direction is on the other side
  for (const number of arrow(from, from, 10, 10).shaft.match(/[A-Za-z]{2,}|-?[\d.]+/g)) assert.ok(Number.isFinite(Number(number)));
});

test('a stream keeps its colour, and no colour is used twice while others are free', () => {
  const slugs = Array.from({length: colour_count}, (_, i) => `stream-${i}`);
  const first = colours(slugs);
  assert.deepEqual([...first.values()].sort(), [...slugs.keys()]);
  const second = colours(['new', ...slugs.slice(1)], first);
  for (const slug of slugs.slice(1)) assert.equal(second.get(slug), first.get(slug));
  assert.equal(second.get('new'), first.get(slugs[0]));  // the colour that became free
  assert.deepEqual(colours([...slugs].reverse(), first), new Map([...first].reverse()));
});

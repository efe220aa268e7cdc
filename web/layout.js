// SPDX-License-Identifier: BSD-3-Clause
// Positions of nodes and arrows in the network picture. Pure and deterministic.
// Nodes stand in cells like bricks in a wall, with this node in the middle, so labels never overlap. A node keeps its cell while it is
// drawn: others that come and go do not move it.

import {destination_text, labels_of, source_text} from './words.js';

export const most_nodes = 60;

const side_weight = 4;       // the cost of standing on the wrong side of the middle
const lower_rows_first = 1.5;

// How many cells stand beside the middle one, and how large one is, in a picture of this width.
export function grid_for(width) {
  const least = width < 600 ? 68 : 112;
  const half = Math.max(2, Math.floor((width / least - 1) / 2));
  const cell_width = Math.min(160, Math.floor(width / (2 * half + 1)));
  return {half, cell_width, cell_height: width < 600 ? 78 : 96};
}

// The nodes to draw, most important first: this node, its parents and children, its supernode, the others. Of equally important nodes
// those in `drawn` stay. An origin carries no media, so it is drawn only if it is this node's supernode.
export function graph_of({node, nodes, tickets}, drawn = new Map()) {
  const self = node?.uuid ?? '';
  if (!self) return {self, nodes: [], tickets: [], left_out: 0};
  const labels = labels_of({node, nodes, tickets});
  const found = new Map();
  const meet = (uuid, rank, side, known = {}) => {
    const before = found.get(uuid);
    const one = {uuid, rank: Math.min(rank, before?.rank ?? rank), side: before?.side ?? side, known: before?.known ?? known};
    if (Object.keys(known).length > 0) one.known = known;
    found.set(uuid, one);
  };
  meet(self, 0, 'middle', node);
  const primary = node.primary_supernode_uuid ?? '';
  if (primary) meet(primary, 1, 'up');
  const programs = new Map();
  for (const ticket of tickets) {
    const {source, destination, element} = ticket;
    meet(source, 1, destination === self ? 'left' : 'any');
    meet(destination, 1, source === self ? 'right' : 'any');
    if (element && source !== self) programs.set(source, source_text(ticket, self));
    if (element && destination !== self) programs.set(destination, destination_text(ticket, self));
  }
  for (const other of nodes) {
    if (other.uuid === self || (other.origin && other.uuid !== primary)) continue;
    meet(other.uuid, other.supernode ? 2 : 'rtt_ms' in other ? 3 : 4, 'any', other);
  }
  const order = [...found.values()].sort((a, b) =>
    a.rank - b.rank || Number(drawn.has(b.uuid)) - Number(drawn.has(a.uuid)) || (a.uuid < b.uuid ? -1 : 1));
  const shown = order.slice(0, most_nodes);
  const is_shown = new Set(shown.map(({uuid}) => uuid));
  return {
    self,
    nodes: shown.map(({uuid, side, known}) => ({
      uuid, side, known, label: labels.get(uuid), is_self: uuid === self, is_primary: uuid === primary, is_supernode: known.supernode === true,
      is_peer: uuid === primary || 'rtt_ms' in known, program: programs.get(uuid) ?? '',
    })),
    tickets: with_ids(tickets.filter((one) => is_shown.has(one.source) && is_shown.has(one.destination))),
    left_out: order.length - shown.length,
  };
}

// Gives each ticket an id that stays while the ticket does, and a lane: its number among the tickets between the same
// two nodes, so that their arrows do not cover each other.
function with_ids(tickets) {
  const count = (counts, key) => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts.get(key) - 1;
  };
  const same = new Map();
  const beside = new Map();
  const order = [...tickets].sort((a, b) => (a.stream < b.stream ? -1 : a.stream > b.stream ? 1 : 0));
  return order.map((one) => {
    const ends = `${one.source} ${one.destination}`;
    const id = `${one.stream} ${ends}`;
    return {...one, id: `${id} ${count(same, id)}`, lane: count(beside, ends)};
  });
}

const place = ({column, row}) => ({x: column + (row % 2 === 0 ? 0 : 0.5), y: row});

// The cells next to the middle stay empty, so that arrows are long enough to be told apart.
const is_kept_free = (x, y) => Math.abs(x) <= 1 && Math.abs(y) <= 1;

// The cost of a cell: its distance to the middle, plus a penalty for the wrong side.
function cost({x, y}, side) {
  const far = x * x + 1.3 * y * y;
  if (side === 'up') return far + (y < 0 ? 0 : side_weight) + 2 * Math.abs(x);
  if (side === 'left') return far + (x < 0 ? 0 : side_weight) + Math.abs(y);
  if (side === 'right') return far + (x > 0 ? 0 : side_weight) + Math.abs(y);
  return far + (y < 0 ? lower_rows_first : 0);
}

function* cells_within(half, rows) {
  for (let row = -rows; row <= rows; ++row) {
    const is_shifted = row % 2 !== 0;
    for (let column = -half; column <= (is_shifted ? half - 1 : half); ++column) {
      const cell = {column, row};
      const {x, y} = place(cell);
      if (!is_kept_free(x, y)) yield cell;
    }
  }
}

const name_of = ({column, row}) => `${column},${row}`;

// uuid → {column, row}. `before`: the result for the last picture with the same `half`.
export function layout(nodes, half, before = new Map()) {
  const cells = new Map();
  const taken = new Set();
  const take = (uuid, cell) => {
    cells.set(uuid, cell);
    taken.add(name_of(cell));
  };
  for (const {uuid, is_self} of nodes) {
    if (is_self) take(uuid, {column: 0, row: 0});
  }
  for (const {uuid} of nodes) {
    const cell = before.get(uuid);
    if (cell && !cells.has(uuid) && !taken.has(name_of(cell))) take(uuid, cell);
  }
  const reach = Math.ceil(nodes.length / (2 * half)) + 3;
  for (const {uuid, side} of nodes) {
    if (cells.has(uuid)) continue;
    let best = null;
    for (const cell of cells_within(half, reach)) {
      if (taken.has(name_of(cell))) continue;
      const its_cost = cost(place(cell), side);
      if (!best || its_cost < best.cost - 1e-9) best = {cell, cost: its_cost};
    }
    take(uuid, best.cell);
  }
  return cells;
}

// uuid → {x, y} in pixels, the middle at 0, 0; and the box that holds them.
export function positions(cells, {half, cell_width, cell_height}) {
  const points = new Map();
  let top = 0;
  let bottom = 0;
  for (const [uuid, cell] of cells) {
    const {x, y} = place(cell);
    points.set(uuid, {x: x * cell_width, y: y * cell_height});
    top = Math.min(top, cell.row);
    bottom = Math.max(bottom, cell.row);
  }
  const width = (2 * half + 1) * cell_width;
  return {points, box: {
    x: -width / 2, y: (top - 0.5) * cell_height, width, height: (bottom - top + 1) * cell_height,
  }};
}

// A bowed arrow from one circle to another: its shaft, its head, and where its label stands.
export function arrow(from, to, radius_from, radius_to, lane = 0) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const bow = Math.min(26 + 22 * lane, 0.3 * length + 14 * lane);
  const middle = {x: (from.x + to.x) / 2 + (dy / length) * bow, y: (from.y + to.y) / 2 - (dx / length) * bow};
  const toward = (point, distance) => {
    const far = Math.hypot(middle.x - point.x, middle.y - point.y) || 1;
    return {x: point.x + ((middle.x - point.x) / far) * distance, y: point.y + ((middle.y - point.y) / far) * distance};
  };
  const start = toward(from, radius_from + 3);
  const tip = toward(to, radius_to + 3);
  const neck = toward(to, radius_to + 12);
  const [ux, uy] = [(tip.x - neck.x) / 9, (tip.y - neck.y) / 9];
  const show = ({x, y}) => `${round(x)} ${round(y)}`;
  return {
    shaft: `M${show(start)} Q${show(middle)} ${show(neck)}`,
    head: `M${show(tip)} L${show({x: neck.x - 4.5 * uy, y: neck.y + 4.5 * ux})} L${show({x: neck.x + 4.5 * uy, y: neck.y - 4.5 * ux})} Z`,
    label: label_at(start, middle, neck, lane),
  };
}

// In the middle of the arrow; with several arrows, alternately before and behind it, so that labels do not overlap.
function label_at(start, middle, end, lane) {
  const t = 0.5 + (lane % 2 === 0 ? 0.14 : -0.14) * Math.ceil(lane / 2);
  const on_curve = (axis) => (1 - t) ** 2 * start[axis] + 2 * t * (1 - t) * middle[axis] + t ** 2 * end[axis];
  return {x: round(on_curve('x')), y: round(on_curve('y'))};
}

const round = (number) => Math.round(number * 10) / 10;

export const colour_count = 8;

// slug → 0 … colour_count - 1. A stream keeps its colour; a new one takes the least used colour, starting with the one of its hash.
export function colours(slugs, before = new Map()) {
  const found = new Map();
  const used = new Array(colour_count).fill(0);
  const take = (slug, colour) => {
    found.set(slug, colour);
    ++used[colour];
  };
  for (const slug of slugs) {
    if (before.has(slug) && !found.has(slug)) take(slug, before.get(slug));
  }
  for (const slug of slugs) {
    if (found.has(slug)) continue;
    const own = [...slug].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7) % colour_count;
    const turn = [...used.keys()].map((i) => (own + i) % colour_count);
    take(slug, turn.reduce((best, one) => (used[one] < used[best] ? one : best)));
  }
  return found;
}

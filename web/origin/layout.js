// SPDX-License-Identifier: BSD-3-Clause
// Positions of nodes on the map: each supernode with its children around it, and these groups packed around the middle. Pure: the same
// network always looks the same, and a new node moves few others.
const node_room = 9;        // half the distance of two nodes
const supernode_room = 40;  // around a supernode, for its name
const group_gap = 24;
const golden_angle = Math.PI * (3 - Math.sqrt(5));

const by_uuid = (a, b) => (a.uuid < b.uuid ? -1 : a.uuid > b.uuid ? 1 : 0);

// Rings around the middle, each as full as it may be, with a gap above the middle, where its name is.
function rings(count, first_radius) {
  const places = [];
  for (let radius = first_radius; places.length < count; radius += 2 * node_room) {
    const fits = Math.max(1, Math.floor((2 * Math.PI * radius) / (2 * node_room)));
    const here = Math.min(fits, count - places.length);
    for (let i = 0; i < here; ++i) {
      const angle = (2 * Math.PI * (i + 0.5)) / here - Math.PI / 2;
      places.push({x: radius * Math.cos(angle), y: radius * Math.sin(angle), radius});
    }
  }
  return places;
}

// Nodes without a supernode, in the pattern of a sunflower.
function sunflower(count) {
  return Array.from({length: count}, (_, i) => {
    const radius = 2 * node_room * Math.sqrt(i);
    return {x: radius * Math.cos(i * golden_angle), y: radius * Math.sin(i * golden_angle), radius};
  });
}

function group_of(middle, members) {
  members.sort(by_uuid);
  const places = middle ? rings(members.length, supernode_room) : sunflower(members.length);
  const radius = Math.max(middle ? supernode_room : node_room, ...places.map((place) => place.radius)) + node_room;
  return {middle, members, places, radius};
}

// Places each group, largest first, at the first free place along a spiral from the middle. The spiral is as wide as screens are.
function pack(groups) {
  const placed = [];
  for (const group of groups) {
    for (let turn = 0; ; turn += 0.15) {
      const x = 9 * turn * Math.cos(turn);
      const y = 5 * turn * Math.sin(turn);
      const is_free = placed.every((other) => Math.hypot(x - other.x, y - other.y) > group.radius + other.group.radius + group_gap);
      if (!is_free) continue;
      placed.push({x, y, group});
      break;
    }
  }
  return placed;
}

// nodes: {uuid, supernode, primary_supernode_uuid}. Returns {places: Map of uuid to {x, y, is_low}, links: [{from, to,
// between}], width, height}; `is_low`: below its supernode; `between`: of two supernodes.
export function lay_out(nodes) {
  const supernodes = new Map(nodes.filter((node) => node.supernode).map((node) => [node.uuid, []]));
  const alone = [];
  const links = [];
  for (const node of nodes) {
    const parent = node.primary_supernode_uuid;
    const is_linked = parent !== undefined && parent !== node.uuid && supernodes.has(parent);
    if (is_linked) links.push({from: node.uuid, to: parent, between: Boolean(node.supernode)});
    if (node.supernode) continue;
    (is_linked ? supernodes.get(parent) : alone).push(node);
  }
  const groups = [...supernodes].map(([uuid, members]) => group_of(uuid, members));
  if (alone.length > 0) groups.push(group_of('', alone));
  groups.sort((a, b) => b.radius - a.radius || (a.middle < b.middle ? -1 : 1));

  const places = new Map();
  let [right, below] = [100, 60];
  for (const {x, y, group} of pack(groups)) {
    if (group.middle) places.set(group.middle, {x, y, is_low: false});
    group.members.forEach((node, i) => {
      const place = group.places[i];
      places.set(node.uuid, {x: x + place.x, y: y + place.y, is_low: place.y > 0.1});
    });
    right = Math.max(right, Math.abs(x) + group.radius + 16);
    below = Math.max(below, Math.abs(y) + group.radius + 16);
  }
  return {places, links, width: 2 * right, height: 2 * below};
}

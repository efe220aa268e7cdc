// SPDX-License-Identifier: BSD-3-Clause
// The live map: reads /map every two seconds and updates what has changed. Supernodes are large; publishers have a ring. Names are set
// as text, never as markup.
import {lay_out} from './layout.js';

const refresh_ms = 2000;
const names_up_to = 60;  // with more nodes, only supernodes and publishers are labelled
const svg_names = 'http://www.w3.org/2000/svg';

const map = document.getElementById('map');
const counts = document.getElementById('counts');
const shown = new Map();  // uuid → {sign, names}, each a <g>; all names are drawn above all signs
let links_text = '';

function make(name, attributes = {}, text = '') {
  const element = document.createElementNS(svg_names, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

const cut = (text) => (text.length > 24 ? `${text.slice(0, 23)}…` : text);
const short = (uuid) => (uuid.length > 12 ? `${uuid.slice(0, 8)}…` : uuid);

// Others may have the same label, so the uuid stands behind it.
const whole_name = (uuid, label) => (label ? `${label} (${uuid})` : uuid);

function describe(node, streams, supernode_label) {
  const lines = [`${node.supernode ? 'Supernode' : 'Node'} ${whole_name(node.uuid, node.label)}`];
  if (node.primary_supernode_uuid) lines.push(`belongs to ${whole_name(node.primary_supernode_uuid, supernode_label)}`);
  if (node.children !== undefined) lines.push(`children: ${node.children}${node.capacity === undefined ? '' : ` of ${node.capacity}`}`);
  if (node.reachable === false) lines.push('cannot be reached from outside');
  for (const stream of streams) lines.push(`publishes ${stream.name}${stream.streaming ? '' : ' (waiting)'}`);
  return lines.join('\n');
}

function draw({sign, names}, node, streams, {has_name, is_low, supernode_label}) {
  const size = node.supernode ? 11 : 5;
  const kind = `${node.supernode ? 'supernode' : 'node'}${node.reachable === false ? ' unreached' : ''}`;
  const live = streams.filter((stream) => stream.streaming);
  const name = has_name ? cut(node.label || short(node.uuid)) : '';
  const published = cut(live.map((stream) => stream.name).join(', '));
  const key = JSON.stringify([kind, name, published, is_low, streams, node, supernode_label]);
  if (sign.dataset.key === key) return;
  sign.dataset.key = key;
  sign.replaceChildren(make('title', {}, describe(node, streams, supernode_label)), make('circle', {class: kind, r: size}));
  if (live.length > 0) sign.append(make('circle', {class: 'halo', r: size + 4}));
  // On the side away from the supernode, so that its links and name stay readable.
  const first = live.length > 0 ? size + 4 : size;
  const line = (number) => (is_low ? first + 13 + 13 * number : -first - 4 - 13 * number);
  const lines = [name && make('text', {}, name), published && make('text', {class: 'stream'}, published)].filter(Boolean);
  for (const [number, text] of lines.entries()) text.setAttribute('y', line(number));
  names.replaceChildren(...lines);
}

function show({nodes, streams, known_nodes}) {
  const {places, links, width, height} = lay_out(nodes);
  map.setAttribute('viewBox', [-width / 2, -height / 2, width, height].map(Math.round).join(' '));
  const of_source = by_source(streams);
  const labels = new Map(nodes.map(({uuid, label}) => [uuid, label]));
  const gone = new Set(shown.keys());
  for (const node of nodes) {
    const place = places.get(node.uuid);
    let drawn = shown.get(node.uuid);
    if (!drawn) {
      drawn = {sign: make('g', {'data-uuid': node.uuid}), names: make('g')};
      document.getElementById('nodes').append(drawn.sign);
      document.getElementById('names').append(drawn.names);
      shown.set(node.uuid, drawn);
    }
    gone.delete(node.uuid);
    draw(drawn, node, of_source.get(node.uuid) ?? [],
      {has_name: node.supernode || nodes.length <= names_up_to, is_low: place.is_low, supernode_label: labels.get(node.primary_supernode_uuid)});
    for (const part of Object.values(drawn)) part.setAttribute('transform', `translate(${place.x.toFixed(1)} ${place.y.toFixed(1)})`);
  }
  for (const uuid of gone) {
    for (const part of Object.values(shown.get(uuid))) part.remove();
    shown.delete(uuid);
  }
  show_links(links, places);
  const supernodes = nodes.filter((node) => node.supernode).length;
  const live = streams.filter((stream) => stream.streaming).length;
  const count = known_nodes > nodes.length ? `${nodes.length} of ${known_nodes}` : nodes.length;
  say(`${count} nodes, ${supernodes} of them supernodes; ${live === 1 ? '1 stream is' : `${live} streams are`} live.`);
}

function by_source(streams) {
  const groups = new Map();
  for (const stream of streams) groups.set(stream.source, [...(groups.get(stream.source) ?? []), stream]);
  return groups;
}

function show_links(links, places) {
  const lines = links.map(({from, to, between}) => {
    const [a, b] = [places.get(from), places.get(to)];
    return {x1: a.x.toFixed(1), y1: a.y.toFixed(1), x2: b.x.toFixed(1), y2: b.y.toFixed(1), class: between ? 'between' : 'child'};
  });
  const text = JSON.stringify(lines);
  if (text === links_text) return;
  links_text = text;
  document.getElementById('links').replaceChildren(...lines.map((line) => make('line', line)));
}

function say(text) {
  if (counts.textContent !== text) counts.textContent = text;
}

async function refresh() {
  try {
    const answer = await fetch('/map', {headers: {Accept: 'application/json'}});
    if (answer.ok) show(await answer.json());
    else say(`The origin answers ${answer.status}. Retrying…`);
  } catch {
    say('The origin does not answer. Retrying…');
  }
  setTimeout(refresh, refresh_ms);
}
refresh();

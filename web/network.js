// SPDX-License-Identifier: BSD-3-Clause
// Draws this node's part of the network: nodes as discs, tickets as arrows in the colour of their stream. layout.js decides
// the positions. Names are set as text, never as markup.
import {Children, set_text, svg_element} from './dom.js';
import {arrow, colours, graph_of, grid_for, layout, positions} from './layout.js';
import {children_text, destination_text, hops_text, ms_text, node_name, rate_text, short_name, source_text} from './words.js';

const letter_px = 8.2;  // the width of a wide letter of a label

const radius_of = (node) => (node.is_self ? 19 : node.program ? 7 : node.is_supernode ? 14 : 11);

class NodeDrawing {
  #title = svg_element('title');
  #halo = svg_element('circle', {class: 'halo'});
  #disc = svg_element('circle', {class: 'disc'});
  #name = svg_element('text', {class: 'label'});
  #more = svg_element('text', {class: 'more'});

  constructor() {
    this.element = svg_element('g', {}, this.#title, this.#halo, this.#disc, this.#name, this.#more);
  }

  show({node, at, letters}) {
    const radius = radius_of(node);
    const kinds = ['peer', node.is_self && 'self', node.is_supernode && 'supernode', node.is_primary && 'primary',
      node.program && 'program'];
    this.element.setAttribute('class', kinds.filter(Boolean).join(' '));
    this.element.setAttribute('transform', `translate(${at.x} ${at.y})`);
    this.element.dataset.uuid = node.uuid;
    this.#disc.setAttribute('r', radius);
    this.#halo.setAttribute('r', radius + 5);
    this.#name.setAttribute('y', radius + 17);
    this.#more.setAttribute('y', radius + 31);
    set_text(this.#name, node.program || short_name(node_name(node.uuid, node.label), letters, letters - 1));
    const word = node.is_self ? 'this node' : node.is_primary && letters > 12 ? 'supernode' : '';
    set_text(this.#more, with_rtt(word, node.known));
    set_text(this.#title, about(node));
  }
}

const with_rtt = (text, {rtt_ms}) => [text, ms_text(rtt_ms)].filter(Boolean).join(', ');

function about({uuid, label, known, is_self, is_primary, is_supernode, program}) {
  if (program) return `${program} at this node`;
  const role = is_self ? 'this node' : is_primary ? 'the supernode of this node' : is_supernode ? 'a supernode' : 'a node';
  const children = children_text(known);
  return [`${label ? `${label} (${uuid})` : uuid}: ${role}`, with_rtt('', known), children && `children: ${children}`].filter(Boolean).join(', ');
}

class LinkDrawing {
  element = svg_element('line', {class: 'link'});

  show({from, to, is_primary}) {
    this.element.classList.toggle('primary', is_primary);
    for (const [name, value] of Object.entries({x1: from.x, y1: from.y, x2: to.x, y2: to.y})) {
      this.element.setAttribute(name, value);
    }
  }
}

class TicketDrawing {
  #title = svg_element('title');
  #shaft = svg_element('path', {class: 'shaft'});
  #head = svg_element('path', {class: 'head'});

  constructor() {
    this.element = svg_element('g', {}, this.#title, this.#shaft, this.#head);
  }

  show({ticket, path, colour, words}) {
    const is_standby = ticket.role === 'standby';
    const is_fed = ticket.confirmed ?? ticket.state === 'confirmed';
    this.element.setAttribute('class', `ticket s${colour}${is_standby ? ' standby' : ''}${is_fed || is_standby ? '' : ' asked'}`);
    Object.assign(this.element.dataset, {stream: ticket.stream, source: ticket.source, destination: ticket.destination});
    this.#shaft.setAttribute('d', path.shaft);
    this.#head.setAttribute('d', path.head);
    set_text(this.#title, words);
  }
}

// The label of an arrow. An element of its own, so that it can lie above everything else.
class HopsDrawing {
  element = svg_element('text');

  show({ticket, path, colour, rate}) {
    this.element.setAttribute('class', `hops s${colour}`);
    this.element.setAttribute('x', path.label.x);
    this.element.setAttribute('y', path.label.y + 4);
    set_text(this.element, [ticket.hops, rate].filter((part) => part !== undefined && part !== '').join(' · '));
  }
}

const told = (ticket, {self, names, rates}) => [
  `${ticket.stream}: ${source_text(ticket, self, names)} to ${destination_text(ticket, self, names)}`, hops_text(ticket.hops),
  ticket.role, ticket.state, rate_text(rates?.of(ticket)), ms_text(ticket.rtt_ms),
].filter(Boolean).join(', ');

// The picture in words, for screen readers.
export function summary({self, nodes, tickets, left_out}, names) {
  if (!self) return 'The network is not known yet.';
  const count = (number, one, many) => (number === 1 ? `1 ${one}` : `${number} ${many}`);
  const primary = nodes.find((node) => node.is_primary);
  const others = nodes.filter((node) => !node.is_self && !node.program).length;
  return [
    `Node ${names.get(self)}${primary ? `, its supernode ${names.get(primary.uuid)}` : ''}, ${count(others, 'other node', 'other nodes')}`,
    left_out > 0 ? ` (and ${left_out} more that are not drawn)` : '',
    ` and ${count(tickets.length, 'ticket', 'tickets')}.`,
    ...tickets.slice(0, 20).map((ticket) => ` ${told(ticket, {self, names})}.`),
  ].join('');
}

export class Network {
  #svg;
  #legend;
  #note;
  #title = svg_element('title', {id: 'network-picture-title'}, 'The network around this node');
  #about = svg_element('desc', {id: 'network-picture-about'});
  #links;
  #tickets;
  #nodes;
  #hops;
  #state = {node: null, nodes: [], streams: [], tickets: [], names: new Map()};
  #half = 0;
  #cells = new Map();
  #colours = new Map();

  constructor({svg, legend, note}) {
    this.#svg = svg;
    this.#legend = legend;
    this.#note = note;
    const layers = Array.from({length: 4}, () => svg_element('g'));
    svg.append(this.#title, this.#about, ...layers);
    svg.setAttribute('aria-labelledby', this.#title.id);
    svg.setAttribute('aria-describedby', this.#about.id);
    const kinds = [LinkDrawing, TicketDrawing, NodeDrawing, HopsDrawing];
    [this.#links, this.#tickets, this.#nodes, this.#hops] = kinds.map((Kind, i) => new Children(layers[i], () => new Kind()));
    new ResizeObserver(() => this.#draw()).observe(svg.parentElement);
  }

  // state.names: as names_of returns them.
  show(state) {
    this.#state = state;
    this.#draw();
  }

  #draw() {
    const width = this.#svg.parentElement.clientWidth;
    if (width === 0) return;  // not shown
    const grid = grid_for(width);
    const graph = graph_of(this.#state, this.#cells);
    this.#cells = layout(graph.nodes, grid.half, grid.half === this.#half ? this.#cells : new Map());
    this.#half = grid.half;
    const {points, box} = positions(this.#cells, grid);
    const streams = [...new Set(graph.tickets.map((ticket) => ticket.stream))].sort();
    this.#colours = colours(streams, this.#colours);
    const with_margin = {...box, height: box.height + 14};  // for the labels of the last row

    this.#svg.setAttribute('viewBox', [with_margin.x, with_margin.y, with_margin.width, with_margin.height].join(' '));
    this.#svg.setAttribute('width', with_margin.width);
    this.#svg.setAttribute('height', with_margin.height);
    const letters = Math.max(6, Math.floor((grid.cell_width - 6) / letter_px));
    this.#nodes.show(graph.nodes.map((node) => ({node, at: points.get(node.uuid), letters})), ({node}) => node.uuid);
    const middle = points.get(graph.self);
    this.#links.show(graph.nodes.filter((node) => node.is_peer && !node.is_self).map((node) =>
      ({uuid: node.uuid, from: middle, to: points.get(node.uuid), is_primary: node.is_primary})), ({uuid}) => uuid);
    const radii = new Map(graph.nodes.map((node) => [node.uuid, radius_of(node)]));
    const arrows = graph.tickets.map((ticket) => ({
      ticket,
      path: arrow(points.get(ticket.source), points.get(ticket.destination), radii.get(ticket.source),
        radii.get(ticket.destination), ticket.lane),
      colour: this.#colours.get(ticket.stream),
      words: told(ticket, {...this.#state, self: graph.self}),
      rate: ticket.role === 'standby' ? '' : rate_text(this.#state.rates?.of(ticket)),
    }));
    this.#tickets.show(arrows, ({ticket}) => ticket.id);
    this.#hops.show(arrows, ({ticket}) => ticket.id);
    set_text(this.#about, summary(graph, this.#state.names));
    this.#show_legend(streams);
    set_text(this.#note, graph.left_out > 0 ? `${graph.left_out} more nodes are known than are drawn` : '');
  }

  #show_legend(streams) {
    const rates = new Map(this.#state.streams.map((stream) => [stream.slug, stream]));
    const wanted = streams.map((slug) => {
      const stream = rates.get(slug);
      return {slug, colour: this.#colours.get(slug), text: [stream?.name || slug, rate_text(stream?.bitrate_kbps)].filter(Boolean).join(' · ')};
    });
    const is_same = wanted.length === this.#legend.children.length && wanted.every(({slug, colour, text}, i) => {
      const {dataset, textContent} = this.#legend.children[i];
      return dataset.slug === slug && dataset.colour === String(colour) && textContent === text;
    });
    if (is_same) return;
    this.#legend.replaceChildren(...wanted.map(({slug, colour, text}) => {
      const item = document.createElement('li');
      Object.assign(item.dataset, {slug, colour});
      item.className = `s${colour}`;
      item.append(text);
      return item;
    }));
  }
}

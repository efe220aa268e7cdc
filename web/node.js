// SPDX-License-Identifier: BSD-3-Clause
// The view of this node: facts, traffic, tickets and peers, pipelines as pictures, addresses, log. The log and the pipelines are
// read only while this view is visible.
import * as api from './api.js';
import {Chart} from './chart.js';
import {by_id, Children, element, set_text} from './dom.js';
import {
  address_text, children_text, destination_text, hops_text, ms_text, node_name, rate_text, short_node_name, source_text,
} from './words.js';

const log_every_ms = 3000;

const facts = [
  ['Name', ({uuid, label}) => node_name(uuid, label)],
  ['Id', ({uuid}) => uuid],
  ['Address', address_text],
  ['Role', ({supernode}) => (supernode ? 'supernode' : 'node')],
  ['Primary supernode', ({primary_supernode_uuid: uuid, primary_supernode_label: label}) => (uuid ? short_node_name(uuid, label) : '')],
  ['Children', children_text],
  ['Upstream', ({upstream_kbps}) => rate_text(upstream_kbps)],
  ['Promised', ({promised_kbps}) => rate_text(promised_kbps)],
  ['Version', ({version}) => version],
];

class Link {
  #what = element('span', 'name');
  #more = element('span', 'soft');
  #said = element('span', 'soft');

  // {key, end, label}: a ticket or a peer, and the button that ends it.
  constructor({end, label}) {
    const button = element('button', 'button quiet small owners', label);
    button.type = 'button';
    this.#said.setAttribute('role', 'status');
    button.addEventListener('click', () => end().catch(({message}) => set_text(this.#said, message)));
    this.element = element('li', '', element('span', 'text', this.#what, this.#more), this.#said, button);
  }

  show({what, more}) {
    set_text(this.#what, what);
    set_text(this.#more, more);
  }
}

class Line {
  element = element('li');

  show({time, level, text}) {
    this.element.className = level ?? '';
    const when = element('time', '', time ? new Date(time).toLocaleTimeString() : '');
    if (this.element.childElementCount === 0) this.element.append(when, ' ', element('bdi', '', text));
  }
}

const by_key = ({key}) => key;

const peer_text = (peer, node) => {
  if (peer.origin) return 'origin';
  if (peer.uuid === node.primary_supernode_uuid) return 'primary supernode';
  return peer.supernode ? 'supernode' : 'node';
};

export class NodeView {
  #rates;
  #chart;
  #links = new Children(by_id('links'), (link) => new Link(link));
  #log = new Children(by_id('log'), () => new Line());
  #pipelines = [];
  #drawn = '';
  #is_shown = false;
  #is_owner = false;
  #timer = 0;

  constructor({rates, span_ms}) {
    this.#rates = rates;
    this.#chart = new Chart(by_id('chart'), {received: 'received', sent: 'sent'}, span_ms);
    by_id('pipeline').addEventListener('change', () => this.#draw());
    by_id('pipeline-again').addEventListener('click', () => this.#ask_pipelines());
  }

  set is_shown(is_shown) {
    if (is_shown === this.#is_shown) return;
    this.#is_shown = is_shown;
    this.#look_inside();
  }

  // Only the owner may.
  #look_inside() {
    clearTimeout(this.#timer);
    if (!this.#is_shown || !this.#is_owner) return;
    this.#ask_log();
    this.#ask_pipelines();
  }

  // names: as names_of returns them.
  inform({is_there, node, nodes, tickets, names, endpoints}) {
    const is_owner = endpoints !== null && endpoints.owner !== false;
    if (is_owner !== this.#is_owner) {
      this.#is_owner = is_owner;
      this.#look_inside();
    }
    if (!is_there || !node) return;
    this.#show_facts(node);
    this.#show_links({node, nodes, tickets, names});
    if (endpoints) this.#show_offers(endpoints);
    const {history} = this.#rates;
    this.#chart.show(history, performance.now());
    set_text(by_id('rate-received'), rate_text(history.at(-1)?.received) || '–');
    set_text(by_id('rate-sent'), rate_text(history.at(-1)?.sent) || '–');
  }

  #show_facts(node) {
    const shown = facts.map(([name, text_of]) => [name, text_of(node)]).filter(([, text]) => text);
    const said = JSON.stringify(shown);
    const list = by_id('node-facts');
    if (list.dataset.said === said) return;
    list.dataset.said = said;
    list.replaceChildren(...shown.map(([name, text]) => element('div', '', element('dt', '', name), element('dd', '', text))));
  }

  #show_links({node, nodes, tickets, names}) {
    const self = node.uuid;
    const of_ticket = (ticket) => {
      const {stream, source, destination, role, state} = ticket;
      const is_held = destination === self;
      return {
        key: `ticket ${stream} ${source} ${destination}`,
        what: `${stream} ${is_held ? `from ${source_text(ticket, self, names)}` : `to ${destination_text(ticket, self, names)}`}`,
        more: [role, state, hops_text(ticket.hops), rate_text(this.#rates.of(ticket)), ms_text(ticket.rtt_ms)].filter(Boolean).join(' · '),
        label: is_held ? 'Stop receiving' : 'Stop forwarding',
        end: () => api.delete_ticket(stream, is_held ? '' : destination),
      };
    };
    const of_peer = (peer) => ({
      key: `peer ${peer.uuid}`,
      what: names.get(peer.uuid),
      more: [peer_text(peer, node), address_text(peer), ms_text(peer.rtt_ms)].filter(Boolean).join(' · '),
      label: 'Forget',
      end: () => api.forget_node(peer.uuid),
    });
    const peers = nodes.filter(({uuid, rtt_ms}) => uuid !== self && (rtt_ms !== undefined || uuid === node.primary_supernode_uuid));
    const links = [...tickets.filter(({element: is_program}) => !is_program).map(of_ticket), ...peers.map(of_peer)];
    const unique = [...new Map(links.map((link) => [link.key, link])).values()].slice(0, 200);
    by_id('links-empty').hidden = by_id('links-secret').hidden = unique.length > 0;
    this.#links.show(unique, by_key);
  }

  #show_offers({endpoints = [], rtmp_port, rtmp_resource = 'astral'}) {
    const rows = endpoints.map(({name, url}) => [name, url]);
    if (rtmp_port) rows.push(['RTMP', `rtmp://${location.hostname}:${rtmp_port}/${rtmp_resource}`]);
    const said = JSON.stringify(rows);
    const list = by_id('offers');
    if (list.dataset.said === said) return;
    list.dataset.said = said;
    list.replaceChildren(...rows.flatMap(([title, url]) => [element('dt', '', title), element('dd', '', element('code', '', url))]));
  }

  async #ask_log() {
    const lines = await api.log().catch(() => null);
    if (lines) {
      const list = by_id('log');
      const follows = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
      const same = new Map();
      this.#log.show(lines.map((line) => {
        const said = `${line.time} ${line.text}`;
        same.set(said, (same.get(said) ?? 0) + 1);
        return {...line, key: `${said} ${same.get(said)}`};
      }), by_key);
      list.hidden = lines.length === 0;
      by_id('log-empty').hidden = lines.length > 0;
      if (follows) list.scrollTop = list.scrollHeight;
    }
    clearTimeout(this.#timer);
    if (this.#is_shown && this.#is_owner) this.#timer = setTimeout(() => this.#ask_log(), log_every_ms);
  }

  async #ask_pipelines() {
    this.#pipelines = await api.pipelines().catch(() => []);
    const select = by_id('pipeline');
    const names = this.#pipelines.map(({stream, name}) => [stream, name].filter(Boolean).join(': '));
    const before = select.value;
    select.replaceChildren(...names.map((name, i) => {
      const option = element('option', '', name);
      option.value = String(i);
      return option;
    }));
    if (before && this.#pipelines[before]) select.value = before;
    const is_empty = names.length === 0;
    for (const id of ['pipeline', 'graph']) by_id(id).hidden = is_empty;
    by_id('graph-empty').hidden = !is_empty;
    this.#draw();
  }

  // Loads Graphviz only when there is a pipeline to draw.
  async #draw() {
    const pipeline = this.#pipelines[by_id('pipeline').value];
    if (!pipeline || pipeline.dot === this.#drawn) return;
    this.#drawn = pipeline.dot;
    const graph = by_id('graph');
    graph.textContent = 'Drawing…';
    try {
      const viz = await (await import('./viz.js')).instance();
      const picture = viz.renderSVGElement(pipeline.dot);
      picture.setAttribute('role', 'img');
      picture.setAttribute('aria-label', `The pipeline of ${pipeline.stream ?? 'this node'}`);
      graph.replaceChildren(picture);
    } catch (error) {
      graph.textContent = `The pipeline cannot be drawn: ${error.message}`;
    }
  }
}

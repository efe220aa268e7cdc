// SPDX-License-Identifier: BSD-3-Clause
// Composes the page: chooses the view from the address (#streams, #watch/SLUG, #publish, #network, #node, #pair/CODE, #invite/INVITATION) and
// hands the node's state to the views.
import * as api from './api.js';
import {Devices} from './devices.js';
import {by_id, set_text} from './dom.js';
import {InviteView} from './invite.js';
import {Live} from './live.js';
import {Network} from './network.js';
import {NodeView} from './node.js';
import {NodeSettings} from './node_settings.js';
import {PairView} from './pair.js';
import {PublishView} from './publish.js';
import {kept_ms, Rates} from './rates.js';
import {StreamList} from './streams.js';
import {Tables} from './tables.js';
import {view_of} from './views.js';
import {WatchView} from './watch.js';
import {names_of, short_node_name} from './words.js';

const measure_ms = 2000;

const list = new StreamList({
  list: by_id('stream-list'), empty: by_id('streams-empty'), count: by_id('streams-count'), order: by_id('order'),
});
const network = new Network({
  svg: by_id('network-picture'), legend: by_id('network-legend'), note: by_id('network-note'),
});
const tables = new Tables({
  tickets: {body: by_id('ticket-rows'), count: by_id('ticket-count'), rest: by_id('ticket-rest')},
  nodes: {body: by_id('node-rows'), count: by_id('node-count'), rest: by_id('node-rest')},
});
const rates = new Rates();
const settings = new NodeSettings({on_change: show});
const watch = new WatchView({node_time: () => settings.node_time, picture_of: (slug) => list.picture_of(slug)});
const publish = new PublishView();
const inside = new NodeView({rates, span_ms: kept_ms});
const devices = new Devices({on_change: () => settings.ask()});
const pair = new PairView({on_paired});
const invite = new InviteView({on_accepted: (slug) => location.replace(`#watch/${encodeURIComponent(slug)}`)});
let state = {is_there: false, is_live: false, node: null, nodes: [], streams: [], tickets: []};
let view = null;

function show_node({is_there, is_live, node}) {
  by_id('node').classList.toggle('there', is_there);
  by_id('node').classList.toggle('live', is_there && is_live);
  document.body.classList.toggle('away', !is_there);
  document.body.classList.toggle('guest', settings.endpoints?.owner === false);
  set_text(by_id('node-text'), !is_there ? 'This node does not answer. Retrying…' : node ? `Node ${short_node_name(node.uuid, node.label)}` : 'Connected');
}

function show_title() {
  const name = view.slug ? list.find(view.slug)?.name || view.slug : view.title;
  document.title = name ? `${name} · Astral` : 'Astral';
}

function show() {
  show_node(state);
  watch.inform({...state, endpoints: settings.endpoints});
  publish.inform({...state, endpoints: settings.endpoints});
  const names = names_of(state);
  inside.inform({...state, names, endpoints: settings.endpoints});
  pair.inform(state);
  devices.is_shown = view?.name === 'node' && settings.endpoints?.owner === true;
  if (!state.is_there) return;  // the last known state stays on the page
  list.streams = state.streams;
  network.show({...state, names, rates});
  tables.show({...state, names, rates});
  if (view) show_title();
}

// The code leaves the address: it is of no use any more.
async function on_paired() {
  await settings.ask();
  location.replace('#node');
}

function on_change(now) {
  state = now;
  settings.is_there = now.is_there;
  show();
}

function follow_address() {
  const before = view;
  view = view_of(location.hash);
  // The secret leaves the address at once, and with it the history of this tab.
  if (view.invitation) history.replaceState(null, '', '#invite');
  for (const section of document.querySelectorAll('[data-view]')) section.hidden = !section.dataset.view.split(' ').includes(view.name);
  by_id('hero').hidden = view.name !== 'streams';
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${view.name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  list.watched = view.slug;
  if (view.slug) watch.open(view.slug, {takes_focus: before !== null});
  else watch.close();
  inside.is_shown = view.name === 'node';
  if (view.name === 'pair') pair.code = view.code;
  if (view.invitation) invite.accept(view.invitation);
  show();
  show_title();
  if (!before || (before.name === view.name && before.slug === view.slug)) return;
  scrollTo(0, 0);
  if (!view.slug) document.querySelector(`#${view.heading}`).focus({preventScroll: true});
}

// Reads the tickets' byte counters while a view that shows rates is visible.
async function measure() {
  const counts = state.tickets.some((ticket) => 'bytes_sent' in ticket || 'bytes_received' in ticket);
  if (!state.is_there || document.hidden || !counts || !['network', 'node'].includes(view.name)) return;
  try {
    state = {...state, tickets: await api.tickets()};
  } catch {
    return;
  }
  rates.add(state.tickets, performance.now());
  show();
}

by_id('skip').addEventListener('click', (event) => {
  event.preventDefault();
  by_id('main').focus();
});
addEventListener('hashchange', follow_address);
follow_address();
new Live({read: api, listen: api.events, on_change});
setInterval(measure, measure_ms);

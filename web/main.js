// SPDX-License-Identifier: BSD-3-Clause
// The page: what the address asks for (#watch/SLUG), what the node says, who shows it.
import * as api from './api.js';
import {Live} from './live.js';
import {Network} from './network.js';
import {Player} from './player.js';
import {show_publish_box} from './publish.js';
import {StreamList} from './streams.js';
import {Tables} from './tables.js';
import {hops_text, short_name} from './words.js';

const by_id = (id) => document.getElementById(id);
const state_names = {
  asking: 'Asking', loading: 'Loading', playing: 'Live', waiting: 'Waiting', refused: 'Cannot be played',
};

const list = new StreamList({list: by_id('stream-list'), empty: by_id('streams-empty'), count: by_id('streams-count')});
const network = new Network({
  svg: by_id('network-picture'), legend: by_id('network-legend'), note: by_id('network-note'),
});
const tables = new Tables({
  tickets: {body: by_id('ticket-rows'), count: by_id('ticket-count'), rest: by_id('ticket-rest')},
  nodes: {body: by_id('node-rows'), count: by_id('node-count'), rest: by_id('node-rest')},
});
const video = by_id('video');
let self = null;

const player = new Player(video, ({state, message, ticket}) => {
  const is_shown = state === 'playing';
  by_id('veil').hidden = is_shown;
  video.controls = is_shown;  // theirs show a second sign of waiting
  by_id('veil-text').textContent = message;
  by_id('screen').dataset.state = state;
  by_id('fact-state').textContent = state_names[state];
  const said = is_shown ? 'Playing' : message;
  if (by_id('watch-status').textContent !== said) by_id('watch-status').textContent = said;
  by_id('fact-parent').textContent = ticket ? parent_text(ticket) : '–';
  by_id('unmute').hidden = !(is_shown && video.muted);
});

function parent_text({source, hops}) {
  const name = source && source === self?.uuid ? 'this node' : (source ?? '–');
  return [short_name(name), hops ? hops_text(hops) : ''].filter(Boolean).join(', ');
}

function show_facts() {
  const latency = player.latency;
  by_id('fact-latency').textContent = Number.isFinite(latency) ? `${latency.toFixed(1)} s` : '–';
  by_id('fact-picture').textContent = video.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : '–';
}

function show_names() {
  const stream = list.find(player.slug);
  const name = stream?.name || player.slug;
  by_id('watch-name').textContent = name;
  by_id('watch-description').textContent = stream?.description ?? '';
  document.title = name ? `${name} · Astral` : 'Astral';
}

function show_node({is_there, is_live}) {
  by_id('node').classList.toggle('there', is_there);
  by_id('node').classList.toggle('live', is_there && is_live);
  document.body.classList.toggle('away', !is_there);
  const text = !is_there ? 'This node does not answer. Trying again…' : self ? `Node ${short_name(self.uuid)}` : 'Connected';
  if (by_id('node-text').textContent !== text) by_id('node-text').textContent = text;
}

function show(state) {
  self = state.node;
  show_node(state);
  if (!state.is_there) return;  // what was known last stays
  list.streams = state.streams;
  network.show(state);
  tables.show(state);
  show_names();
}

function wanted_slug() {
  const found = /^#watch\/([^/]+)$/.exec(location.hash);
  try {
    return found ? decodeURIComponent(found[1]) : '';
  } catch {
    return '';
  }
}

function follow_address() {
  const slug = wanted_slug();
  by_id('watch').hidden = !slug;
  by_id('hero').hidden = Boolean(slug);
  list.watched = slug;
  if (slug) {
    player.open(slug);
    by_id('watch').scrollIntoView({block: 'start'});
    video.focus({preventScroll: true});
  } else {
    player.close();
  }
  show_names();
}

by_id('unmute').addEventListener('click', () => {
  video.muted = false;
  video.focus();
});
video.addEventListener('volumechange', () => {
  by_id('unmute').hidden ||= !video.muted;
});
addEventListener('hashchange', follow_address);
show_publish_box({
  form: by_id('publish-form'), said: by_id('publish-said'), command: by_id('publish-command'),
  copy: by_id('publish-copy'), status: by_id('publish-status'),
});
new Live({read: api, listen: api.events, on_change: show});
setInterval(show_facts, 500);
follow_address();

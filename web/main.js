// SPDX-License-Identifier: BSD-3-Clause
// The page: what the address asks for (#watch/SLUG), what the node says, who shows it.
import * as api from './api.js';
import {Player} from './player.js';
import {show_publish_box} from './publish.js';
import {StreamList} from './streams.js';

const refresh_ms = 10000;       // with events, in case one was missed
const refresh_alone_ms = 3000;  // without
const gather_ms = 200;          // events come in bursts

const by_id = (id) => document.getElementById(id);
const state_names = {
  asking: 'Asking', loading: 'Loading', playing: 'Live', waiting: 'Waiting', refused: 'Cannot be played',
};

const list = new StreamList({list: by_id('stream-list'), empty: by_id('streams-empty'), count: by_id('streams-count')});
const video = by_id('video');
let self = null;
let has_events = false;
let refresh_timer = 0;

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
  const short = name.length > 12 ? `${name.slice(0, 8)}…` : name;
  if (!hops) return short;
  return `${short}, ${hops === 1 ? '1 hop' : `${hops} hops`}`;
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

function show_node(is_there) {
  by_id('node').classList.toggle('there', is_there);
  by_id('node').classList.toggle('live', is_there && has_events);
  const text = !is_there ? 'This node does not answer. Trying again…'
    : self ? `Node ${self.uuid.length > 12 ? `${self.uuid.slice(0, 8)}…` : self.uuid}` : 'Connected';
  if (by_id('node-text').textContent !== text) by_id('node-text').textContent = text;
}

function refresh_in(wait_ms) {
  clearTimeout(refresh_timer);
  refresh_timer = setTimeout(refresh, wait_ms);
}

async function refresh() {
  try {
    self ??= await api.node();
    list.streams = await api.streams();
    show_names();
    show_node(true);
  } catch {
    self = null;
    show_node(false);
  }
  refresh_in(has_events ? refresh_ms : refresh_alone_ms);
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
  name: by_id('publish-name'), command: by_id('publish-command'),
  copy: by_id('publish-copy'), status: by_id('publish-status'),
});
api.events(({type}) => {
  if (type === 'stream') refresh_in(gather_ms);
}, (is_open) => {
  has_events = is_open;
  refresh_in(0);
});
setInterval(show_facts, 500);
follow_address();
refresh();

// SPDX-License-Identifier: BSD-3-Clause
// The player alone, for a frame in another page: /embed/SLUG.
import * as api from './api.js';
import {by_id, set_text} from './dom.js';
import {Live} from './live.js';
import {NodeClock} from './node_clock.js';
import {Screen} from './screen.js';

const clock_every_ms = 60_000;

const slug = decodeURIComponent(location.pathname.split('/').at(-1));
const clock = new NodeClock();
const screen = new Screen(by_id('screen'), {node_time: () => clock.at(performance.now()), on_change: () => {}});
let state = {is_there: false, streams: []};
let endpoints = null;

function show() {
  const stream = state.streams.find((one) => one.slug === slug) ?? null;
  const name = stream?.name || slug;
  screen.player.inform({is_there: state.is_there, endpoints, stream});
  screen.entitle({name});
  set_text(by_id('name'), name);
  document.title = `${name} · Astral`;
}

async function ask_endpoints() {
  const asked_at = performance.now();
  try {
    const {time_ms, ...settings} = await api.settings();
    clock.heard({time_ms, asked_at, answered_at: performance.now()});
    endpoints = settings;
  } catch {
    return;
  }
  show();
}

function on_change(now) {
  const has_come = now.is_there && !state.is_there;
  state = now;
  if (has_come) ask_endpoints();
  show();
}

screen.player.open(slug);
const nothing = async () => [];
new Live({read: {node: nothing, nodes: nothing, tickets: nothing, streams: api.streams}, listen: api.events, on_change});
setInterval(() => !document.hidden && state.is_there && ask_endpoints(), clock_every_ms);
document.addEventListener('visibilitychange', () => !document.hidden && ask_endpoints());

// SPDX-License-Identifier: BSD-3-Clause
// The player alone, for a frame in another page: /embed/SLUG.
import * as api from './api.js';
import {by_id, set_text} from './dom.js';
import {Live} from './live.js';
import {NodeSettings} from './node_settings.js';
import {Screen} from './screen.js';

const slug = decodeURIComponent(location.pathname.split('/').at(-1));
const settings = new NodeSettings({on_change: show});
const screen = new Screen(by_id('screen'), {node_time: () => settings.node_time, on_change: () => {}});
let state = {is_there: false, streams: []};

function show() {
  const stream = state.streams.find((one) => one.slug === slug) ?? null;
  const name = stream?.name || slug;
  screen.player.inform({is_there: state.is_there, endpoints: settings.endpoints, stream});
  screen.entitle({name});
  set_text(by_id('name'), name);
  document.title = `${name} · Astral`;
}

function on_change(now) {
  state = now;
  settings.is_there = now.is_there;
  show();
}

screen.player.open(slug);
const nothing = async () => [];
new Live({read: {node: nothing, nodes: nothing, tickets: nothing, streams: api.streams}, listen: api.events, on_change});

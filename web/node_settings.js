// SPDX-License-Identifier: BSD-3-Clause
// What the node offers (GET /settings) and its clock. They are read whenever the node becomes reachable, because a restart may have changed
// them, and again and again for the clock.
import * as api from './api.js';
import {NodeClock} from './node_clock.js';

const clock_every_ms = 60_000;

export class NodeSettings {
  #clock = new NodeClock();
  #is_there = false;
  #on_change;
  endpoints = null;  // null: not read yet; empty: the node does not say

  constructor({on_change}) {
    this.#on_change = on_change;
    setInterval(() => !document.hidden && this.#is_there && this.ask(), clock_every_ms);
    document.addEventListener('visibilitychange', () => !document.hidden && this.ask());  // this machine may have slept
  }

  // Unix milliseconds; NaN: not known.
  get node_time() {
    return this.#clock.at(performance.now());
  }

  set is_there(is_there) {
    const has_come = is_there && !this.#is_there;
    this.#is_there = is_there;
    if (has_come) this.ask();
  }

  async ask() {
    const asked_at = performance.now();
    try {
      const {time_ms, ...settings} = await api.settings();
      this.#clock.heard({time_ms, asked_at, answered_at: performance.now()});
      this.endpoints = settings;
    } catch (error) {
      if (error.status === 0) return;
      this.endpoints = {};
    }
    this.#on_change();
  }
}

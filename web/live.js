// SPDX-License-Identifier: BSD-3-Clause
// Keeps the page's copy of the node's state up to date. An event names the kind of thing that changed; that list is then read again. Lost
// or reordered events do no harm. The page polls only while the WebSocket is closed or the node does not answer.

export const gather_ms = 200;  // events arrive in bursts: one reading answers all of a burst
export const retry_ms = 3000;  // without a socket, or without an answer
export const longest_gather_ms = 10000;
export const pause_factor = 4;  // the pause is this times the duration of the last reading: a large network is read less often

const all = ['node', 'nodes', 'streams', 'tickets'];
const changed_by = {
  node: ['node', 'nodes'],
  stream: ['streams'],
  ticket: ['tickets', 'streams', 'node'],  // numbers of viewers and children follow from tickets
};

// read: {node(), nodes(), streams(), tickets()}, promises of the lists.
// listen(on_event, on_open): as api.events.
// on_change({is_there, is_live, node, nodes, streams, tickets}).
// clock: the window's timers; a test passes its own.
export class Live {
  #read;
  #on_change;
  #clock;
  #state = {is_there: false, is_live: false, node: null, nodes: [], streams: [], tickets: []};
  #due = new Set();  // what is to be read
  #timer = 0;
  #is_reading = false;
  #gather_ms = gather_ms;

  constructor({read, listen, on_change, clock = globalThis}) {
    this.#read = read;
    this.#on_change = on_change;
    this.#clock = clock;
    listen((type) => this.#on_event(type), (is_open) => this.#on_open(is_open));
    this.#ask(all, 0);
  }

  #on_event(type) {
    if (Object.hasOwn(changed_by, type)) this.#ask(changed_by[type], this.#gather_ms);
  }

  #on_open(is_open) {
    this.#state = {...this.#state, is_live: is_open};
    this.#ask(all, 0);  // changes during the gap were not announced
  }

  #ask(kinds, wait_ms) {
    const is_awaited = this.#due.size > 0;
    kinds.forEach((kind) => this.#due.add(kind));
    if (this.#is_reading || (is_awaited && wait_ms > 0)) return;  // the reading that is planned already covers it
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.#refresh(), wait_ms);
  }

  async #refresh() {
    const kinds = [...this.#due];
    this.#due.clear();
    this.#is_reading = true;
    const began = this.#clock.performance.now();
    try {
      const answers = await Promise.all(kinds.map((kind) => this.#read[kind]()));
      this.#state = {...this.#state, is_there: true};
      kinds.forEach((kind, i) => {
        this.#state[kind] = answers[i];
      });
    } catch {
      this.#state = {...this.#state, is_there: false};
    }
    this.#is_reading = false;
    this.#on_change(this.#state);
    this.#gather_ms = Math.min(longest_gather_ms, Math.max(gather_ms, pause_factor * (this.#clock.performance.now() - began)));
    const is_well = this.#state.is_there && this.#state.is_live;
    const again = this.#due.size > 0;
    if (!this.#state.is_there || (!is_well && !again)) all.forEach((kind) => this.#due.add(kind));
    if (this.#due.size === 0) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.#refresh(), again && this.#state.is_there ? this.#gather_ms : retry_ms);
  }
}

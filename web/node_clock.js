// SPDX-License-Identifier: BSD-3-Clause
// What the node's clock shows, whatever the clock of this machine shows. Pure: times of this machine are those of performance.now().

const drift = 1e-4;       // how far two clocks may run apart, per unit of time
const resolution_ms = 1;  // the node says whole milliseconds

export class NodeClock {
  #offset_ms = NaN;  // node's time = this machine's + offset
  #error_ms = Infinity;
  #heard_at = 0;

  // The node said `time_ms` (Unix) at some moment between asked_at and answered_at. An answer that took long tells less than an earlier
  // quick one, unless the two contradict each other: then a clock was set, or this machine slept.
  heard({time_ms, asked_at, answered_at}) {
    if (!Number.isFinite(time_ms)) return;
    const offset_ms = time_ms - (asked_at + answered_at) / 2;
    const error_ms = (answered_at - asked_at) / 2 + resolution_ms;
    const known_ms = this.#error_ms + drift * (answered_at - this.#heard_at);
    if (error_ms > known_ms && Math.abs(offset_ms - this.#offset_ms) <= error_ms + known_ms) return;
    [this.#offset_ms, this.#error_ms, this.#heard_at] = [offset_ms, error_ms, answered_at];
  }

  // Unix milliseconds; NaN until the node has said it.
  at(moment) {
    return moment + this.#offset_ms;
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// Bit rates from the byte counters of tickets: per ticket and in total, now and over time. Pure.

export const kept_ms = 300_000;

const key_of = ({stream, source, destination}) => `${stream} ${source} ${destination}`;

export class Rates {
  #before = new Map();  // key → {received, sent, at}
  #now = new Map();     // key → kbit/s
  history = [];         // {at, received, sent} in kbit/s

  add(tickets, now) {
    const seen = new Map();
    this.#now.clear();
    const sum = {received: 0, sent: 0};
    for (const ticket of tickets) {
      const {bytes_received: received = 0, bytes_sent: sent = 0} = ticket;
      const key = key_of(ticket);
      seen.set(key, {received, sent, at: now});
      const before = this.#before.get(key);
      if (!before || now <= before.at || received < before.received || sent < before.sent) continue;  // a new link counts from 0
      const kbps = (count) => (count * 8) / (now - before.at);
      this.#now.set(key, kbps(received - before.received + sent - before.sent));
      sum.received += kbps(received - before.received);
      sum.sent += kbps(sent - before.sent);
    }
    const is_first = this.#before.size === 0 && this.history.length === 0;
    this.#before = seen;
    if (is_first) return;
    this.history.push({at: now, ...sum});
    while (this.history[0].at < now - kept_ms) this.history.shift();
  }

  // kbit/s; undefined if unknown.
  of(ticket) {
    return this.#now.get(key_of(ticket));
  }
}

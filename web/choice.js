// SPDX-License-Identifier: BSD-3-Clause
// Which player shows a stream, and when another one is tried. Pure: no document, no clock, no network.
//
//             start              moved                    stands, or is dead
//   nothing ────────▶ an attempt ──────▶ it is shown ──────────────────────▶ the same again, then the next
//                         │ patience, failed      │ a better one has rested
//                         └▶ it rests, the next   └▶ it is tried beside what is shown
//
// Only while media flows is anybody to blame: what the publisher or the network does to all players has none rest.

export const still_ms = 3000;            // a picture that stands longer is tried again
export const short_life_ms = 15_000;     // one that stands so soon after it began has its player rest
export const well_ms = 60_000;           // one that moved for so long has nothing held against it
export const first_rest_ms = 20_000;
export const longest_rest_ms = 300_000;
export const patience_ms = {whep: 6000, llhls: 10_000, flv: 8000, hls: 15_000};

// Attempts have numbers, so that one player may be tried beside itself. Effects: {type: 'start', id, kind},
// {type: 'show', id}, {type: 'end', id}.
export class Choice {
  #kinds = [];
  #wish = '';
  #flows = false;
  #shown = null;
  #tried = null;
  #rests = new Map();  // kind → {until, length, is_for_good}
  #last_id = 0;
  #effects = [];

  get kind() {
    return this.#shown?.kind ?? this.#tried?.kind ?? '';
  }

  // No player can show this, ever.
  get is_hopeless() {
    return this.#kinds.length > 0 && this.#kinds.every((kind) => this.#rests.get(kind)?.is_for_good);
  }

  // Inputs: {type: 'offer', kinds}: what can be had, the best first. {type: 'wish', kind}: the viewer's, '' for none.
  // {type: 'flow', flows}: media comes, and somebody looks. Of an attempt: {type: 'moved', id}, its picture has;
  // {type: 'failed', id, is_for_good}: it ended. {type: 'tick'}: time has passed.
  handle(input, now) {
    this.#effects = [];
    if (input.type === 'offer') this.#offer(input.kinds);
    if (input.type === 'wish') this.#wish_for(input.kind);
    if (input.type === 'flow') this.#flow(input.flows, now);
    if (input.type === 'moved') this.#moved(input.id, now);
    if (input.type === 'failed') this.#failed(input, now);
    this.#decide(now);
    return this.#effects;
  }

  #offer(kinds) {
    if (kinds.join() === this.#kinds.join()) return;
    this.#kinds = [...kinds];
    this.#rests.clear();
  }

  #wish_for(kind) {
    this.#wish = kind;
    this.#rests.delete(kind);
    this.#end_tried();
  }

  #flow(flows, now) {
    if (flows && !this.#flows) {
      if (this.#shown) this.#shown.moved_at = now;
      if (this.#tried) this.#tried.since = now;
    }
    this.#flows = flows;
  }

  #moved(id, now) {
    if (this.#tried?.id === id) {
      if (this.#shown) this.#effects.push({type: 'end', id: this.#shown.id});
      this.#shown = {...this.#tried, since: now, moved_at: now, is_dead: false, is_again: false};
      this.#tried = null;
      this.#effects.push({type: 'show', id});
    } else if (this.#shown?.id === id) {
      this.#shown.moved_at = now;
      this.#shown.is_again = false;
      if (this.#tried && !this.#better().includes(this.#tried.kind)) this.#end_tried();  // it goes on by itself
      if (now - this.#shown.since >= well_ms) this.#rests.delete(this.#shown.kind);
    }
  }

  #failed({id, is_for_good = false}, now) {
    if (this.#tried?.id === id) {
      if (this.#flows || is_for_good) this.#rest(this.#tried.kind, now, is_for_good);
      this.#end_tried();
    } else if (this.#shown?.id === id) {
      this.#shown.is_dead = true;
    }
  }

  #decide(now) {
    if (!this.#flows || this.#kinds.length === 0) return;
    if (this.#tried && now - this.#tried.since >= patience_ms[this.#tried.kind]) {
      this.#rest(this.#tried.kind, now);
      this.#end_tried();
    }
    if (this.#tried) return;
    const shown = this.#shown;
    if (!shown) return this.#start(this.#next(now), now);
    if (shown.is_dead || now - shown.moved_at >= still_ms) {
      const is_first = !shown.is_again;
      shown.is_again = true;
      if (is_first && now - shown.since < short_life_ms) this.#rest(shown.kind, now);
      else if (is_first) return this.#start(shown.kind, now);
      return this.#start(this.#next(now), now);
    }
    const better = this.#better().find((kind) => !this.#rests_at(kind, now));
    if (better) this.#start(better, now);
  }

  get #order() {
    return this.#kinds.includes(this.#wish) ? [this.#wish, ...this.#kinds.filter((kind) => kind !== this.#wish)] : this.#kinds;
  }

  #better() {
    const order = this.#order;
    return this.#shown ? order.slice(0, Math.max(0, order.indexOf(this.#shown.kind))) : order;
  }

  #rests_at(kind, now) {
    return (this.#rests.get(kind)?.until ?? 0) > now;
  }

  // The best that does not rest. Where all do, it is not the players' fault: they begin again, but those that never can.
  #next(now) {
    const order = this.#order;
    const awake = order.find((kind) => !this.#rests_at(kind, now));
    if (awake) return awake;
    for (const [kind, {is_for_good}] of this.#rests) {
      if (!is_for_good) this.#rests.delete(kind);
    }
    return order.find((kind) => !this.#rests_at(kind, now)) ?? '';
  }

  #start(kind, now) {
    if (!kind) return;
    this.#tried = {id: ++this.#last_id, kind, since: now};
    this.#effects.push({type: 'start', id: this.#last_id, kind});
  }

  #rest(kind, now, is_for_good = false) {
    const before = this.#rests.get(kind)?.length ?? first_rest_ms / 2;
    const length = is_for_good ? longest_rest_ms : Math.min(2 * before, longest_rest_ms);
    this.#rests.set(kind, {until: now + length, length, is_for_good});
  }

  #end_tried() {
    if (this.#tried) this.#effects.push({type: 'end', id: this.#tried.id});
    this.#tried = null;
  }
}

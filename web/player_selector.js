// SPDX-License-Identifier: BSD-3-Clause
// Decides which player shows a stream, and when to try another one. Pure: no document, no clock, no network.
//
//             start                progressed              stalls, or has ended
//   nothing ────────▶ a candidate ────────────▶ it is shown ─────────────────▶ the same player again, then the next one
//                         │ timeout, failed         │ the back-off of a better player is over
//                         └▶ it backs off; the next  └▶ the better player is started beside what is shown
//
// A player backs off only for what happens while media flows. A pause of the publisher or a failure of the network is not its fault.

export const stall_ms = 3000;            // a picture that stands still for longer has stalled
export const early_stall_ms = 15_000;    // a player that stalls within this time after its start backs off at once
export const proven_ms = 60_000;         // after so much playing, earlier failures of that player are forgotten
export const first_backoff_ms = 20_000;
export const longest_backoff_ms = 300_000;
export const start_timeout_ms = {whep: 6000, llhls: 10_000, flv: 8000, hls: 15_000};

// Attempts are numbered, because the same player may be started a second time beside the first. Effects: {type: 'start', id, kind},
// {type: 'show', id}, {type: 'end', id}.
export class PlayerSelector {
  #kinds = [];
  #preferred = '';
  #is_flowing = false;
  #shown = null;
  #candidate = null;
  #backoffs = new Map();  // kind → {until, length, is_for_good}
  #last_id = 0;
  #effects = [];

  get kind() {
    return this.#shown?.kind ?? this.#candidate?.kind ?? '';
  }

  // No player will ever be able to show this stream.
  get is_hopeless() {
    return this.#kinds.length > 0 && this.#kinds.every((kind) => this.#backoffs.get(kind)?.is_for_good);
  }

  // Inputs: {type: 'offer', kinds}: the available players, best first. {type: 'prefer', kind}: the viewer's choice, '' for none.
  // {type: 'flowing', is_flowing}: whether media arrives and the page is visible. {type: 'progressed', id}: the attempt showed a new picture.
  // {type: 'failed', id, is_for_good}: the attempt ended. {type: 'tick'}: time has passed.
  handle(input, now) {
    this.#effects = [];
    if (input.type === 'offer') this.#offer(input.kinds);
    if (input.type === 'prefer') this.#prefer(input.kind);
    if (input.type === 'flowing') this.#set_flowing(input.is_flowing, now);
    if (input.type === 'progressed') this.#progressed(input.id, now);
    if (input.type === 'failed') this.#failed(input, now);
    this.#decide(now);
    return this.#effects;
  }

  #offer(kinds) {
    if (kinds.join() === this.#kinds.join()) return;
    this.#kinds = [...kinds];
    this.#backoffs.clear();
  }

  #prefer(kind) {
    this.#preferred = kind;
    this.#backoffs.delete(kind);
    this.#end_candidate();
  }

  #set_flowing(is_flowing, now) {
    if (is_flowing && !this.#is_flowing) {
      if (this.#shown) this.#shown.progressed_at = now;
      if (this.#candidate) this.#candidate.since = now;
    }
    this.#is_flowing = is_flowing;
  }

  #progressed(id, now) {
    if (this.#candidate?.id === id) {
      if (this.#shown) this.#effects.push({type: 'end', id: this.#shown.id});
      this.#shown = {...this.#candidate, since: now, progressed_at: now, has_ended: false, was_restarted: false};
      this.#candidate = null;
      this.#effects.push({type: 'show', id});
    } else if (this.#shown?.id === id) {
      this.#shown.progressed_at = now;
      this.#shown.was_restarted = false;
      if (this.#candidate && !this.#better().includes(this.#candidate.kind)) this.#end_candidate();  // the first one recovered
      if (now - this.#shown.since >= proven_ms) this.#backoffs.delete(this.#shown.kind);
    }
  }

  #failed({id, is_for_good = false}, now) {
    if (this.#candidate?.id === id) {
      if (this.#is_flowing || is_for_good) this.#back_off(this.#candidate.kind, now, is_for_good);
      this.#end_candidate();
    } else if (this.#shown?.id === id) {
      this.#shown.has_ended = true;
    }
  }

  #decide(now) {
    if (!this.#is_flowing || this.#kinds.length === 0) return;
    if (this.#candidate && now - this.#candidate.since >= start_timeout_ms[this.#candidate.kind]) {
      this.#back_off(this.#candidate.kind, now);
      this.#end_candidate();
    }
    if (this.#candidate) return;
    const shown = this.#shown;
    if (!shown) return this.#start(this.#next(now), now);
    if (shown.has_ended || now - shown.progressed_at >= stall_ms) {
      const is_first = !shown.was_restarted;
      shown.was_restarted = true;
      if (is_first && now - shown.since < early_stall_ms) this.#back_off(shown.kind, now);
      else if (is_first) return this.#start(shown.kind, now);
      return this.#start(this.#next(now), now);
    }
    const better = this.#better().find((kind) => !this.#is_backed_off(kind, now));
    if (better) this.#start(better, now);
  }

  get #order() {
    return this.#kinds.includes(this.#preferred) ? [this.#preferred, ...this.#kinds.filter((kind) => kind !== this.#preferred)] : this.#kinds;
  }

  #better() {
    const order = this.#order;
    return this.#shown ? order.slice(0, Math.max(0, order.indexOf(this.#shown.kind))) : order;
  }

  #is_backed_off(kind, now) {
    return (this.#backoffs.get(kind)?.until ?? 0) > now;
  }

  // The best player that is not backing off. If all are, the cause lies elsewhere: all may be tried again, except those that failed for good.
  #next(now) {
    const order = this.#order;
    const awake = order.find((kind) => !this.#is_backed_off(kind, now));
    if (awake) return awake;
    for (const [kind, {is_for_good}] of this.#backoffs) {
      if (!is_for_good) this.#backoffs.delete(kind);
    }
    return order.find((kind) => !this.#is_backed_off(kind, now)) ?? '';
  }

  #start(kind, now) {
    if (!kind) return;
    this.#candidate = {id: ++this.#last_id, kind, since: now};
    this.#effects.push({type: 'start', id: this.#last_id, kind});
  }

  #back_off(kind, now, is_for_good = false) {
    const before = this.#backoffs.get(kind)?.length ?? first_backoff_ms / 2;
    const length = is_for_good ? longest_backoff_ms : Math.min(2 * before, longest_backoff_ms);
    this.#backoffs.set(kind, {until: now + length, length, is_for_good});
  }

  #end_candidate() {
    if (this.#candidate) this.#effects.push({type: 'end', id: this.#candidate.id});
    this.#candidate = null;
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// Decides how a player that has fallen behind comes back to live: a little behind, it plays faster; far behind, it jumps. A viewer who
// rewinds or pauses stays behind, as long as the player can still play that. Pure.

export const late_s = 3;        // further behind, a "Go live" button shows, and the end of a pause jumps
export const too_late_s = 6;    // further behind, the player jumps by itself
export const fastest = 1.1;     // nobody hears that
const done_s = 0.1;
const least_ahead_s = 1;        // a player with less in its buffer would run dry if it played faster
const jump_again_ms = 10_000;   // a jump takes a moment to load; a line that is too thin must not make the player jump for ever

export class CatchUp {
  #paused_at = null;
  #jumped_at = -Infinity;
  #is_fast = false;
  #behind = NaN;
  #is_chosen = false;  // the viewer wants to be behind

  // The viewer goes back to something that was, or with `is_back` false to live.
  rewind(is_back = true) {
    this.#is_chosen = is_back;
  }

  // behind: seconds from where it plays to where it should play; NaN: unknown, or the player is always live.
  // ahead: seconds in its buffer. slack: seconds behind that need no catching up. most: seconds behind that need a jump.
  // kept: how far behind the player can play; 0: it has only what is live.
  decide({behind, ahead, is_paused, slack, most = too_late_s, kept = 0}, now) {
    this.#behind = behind;
    const was_paused = this.#paused_at !== null;
    this.#paused_at = is_paused ? this.#paused_at ?? now : null;
    if (is_paused || !Number.isFinite(behind)) return this.#play(false);
    if (was_paused && behind > late_s) this.#is_chosen = true;
    if (behind > kept || behind <= late_s) this.#is_chosen = false;
    if (this.#is_chosen) return this.#play(false);
    const may_jump = was_paused || now - this.#jumped_at >= jump_again_ms;
    if (behind > (was_paused ? late_s : most) && may_jump) {
      this.#jumped_at = now;
      this.#play(false);
      return {jumps: true, rate: 1};
    }
    const is_late = behind > (this.#is_fast ? done_s : slack);
    return this.#play(is_late && ahead >= least_ahead_s);
  }

  get is_chosen() {
    return this.#is_chosen;
  }

  // Whether going live would show something newer. Where a paused player stands is not asked: some move to live while nobody looks.
  is_late(now) {
    return this.#paused_at === null ? this.#behind > late_s : now - this.#paused_at > 1000 * late_s;
  }

  #play(is_fast) {
    this.#is_fast = is_fast;
    return {jumps: false, rate: is_fast ? fastest : 1};
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// How loud the viewer wants it, remembered in the browser. Pure, but for the storage that it is given.

const name = 'astral.sound';
export const step = 0.1;
const least = 0.05;

const between = (value) => Math.min(1, Math.max(0, Math.round(value * 100) / 100));

export class Sound {
  volume = 1;
  is_on = false;  // browsers play without a click only if the sound is off
  #storage;

  // storage: null, or as localStorage, which may refuse.
  constructor(storage) {
    this.#storage = storage;
    try {
      const {volume, is_on} = JSON.parse(storage?.getItem(name) ?? '{}');
      if (Number.isFinite(volume)) this.volume = between(volume);
      this.is_on = is_on === true && this.volume > 0;
    } catch {
      // Then it is not remembered.
    }
  }

  turn(is_on) {
    if (is_on && this.volume < least) this.volume = 0.5;
    this.is_on = is_on;
    this.#remember();
  }

  set(volume) {
    this.volume = between(volume);
    this.is_on = this.volume > 0;
    this.#remember();
  }

  #remember() {
    try {
      this.#storage?.setItem(name, JSON.stringify({volume: this.volume, is_on: this.is_on}));
    } catch {
      // Storage may be full or forbidden.
    }
  }
}

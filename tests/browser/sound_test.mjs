// SPDX-License-Identifier: BSD-3-Clause
// What the browser remembers of the sound.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Sound} from '../../web/sound.js';

class Storage {
  #kept = new Map();
  getItem = (name) => this.#kept.get(name) ?? null;
  setItem = (name, value) => this.#kept.set(name, value);
}

test('at first the sound is off, and loud when it is turned on', () => {
  const sound = new Sound(new Storage());
  assert.deepEqual([sound.is_on, sound.volume], [false, 1]);
  sound.turn(true);
  assert.deepEqual([sound.is_on, sound.volume], [true, 1]);
});

test('what the viewer chose is there again the next time', () => {
  const storage = new Storage();
  const sound = new Sound(storage);
  sound.set(0.35);
  assert.deepEqual([new Sound(storage).is_on, new Sound(storage).volume], [true, 0.35]);
  sound.turn(false);
  assert.deepEqual([new Sound(storage).is_on, new Sound(storage).volume], [false, 0.35]);
});

test('the volume stays between 0 and 1; at 0 the sound is off', () => {
  const sound = new Sound(null);
  sound.set(1.1);
  assert.equal(sound.volume, 1);
  sound.set(-0.1);
  assert.deepEqual([sound.is_on, sound.volume], [false, 0]);
});

test('sound that is turned on can be heard', () => {
  const sound = new Sound(null);
  sound.set(0);
  sound.turn(true);
  assert.ok(sound.is_on && sound.volume >= 0.3);
});

test('ten steps down and up again give the same volume', () => {
  const sound = new Sound(null);
  for (let i = 0; i < 10; ++i) sound.set(sound.volume - 0.1);
  assert.equal(sound.volume, 0);
  for (let i = 0; i < 10; ++i) sound.set(sound.volume + 0.1);
  assert.equal(sound.volume, 1);
});

test('a storage that refuses, or holds rubbish, does no harm', () => {
  const refuses = () => {
    throw new Error('no');
  };
  const forbidden = new Sound({getItem: refuses, setItem: refuses});
  forbidden.set(0.5);
  assert.equal(forbidden.volume, 0.5);
  for (const rubbish of ['', 'x', 'null', '[]', '{"volume":"loud"}', '{"volume":1e9,"is_on":1}']) {
    const sound = new Sound({getItem: () => rubbish, setItem: () => {}});
    assert.ok(sound.volume === 1 && !sound.is_on, rubbish);
  }
});

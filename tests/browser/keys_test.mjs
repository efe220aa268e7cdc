// SPDX-License-Identifier: BSD-3-Clause
// Which key does what, and where.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {action_of, listed} from '../../web/keys.js';

const all = {' ': 'pause', k: 'pause', K: 'pause', l: 'live', m: 'mute', f: 'full', i: 'float', ArrowLeft: 'back', ArrowRight: 'forward', ArrowUp: 'louder', ArrowDown: 'quieter', '?': 'keys'};

test('on the player each key acts', () => {
  for (const [key, action] of Object.entries(all)) assert.equal(action_of({key}, 'player'), action, key);
});

test('in the page around it only letters act: space and arrows scroll, or press the button that has the focus', () => {
  for (const place of ['page', 'in player']) {
    for (const [key, action] of Object.entries(all)) assert.equal(action_of({key}, place), /^.$/.test(key) && key !== ' ' ? action : '', key);
  }
});

test('who types in a field types', () => {
  for (const key of Object.keys(all)) assert.equal(action_of({key}, 'elsewhere'), '', key);
});

test('the keys of the browser and of the system stay theirs', () => {
  for (const modifier of ['ctrlKey', 'altKey', 'metaKey']) {
    for (const key of Object.keys(all)) assert.equal(action_of({key, [modifier]: true}, 'player'), '', key);
  }
});

test('other keys do nothing', () => {
  for (const key of ['x', 'Enter', 'Tab', 'Escape', 'F5', 'PageUp', 'Dead', '']) assert.equal(action_of({key}, 'player'), '', key);
});

test('the list names each action', () => {
  assert.equal(listed.length, new Set(Object.values(all)).size);
  for (const {keys, does} of listed) assert.ok(keys.length > 0 && does.length > 0);
});

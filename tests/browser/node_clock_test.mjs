// SPDX-License-Identifier: BSD-3-Clause
// The node's clock, as the page knows it from the answers to /settings.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {NodeClock} from '../../web/node_clock.js';

const noon = 1_795_000_000_000;

test('unknown until the node has said it', () => {
  const clock = new NodeClock();
  assert.ok(Number.isNaN(clock.at(5000)));
  clock.heard({time_ms: undefined, asked_at: 1000, answered_at: 1010});
  assert.ok(Number.isNaN(clock.at(5000)));
});

test('the node spoke in the middle between the question and the answer', () => {
  const clock = new NodeClock();
  clock.heard({time_ms: noon, asked_at: 1000, answered_at: 1100});
  assert.equal(clock.at(1050), noon);
  assert.equal(clock.at(11_050), noon + 10_000);
});

test('a slow answer does not replace a quick one that agrees', () => {
  const clock = new NodeClock();
  clock.heard({time_ms: noon, asked_at: 1000, answered_at: 1002});
  clock.heard({time_ms: noon + 60_000 - 800, asked_at: 60_101, answered_at: 62_101});
  assert.equal(clock.at(1001), noon);
});

test('a quicker answer replaces a slow one', () => {
  const clock = new NodeClock();
  clock.heard({time_ms: noon + 400, asked_at: 1000, answered_at: 2000});
  clock.heard({time_ms: noon + 8000, asked_at: 9499, answered_at: 9501});
  assert.equal(clock.at(9500), noon + 8000);
});

test('an answer that contradicts is believed: a clock was set, or this machine slept', () => {
  const clock = new NodeClock();
  clock.heard({time_ms: noon, asked_at: 1000, answered_at: 1002});
  clock.heard({time_ms: noon + 3_600_000, asked_at: 2000, answered_at: 2800});
  assert.equal(clock.at(2400), noon + 3_600_000);
});

test('clocks drift: after a day a fresh answer counts more than a quick one of yesterday', () => {
  const clock = new NodeClock();
  const day = 86_400_000;
  clock.heard({time_ms: noon, asked_at: 1000, answered_at: 1002});
  clock.heard({time_ms: noon + day + 3000, asked_at: day + 951, answered_at: day + 1051});
  assert.equal(clock.at(day + 1001), noon + day + 3000);
});

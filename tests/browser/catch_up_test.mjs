// SPDX-License-Identifier: BSD-3-Clause
// How a player that has fallen behind comes back to live. The test plays the player: it moves by what is decided.
import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {CatchUp, fastest, late_s, too_late_s} from '../../web/catch_up.js';

const look_ms = 250;
let catch_up, now, behind, jumps;

beforeEach(() => {
  [catch_up, now, behind, jumps] = [new CatchUp(), 0, 0, 0];
});

function look({is_paused = false, ahead = 2, slack = 0.5, most, kept} = {}) {
  now += look_ms;
  const decided = catch_up.decide({behind, ahead, is_paused, slack, most, kept}, now);
  if (is_paused) behind += look_ms / 1000;
  else behind -= (decided.rate - 1) * (look_ms / 1000);
  if (decided.jumps) {
    ++jumps;
    behind = 0;
  }
  return decided;
}

function pass(seconds, how) {
  for (const until = now + seconds * 1000; now < until;) look(how);
}

test('a player at live plays as it is', () => {
  behind = 0.3;
  assert.deepEqual(look(), {jumps: false, rate: 1});
  assert.equal(catch_up.is_late(now), false);
});

test('a little behind, it plays faster until it is at live, then no more', () => {
  behind = 2;
  assert.equal(look().rate, fastest);
  pass(30);
  assert.ok(behind <= 0.1 && behind > -0.1, `${behind}`);
  assert.equal(look().rate, 1);
  behind = 0.3;  // within the slack
  assert.equal(look().rate, 1);
  assert.equal(jumps, 0);
});

test('with little in the buffer it does not play faster', () => {
  behind = 2;
  assert.equal(look({ahead: 0.4}).rate, 1);
});

test('far behind, as after 40 s in a hidden tab, it jumps at once', () => {
  behind = 41;
  assert.deepEqual(look(), {jumps: true, rate: 1});
  assert.equal(behind, 0);
});

test('the bound is the format\'s: with segments of 8 s, 10 s behind is no reason to jump', () => {
  behind = 10;
  assert.equal(look({most: 24}).jumps, false);
  behind = 25;
  assert.equal(look({most: 24}).jumps, true);
});

test('a paused player stays where it is; the end of the pause goes to live', () => {
  pass(60, {is_paused: true});
  assert.equal(jumps, 0);
  assert.equal(look({is_paused: true}).rate, 1);
  assert.equal(look().jumps, true);
  assert.equal(jumps, 1);
});

test('after a pause that was short, it only plays faster', () => {
  pass(2, {is_paused: true});
  assert.deepEqual(look(), {jumps: false, rate: fastest});
});

test('after a pause just below the bound of playing on, it jumps: the viewer asked for live', () => {
  pass((late_s + too_late_s) / 2, {is_paused: true});
  assert.equal(look().jumps, true);
});

test('a line that is too thin does not make it jump again and again', () => {
  let count = 0;
  for (let i = 0; i < 4 * 60; ++i) {
    behind = 20;
    count += look().jumps;
  }
  assert.ok(count >= 5 && count <= 7, `${count} jumps in a minute`);
});

test('a player that is always live, or whose place is unknown, is left alone', () => {
  behind = NaN;
  assert.deepEqual(look(), {jumps: false, rate: 1});
  assert.equal(catch_up.is_late(now), false);
});

test('the button shows while it is seconds behind, and after seconds of pause, wherever the player says that it stands', () => {
  behind = late_s + 1;
  look();
  assert.equal(catch_up.is_late(now), true);
  behind = 0;
  look();
  assert.equal(catch_up.is_late(now), false);
  pass(1, {is_paused: true});
  assert.equal(catch_up.is_late(now), false);
  pass(late_s, {is_paused: true});
  behind = 0;  // as hls.js does with a player whose place has left the playlist
  look({is_paused: true});
  assert.equal(catch_up.is_late(now), true);
});

const kept = 60;  // seconds

test('who rewound stays there, as long as the player has it', () => {
  behind = 30;
  catch_up.rewind();
  for (let i = 0; i < 100; ++i) assert.deepEqual(look({kept}), {jumps: false, rate: 1});
  assert.ok(catch_up.is_chosen && catch_up.is_late(now));
  behind = kept + 1;  // a line that was cut
  assert.equal(look({kept}).jumps, true);
  assert.equal(catch_up.is_chosen, false);
});

test('who goes to live, by the button or by hand, is kept at live again', () => {
  behind = 30;
  catch_up.rewind();
  look({kept});
  catch_up.rewind(false);
  assert.equal(look({kept}).jumps, true);
  catch_up.rewind();
  behind = late_s - 1;
  assert.equal(look({kept}).rate, fastest);
  assert.equal(catch_up.is_chosen, false);
});

test('after a pause the viewer sees what came next; the end of a pause that the player does not have is live', () => {
  pass(20, {is_paused: true, kept});
  assert.deepEqual(look({kept}), {jumps: false, rate: 1});
  assert.equal(catch_up.is_chosen, true);
  pass(kept, {is_paused: true, kept});
  assert.equal(look({kept}).jumps, true);
});

test('after a short pause it catches up', () => {
  pass(2, {is_paused: true, kept});
  assert.equal(look({kept}).rate, fastest);
  assert.equal(catch_up.is_chosen, false);
});

test('a player that fell behind by itself comes back, although it could stay', () => {
  behind = 41;
  assert.equal(look({kept}).jumps, true);
});

// SPDX-License-Identifier: BSD-3-Clause
// Which player is tried, and when. The test sets the clock.
import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {PlayerSelector, first_backoff_ms, longest_backoff_ms, start_timeout_ms, early_stall_ms, stall_ms, proven_ms} from '../../web/player_selector.js';

const all = ['whep', 'llhls', 'flv', 'hls'];
let selector, now, moving;  // moving: attempts that show new pictures

function tell(input) {
  return selector.handle(input, now).map(({type, id, kind}) => [type, id, kind].filter((part) => part !== undefined).join(' '));
}

// Lets time pass while those attempts progress; returns the effects.
function pass(ms) {
  const effects = [];
  for (const until = now + ms; now < until;) {
    now += 250;
    for (const id of moving) effects.push(...tell({type: 'progressed', id}));
    effects.push(...tell({type: 'tick'}));
  }
  return effects;
}

beforeEach(() => {
  [selector, now, moving] = [new PlayerSelector(), 0, []];
});

function begin(kinds = all) {
  tell({type: 'offer', kinds});
  return tell({type: 'flowing', is_flowing: true});
}

function plays(kind) {
  const effects = begin([kind, ...all.filter((one) => one !== kind)]);
  assert.deepEqual(effects, [`start 1 ${kind}`]);
  moving = [1];
  assert.deepEqual(pass(250), ['show 1']);
}

test('the best offered player starts as soon as media flows', () => {
  assert.deepEqual(tell({type: 'offer', kinds: all}), []);
  assert.deepEqual(pass(60_000), []);
  assert.deepEqual(tell({type: 'flowing', is_flowing: true}), ['start 1 whep']);
  assert.equal(selector.kind, 'whep');
  moving = [1];
  assert.deepEqual(pass(10_000), ['show 1']);
});

test('a player that shows nothing before its timeout is replaced by the next one', () => {
  begin();
  assert.deepEqual(pass(start_timeout_ms.whep - 250), []);
  assert.deepEqual(pass(250), ['end 1', 'start 2 llhls']);
  assert.deepEqual(pass(start_timeout_ms.llhls), ['end 2', 'start 3 flv']);
  moving = [3];
  assert.deepEqual(pass(250), ['show 3']);
});

test('a player that fails is replaced at once', () => {
  begin();
  assert.deepEqual(tell({type: 'failed', id: 1}), ['end 1', 'start 2 llhls']);
  assert.deepEqual(tell({type: 'failed', id: 1}), []);  // said twice
});

test('a better player is tried again beside the one that plays, with growing pauses', () => {
  begin(['whep', 'hls']);
  tell({type: 'failed', id: 1});
  moving = [2];
  pass(250);
  assert.deepEqual(pass(first_backoff_ms - 250), ['start 3 whep']);
  assert.equal(selector.kind, 'hls');
  assert.deepEqual(tell({type: 'failed', id: 3}), ['end 3']);
  assert.deepEqual(pass(2 * first_backoff_ms - 250), []);
  assert.deepEqual(pass(250), ['start 4 whep']);
  moving = [2, 4];
  assert.deepEqual(pass(250), ['end 2', 'show 4']);
  assert.equal(selector.kind, 'whep');
});

test('a player that stalls is restarted, and its last picture stays until the new attempt shows one', () => {
  plays('whep');
  pass(early_stall_ms);
  moving = [];
  assert.deepEqual(pass(stall_ms), ['start 2 whep']);
  moving = [2];
  assert.deepEqual(pass(250), ['end 1', 'show 2']);
});

test('if the restart does not help, the next player is tried', () => {
  plays('whep');
  pass(early_stall_ms);
  moving = [];
  pass(stall_ms);
  assert.deepEqual(pass(start_timeout_ms.whep), ['end 2', 'start 3 llhls']);
  moving = [3];
  assert.deepEqual(pass(250), ['end 1', 'show 3']);
});

test('a player that stalls soon after its start backs off', () => {
  plays('whep');
  moving = [];
  assert.deepEqual(pass(stall_ms), ['start 2 llhls']);
});

test('if a stalled player recovers, the second attempt ends', () => {
  plays('whep');
  pass(early_stall_ms);
  moving = [];
  pass(stall_ms);
  moving = [1];
  assert.deepEqual(pass(250), ['end 2']);
  assert.deepEqual(pass(60_000), []);
});

test('no player backs off while no media flows', () => {
  plays('whep');
  pass(early_stall_ms);
  moving = [];
  assert.deepEqual(tell({type: 'flowing', is_flowing: false}), []);
  assert.deepEqual(tell({type: 'failed', id: 1}), []);
  assert.deepEqual(pass(3_600_000), []);
  assert.deepEqual(tell({type: 'flowing', is_flowing: true}), ['start 2 whep']);
});

test('after a pause a player gets the full stall time again', () => {
  plays('whep');
  pass(early_stall_ms);
  moving = [];
  tell({type: 'flowing', is_flowing: false});
  pass(60_000);
  tell({type: 'flowing', is_flowing: true});
  assert.deepEqual(pass(stall_ms - 250), []);
  moving = [1];
  assert.deepEqual(pass(60_000), []);
});

test('if every player fails, all are tried again', () => {
  begin(['whep', 'hls']);
  assert.deepEqual(pass(start_timeout_ms.whep), ['end 1', 'start 2 hls']);
  assert.deepEqual(pass(start_timeout_ms.hls), ['end 2', 'start 3 whep']);
});

test('a player that failed for good is not tried again, and the selector says when none is left', () => {
  begin(['flv', 'hls']);
  tell({type: 'failed', id: 1, is_for_good: true});
  assert.equal(selector.is_hopeless, false);
  assert.deepEqual(tell({type: 'failed', id: 2, is_for_good: true}), ['end 2']);
  assert.equal(selector.is_hopeless, true);
  assert.deepEqual(pass(longest_backoff_ms - 250), []);
  assert.deepEqual(pass(250), ['start 3 flv']);  // the stream or the node may have changed by now
});

test('a changed offer lets every player try again', () => {
  begin(['flv', 'hls']);
  tell({type: 'failed', id: 1, is_for_good: true});
  tell({type: 'failed', id: 2, is_for_good: true});
  assert.deepEqual(tell({type: 'offer', kinds: all}), ['start 3 whep']);
});

test('the viewer gets the chosen player, and another one if it fails', () => {
  plays('whep');
  assert.deepEqual(tell({type: 'prefer', kind: 'flv'}), ['start 2 flv']);
  moving = [1, 2];
  assert.deepEqual(pass(250), ['end 1', 'show 2']);
  moving = [2];
  assert.deepEqual(pass(3_600_000), []);  // no player is better than the chosen one
  assert.deepEqual(tell({type: 'prefer', kind: ''}), ['start 3 whep']);
  assert.deepEqual(tell({type: 'failed', id: 3}), ['end 3', 'start 4 llhls']);
  assert.equal(selector.kind, 'flv');
});

test('a player that played for long has its failures forgotten', () => {
  begin(['whep', 'hls']);
  tell({type: 'failed', id: 1});
  moving = [2];
  pass(first_backoff_ms);
  moving = [2, 3];
  pass(250);
  moving = [3];
  pass(proven_ms);
  tell({type: 'failed', id: 3});  // again, at once
  assert.deepEqual(tell({type: 'failed', id: 4}), ['end 4', 'start 5 hls']);
  moving = [5];
  pass(250);
  assert.deepEqual(pass(first_backoff_ms - 250), ['start 6 whep']);  // as after the first time
});

// SPDX-License-Identifier: BSD-3-Clause
// Which player is tried when, with a clock that is the test's.
import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {Choice, first_rest_ms, longest_rest_ms, patience_ms, short_life_ms, still_ms, well_ms} from '../../web/choice.js';

const all = ['whep', 'llhls', 'flv', 'hls'];
let choice, now, moving;  // moving: attempts whose picture moves

function tell(input) {
  return choice.handle(input, now).map(({type, id, kind}) => [type, id, kind].filter((part) => part !== undefined).join(' '));
}

// Effects of that time, pictures moving meanwhile.
function pass(ms) {
  const effects = [];
  for (const until = now + ms; now < until;) {
    now += 250;
    for (const id of moving) effects.push(...tell({type: 'moved', id}));
    effects.push(...tell({type: 'tick'}));
  }
  return effects;
}

beforeEach(() => {
  [choice, now, moving] = [new Choice(), 0, []];
});

function begin(kinds = all) {
  tell({type: 'offer', kinds});
  return tell({type: 'flow', flows: true});
}

function plays(kind) {
  const effects = begin([kind, ...all.filter((one) => one !== kind)]);
  assert.deepEqual(effects, [`start 1 ${kind}`]);
  moving = [1];
  assert.deepEqual(pass(250), ['show 1']);
}

test('begins with the best that is offered, once media flows', () => {
  assert.deepEqual(tell({type: 'offer', kinds: all}), []);
  assert.deepEqual(pass(60_000), []);
  assert.deepEqual(tell({type: 'flow', flows: true}), ['start 1 whep']);
  assert.equal(choice.kind, 'whep');
  moving = [1];
  assert.deepEqual(pass(10_000), ['show 1']);
});

test('a player that shows nothing in its time gives way to the next', () => {
  begin();
  assert.deepEqual(pass(patience_ms.whep - 250), []);
  assert.deepEqual(pass(250), ['end 1', 'start 2 llhls']);
  assert.deepEqual(pass(patience_ms.llhls), ['end 2', 'start 3 flv']);
  moving = [3];
  assert.deepEqual(pass(250), ['show 3']);
});

test('one that fails gives way at once', () => {
  begin();
  assert.deepEqual(tell({type: 'failed', id: 1}), ['end 1', 'start 2 llhls']);
  assert.deepEqual(tell({type: 'failed', id: 1}), []);  // said twice
});

test('a better one is tried again beside what plays, ever less often', () => {
  begin(['whep', 'hls']);
  tell({type: 'failed', id: 1});
  moving = [2];
  pass(250);
  assert.deepEqual(pass(first_rest_ms - 250), ['start 3 whep']);
  assert.equal(choice.kind, 'hls');
  assert.deepEqual(tell({type: 'failed', id: 3}), ['end 3']);
  assert.deepEqual(pass(2 * first_rest_ms - 250), []);
  assert.deepEqual(pass(250), ['start 4 whep']);
  moving = [2, 4];
  assert.deepEqual(pass(250), ['end 2', 'show 4']);
  assert.equal(choice.kind, 'whep');
});

test('a picture that stands is begun anew by the same player, and stays until there is a new one', () => {
  plays('whep');
  pass(short_life_ms);
  moving = [];
  assert.deepEqual(pass(still_ms), ['start 2 whep']);
  moving = [2];
  assert.deepEqual(pass(250), ['end 1', 'show 2']);
});

test('where that does not help, by the next', () => {
  plays('whep');
  pass(short_life_ms);
  moving = [];
  pass(still_ms);
  assert.deepEqual(pass(patience_ms.whep), ['end 2', 'start 3 llhls']);
  moving = [3];
  assert.deepEqual(pass(250), ['end 1', 'show 3']);
});

test('one that stands soon after it began rests', () => {
  plays('whep');
  moving = [];
  assert.deepEqual(pass(still_ms), ['start 2 llhls']);
});

test('what goes on by itself has the other try ended', () => {
  plays('whep');
  pass(short_life_ms);
  moving = [];
  pass(still_ms);
  moving = [1];
  assert.deepEqual(pass(250), ['end 2']);
  assert.deepEqual(pass(60_000), []);
});

test('while nothing flows nobody is to blame', () => {
  plays('whep');
  pass(short_life_ms);
  moving = [];
  assert.deepEqual(tell({type: 'flow', flows: false}), []);
  assert.deepEqual(tell({type: 'failed', id: 1}), []);
  assert.deepEqual(pass(3_600_000), []);
  assert.deepEqual(tell({type: 'flow', flows: true}), ['start 2 whep']);
});

test('after a pause a picture has its time to move again', () => {
  plays('whep');
  pass(short_life_ms);
  moving = [];
  tell({type: 'flow', flows: false});
  pass(60_000);
  tell({type: 'flow', flows: true});
  assert.deepEqual(pass(still_ms - 250), []);
  moving = [1];
  assert.deepEqual(pass(60_000), []);
});

test('where none shows anything it is not their fault: they begin again', () => {
  begin(['whep', 'hls']);
  assert.deepEqual(pass(patience_ms.whep), ['end 1', 'start 2 hls']);
  assert.deepEqual(pass(patience_ms.hls), ['end 2', 'start 3 whep']);
});

test('what can never be played is not tried again, and said when nothing else is left', () => {
  begin(['flv', 'hls']);
  tell({type: 'failed', id: 1, is_for_good: true});
  assert.equal(choice.is_hopeless, false);
  assert.deepEqual(tell({type: 'failed', id: 2, is_for_good: true}), ['end 2']);
  assert.equal(choice.is_hopeless, true);
  assert.deepEqual(pass(longest_rest_ms - 250), []);
  assert.deepEqual(pass(250), ['start 3 flv']);  // it may be another node by now
});

test('other offers are another chance', () => {
  begin(['flv', 'hls']);
  tell({type: 'failed', id: 1, is_for_good: true});
  tell({type: 'failed', id: 2, is_for_good: true});
  assert.deepEqual(tell({type: 'offer', kinds: all}), ['start 3 whep']);
});

test('the viewer has the player of their choice, and another one where it fails', () => {
  plays('whep');
  assert.deepEqual(tell({type: 'wish', kind: 'flv'}), ['start 2 flv']);
  moving = [1, 2];
  assert.deepEqual(pass(250), ['end 1', 'show 2']);
  moving = [2];
  assert.deepEqual(pass(3_600_000), []);  // nothing is better than what one wants
  assert.deepEqual(tell({type: 'wish', kind: ''}), ['start 3 whep']);
  assert.deepEqual(tell({type: 'failed', id: 3}), ['end 3', 'start 4 llhls']);
  assert.equal(choice.kind, 'flv');
});

test('one that played well for long has nothing held against it', () => {
  begin(['whep', 'hls']);
  tell({type: 'failed', id: 1});
  moving = [2];
  pass(first_rest_ms);
  moving = [2, 3];
  pass(250);
  moving = [3];
  pass(well_ms);
  tell({type: 'failed', id: 3});  // again, at once
  assert.deepEqual(tell({type: 'failed', id: 4}), ['end 4', 'start 5 hls']);
  moving = [5];
  pass(250);
  assert.deepEqual(pass(first_rest_ms - 250), ['start 6 whep']);  // as after the first time
});

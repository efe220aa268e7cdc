// SPDX-License-Identifier: BSD-3-Clause
// Which lists the page reads, and when. The test sets the clock and gives the node's answers.
import assert from 'node:assert/strict';
import {beforeEach, test} from 'node:test';

import {gather_ms, Live, longest_gather_ms, pause_factor, retry_ms} from '../../web/live.js';

let now, timers, read, asked, answers, is_there, seen, on_event, on_open;

const clock = {
  performance: {now: () => now},
  setTimeout(run, wait_ms) {
    timers.push({run, at: now + wait_ms});
    return timers.at(-1);
  },
  clearTimeout(timer) {
    timers = timers.filter((one) => one !== timer);
  },
};

// Lets pending promises resolve.
const settle = async () => {
  for (let i = 0; i < 10; ++i) await null;
};

async function pass(ms) {
  const until = now + ms;
  await settle();
  for (;;) {
    const next = timers.filter(({at}) => at <= until).sort((a, b) => a.at - b.at)[0];
    if (!next) break;
    now = next.at;
    clock.clearTimeout(next);
    next.run();
    await settle();
  }
  now = until;
}

const take_asked = () => asked.splice(0).sort().join(' ');
const everything = 'node nodes streams tickets';

beforeEach(() => {
  [now, timers, asked, answers, is_there, seen] = [0, [], [], {}, true, []];
  const answer = (kind) => async () => {
    asked.push(kind);
    if (!is_there) throw new Error('away');
    return answers[kind] ?? kind;
  };
  read = Object.fromEntries(everything.split(' ').map((kind) => [kind, answer(kind)]));
  new Live({
    read, clock,
    listen: (event, open) => [on_event, on_open] = [event, open],
    on_change: (state) => seen.push(state),
  });
});

async function listening() {
  on_open(true);
  await pass(1);
  take_asked();
  seen.length = 0;
}

test('the page reads everything at its start, and again when its socket is open', async () => {
  await pass(1);
  assert.equal(take_asked(), everything);
  assert.deepEqual(seen.at(-1), {is_there: true, is_live: false, node: 'node', nodes: 'nodes', streams: 'streams', tickets: 'tickets'});
  on_open(true);
  await pass(1);
  assert.equal(take_asked(), everything);
  assert.equal(seen.at(-1).is_live, true);
});

test('the page does not poll while it gets events', async () => {
  await listening();
  await pass(3_600_000);
  assert.equal(take_asked(), '');
  assert.deepEqual(timers, []);
});

for (const [type, kinds] of [['stream', 'streams'], ['node', 'node nodes'], ['ticket', 'node streams tickets']]) {
  test(`an event about a ${type} makes the page read: ${kinds}`, async () => {
    await listening();
    on_event(type);
    await pass(gather_ms - 1);
    assert.equal(take_asked(), '');
    await pass(1);
    assert.equal(take_asked(), kinds);
    await pass(3_600_000);
    assert.equal(take_asked(), '');
  });
}

test('a burst of events causes one read', async () => {
  await listening();
  for (let i = 0; i < 100; ++i) on_event(['stream', 'node'][i % 2]);
  await pass(gather_ms);
  assert.equal(take_asked(), 'node nodes streams');
  assert.equal(seen.length, 1);
});

test('an event during a read causes another read afterwards', async () => {
  await listening();
  let finish;
  read.streams = () => {
    asked.push('streams');
    return new Promise((resolve) => finish = resolve);
  };
  on_event('stream');
  await pass(gather_ms);
  assert.equal(take_asked(), 'streams');
  on_event('stream');
  on_event('stream');
  await pass(60_000);
  assert.equal(take_asked(), '');  // never two reads at once
  finish(['old']);
  await pass(longest_gather_ms);  // the longest pause, because the read took a minute
  assert.equal(take_asked(), 'streams');
  finish(['new']);
  await settle();
  assert.deepEqual(seen.at(-1).streams, ['new']);
});

test('lists that take long to read are read less often', async () => {
  await listening();
  const took_ms = 1000;
  read.streams = () => {
    asked.push('streams');
    now += took_ms;
    return [];
  };
  on_event('stream');
  await pass(gather_ms + took_ms);
  assert.equal(take_asked(), 'streams');
  on_event('stream');
  await pass(pause_factor * took_ms - 1);
  assert.equal(take_asked(), '');
  await pass(1);
  assert.equal(take_asked(), 'streams');
});

test('unknown events are ignored', async () => {
  await listening();
  for (const type of ['', 'rubbish', '__proto__', 'constructor', 'toString']) on_event(type);
  await pass(3_600_000);
  assert.equal(take_asked(), '');
});

test('without a socket the page polls', async () => {
  await listening();
  on_open(false);
  await pass(1);
  assert.equal(take_asked(), everything);
  await pass(3 * retry_ms);
  assert.equal(asked.length, 12);
  on_open(true);
  await pass(1);
  take_asked();
  await pass(3_600_000);
  assert.equal(take_asked(), '');
});

test('the page polls a node that does not answer until it does, and keeps what it knew', async () => {
  await listening();
  is_there = false;
  on_event('stream');
  await pass(gather_ms);
  assert.equal(seen.at(-1).is_there, false);
  assert.equal(seen.at(-1).streams, 'streams');
  take_asked();
  is_there = true;
  await pass(retry_ms);
  assert.equal(take_asked(), everything);  // anything may have changed in the meantime
  assert.equal(seen.at(-1).is_there, true);
  await pass(3_600_000);
  assert.equal(take_asked(), '');
});

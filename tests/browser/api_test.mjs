// SPDX-License-Identifier: BSD-3-Clause
// What the page takes from the node's answers: fields of the right type only.
import assert from 'node:assert/strict';
import {afterEach, test} from 'node:test';

import * as api from '../../web/api.js';

const real_fetch = globalThis.fetch;
const answer = (body) => {
  globalThis.fetch = async () => ({ok: true, json: async () => body});
};
afterEach(() => {
  globalThis.fetch = real_fetch;
});

const labels = ['label', 'primary_supernode_label', 'source_label', 'destination_label'];
const not_texts = [7, true, null, [], ['n1'], {}, {text: 'n1'}];

test('labels are texts', () => {
  for (const name of labels) {
    assert.deepEqual(api.typed({[name]: 'n1'}), {[name]: 'n1'});
    for (const value of not_texts) assert.deepEqual(api.typed({[name]: value}), {}, `${name}: ${JSON.stringify(value)}`);
  }
});

test('nodes, tickets and streams keep their labels', async () => {
  const node = {uuid: 'u', label: 'n1', primary_supernode_uuid: 's', primary_supernode_label: 'top'};
  answer({node});
  assert.deepEqual(await api.node(), node);
  answer({nodes: [node]});
  assert.deepEqual(await api.nodes(), [node]);
  const ticket = {stream: 'a', source: 'u', source_label: 'n1', destination: 'v', destination_label: 'n2', element: true};
  answer({tickets: [ticket]});
  assert.deepEqual(await api.tickets(), [ticket]);
  answer({ticket});
  assert.deepEqual(await api.ticket('a'), ticket);
  const stream = {slug: 'a', source: 'u', source_label: 'n1'};
  answer({streams: [stream]});
  assert.deepEqual(await api.streams(), [stream]);
});

test('a label replaces no uuid that is missing or of a wrong type', async () => {
  answer({nodes: [{label: 'n1'}, {uuid: 7, label: 'n1'}, {uuid: 'u', label: 7}]});
  assert.deepEqual(await api.nodes(), [{uuid: 'u'}]);
  answer({tickets: [{stream: 'a', source_label: 'n1', destination_label: 'n2'}]});
  assert.deepEqual(await api.tickets(), []);
});

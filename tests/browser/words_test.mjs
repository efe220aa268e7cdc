// SPDX-License-Identifier: BSD-3-Clause
// How nodes are named for people: by their labels, which are not unique, or by their uuids.
import assert from 'node:assert/strict';
import {test} from 'node:test';

import {destination_text, labels_of, names_of, node_name, short_name, short_node_name, source_text} from '../../web/words.js';

const [me, one, other] = ['0f', '3fa2b1c0', '77aa01d2'].map((start) => start.padEnd(32, '5'));
const state_of = (nodes, tickets = [], node = {uuid: me}) => ({node, nodes, tickets});

test('a node is shown by its label, otherwise by its uuid', () => {
  assert.equal(node_name(one, 'cellar'), 'cellar');
  assert.equal(node_name(one, undefined), one);
  assert.equal(node_name(one, ''), one);
});

test('where there is little room, a uuid is shortened, and a label only if it is long', () => {
  assert.equal(short_node_name(one), '3fa2b1c0…');
  assert.equal(short_node_name('r'), 'r');
  assert.equal(short_node_name(one, 'node-in-the-cellar'), 'node-in-the-cellar');
  assert.equal(short_node_name(one, 'a'.repeat(24)), 'a'.repeat(24));
  assert.equal(short_node_name(one, 'a'.repeat(64)), `${'a'.repeat(23)}…`);
});

test('letters outside of the basic plane are not cut in half', () => {
  assert.equal(short_name('😀'.repeat(13)), `${'😀'.repeat(8)}…`);
});

test('labels come from lists, tickets and the node itself', () => {
  const labels = labels_of(state_of([{uuid: one, label: 'listed'}],
    [{source: other, source_label: 'parent', destination: 'child', destination_label: 'viewer'}],
    {uuid: me, label: 'mine', primary_supernode_uuid: 'top', primary_supernode_label: 'above'}));
  assert.deepEqual(Object.fromEntries(labels), {[me]: 'mine', [one]: 'listed', [other]: 'parent', child: 'viewer', top: 'above'});
});

test('a list without a label does not take away that of a ticket; with one it counts more', () => {
  const tickets = [{source: one, source_label: 'of-ticket', destination: me}];
  assert.equal(labels_of(state_of([{uuid: one}], tickets)).get(one), 'of-ticket');
  assert.equal(labels_of(state_of([{uuid: one, label: 'of-list'}], tickets)).get(one), 'of-list');
});

test('without a node nothing is named', () => {
  assert.equal(names_of(state_of([], [], null)).size, 0);
});

test('every node of the lists and tickets has a name', () => {
  const names = names_of(state_of([{uuid: one, label: 'n1'}], [{source: other, destination: me}]));
  assert.deepEqual(Object.fromEntries(names), {[one]: 'n1', [other]: other, [me]: me});
});

test('behind a label of two nodes stands the start of the uuid', () => {
  const names = names_of(state_of([{uuid: one, label: 'n1'}, {uuid: other, label: 'n1'}, {uuid: 'third', label: 'n2'}]));
  assert.equal(names.get(one), 'n1 (3fa2b1c0…)');
  assert.equal(names.get(other), 'n1 (77aa01d2…)');
  assert.equal(names.get('third'), 'n2');
});

test('it stays visible in a narrow cell behind a long label', () => {
  const label = 'a'.repeat(64);
  assert.equal(names_of(state_of([{uuid: one, label}, {uuid: other, label}])).get(one), `${'a'.repeat(15)}… (3fa2b1c0…)`);
});

test('a node that is in several lists does not share its label with itself', () => {
  const node = {uuid: me, label: 'mine'};
  const tickets = [{source: one, source_label: 'n1', destination: me, destination_label: 'mine'}];
  const names = names_of(state_of([node, {uuid: one, label: 'n1'}], tickets, node));
  assert.deepEqual([names.get(me), names.get(one)], ['mine', 'n1']);
});

test('a label that is the uuid of another node does not pass for that node', () => {
  const names = names_of(state_of([{uuid: one}, {uuid: other, label: one}]));
  assert.equal(names.get(one), one);
  assert.match(names.get(other), / \(77aa01d2…\)$/);
});

test('labels that are names of object members are ordinary labels', () => {
  const names = names_of(state_of([{uuid: one, label: '__proto__'}, {uuid: other, label: 'constructor'}]));
  assert.deepEqual([names.get(one), names.get(other)], ['__proto__', 'constructor']);
});

test('the ends of a ticket: this node, a program, a label, a uuid', () => {
  const ticket = {source: one, source_label: 'n1', destination: other, destination_label: 'n2'};
  assert.equal(source_text(ticket, one), 'this node');
  assert.equal(destination_text(ticket, other), 'this node');
  assert.equal(source_text({...ticket, element: true}, me), 'a publisher');
  assert.equal(destination_text({...ticket, element: true}, me), 'a player');
  assert.equal(source_text(ticket, me), 'n1');
  assert.equal(destination_text(ticket, me), 'n2');
  assert.equal(source_text({source: one}, me), one);
  assert.equal(destination_text({destination: other}, me), other);
});

test('tickets name their ends as the lists do', () => {
  const ticket = {source: one, source_label: 'n1', destination: other, destination_label: 'n1'};
  const names = names_of(state_of([], [ticket]));
  assert.equal(source_text(ticket, me, names), 'n1 (3fa2b1c0…)');
  assert.equal(destination_text(ticket, me, names), 'n1 (77aa01d2…)');
});

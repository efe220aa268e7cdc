// SPDX-License-Identifier: BSD-3-Clause
// Compares our codec with npm @moqt/transport, which others wrote. It must decode what we encode to the same fields,
// and encode those to the same bytes. We must decode what it encodes to the same fields.
// Usage: node moqt_transport.mjs PATH-OF-moqt_oracle [SEED [COUNT]]
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as moqt from '@moqt/transport';

const oracle = process.argv[2];
const seed = Number(process.argv[3] ?? 1);
const count = Number(process.argv[4] ?? 4000);
const codec = moqt.createControlCodec(18);
const MAX = (1n << 64n) - 1n;

// ---- fields, in the format that moqt_fields.hpp describes ----

const hex = (bytes) => Buffer.from(bytes ?? []).toString('hex');
const text = (string) => hex(Buffer.from(string, 'utf8'));
const unhex = (digits) => new Uint8Array(Buffer.from(digits, 'hex'));
const number = (value) => String(value);
const location = (at) => `${at.group},${at.object}`;
const orNull = (value) => (value === undefined ? null : number(value));

function pairs(map) {
  const list = [];
  for (const type of [...map.keys()].sort((a, b) => (a < b ? -1 : 1)))
    for (const value of map.get(type)) list.push([number(type), typeof value === 'bigint' ? number(value) : hex(value)]);
  return list;
}

function token(bytes) {  // @moqt/transport exports no decoder of draft-18 tokens
  let at = 0;
  const next = () => {
    const { value, bytesRead } = moqt.readVi64(bytes, at);
    at += bytesRead;
    return value;
  };
  const kind = next();
  const alias = kind === 3n ? 0n : next();
  const type = kind === 1n || kind === 3n ? next() : 0n;
  return { kind: number(kind), alias: number(alias), type: number(type), value: hex(bytes.subarray(at)) };
}

function filter(bytes) {
  const kinds = { NextGroupStart: '1', LargestObject: '2', AbsoluteStart: '3', AbsoluteRange: '4' };
  const decoded = moqt.decodeSubscriptionFilter(bytes, 18);
  return {
    kind: kinds[decoded.type],
    start: `${decoded.startGroup ?? 0n},${decoded.startObject ?? 0n}`,
    delta: number(decoded.endGroup === undefined ? 0n : decoded.endGroup - decoded.startGroup),
  };
}

function parameters(map) {
  const list = [];
  for (const type of [...map.keys()].sort((a, b) => (a < b ? -1 : 1))) {
    for (const value of map.get(type)) {
      let told;
      if (type === 0x03n) told = token(value);
      else if (type === 0x21n) told = filter(value);
      else if (type === 0x34n) told = value.map(hex);
      else if (typeof value === 'bigint') told = number(value);
      else told = location(value);
      list.push([number(type), told]);
    }
  }
  return list;
}

function controlFields(message) {
  const fields = { type: message.type };
  const track = (of) => ({ namespace: of.trackNamespace.map(hex), name: hex(of.trackName) });
  const properties = () => pairs(message.trackProperties ?? new Map());
  switch (message.type) {
    case 'SETUP':
      return { ...fields, options: pairs(message.setupOptions) };
    case 'GOAWAY':
      return { ...fields, uri: text(message.newSessionUri), timeout: number(message.timeout), request: orNull(message.requestId) };
    case 'SUBSCRIBE':
    case 'TRACK_STATUS':
      return { ...fields, id: number(message.requestId), ...track(message), parameters: parameters(message.parameters) };
    case 'SUBSCRIBE_OK':
      return { ...fields, alias: number(message.trackAlias), parameters: parameters(message.parameters), properties: properties() };
    case 'REQUEST_OK':
      return { ...fields, parameters: parameters(message.parameters), properties: properties() };
    case 'REQUEST_ERROR':
      return {
        ...fields, code: number(message.errorCode), retry: number(message.retryInterval), reason: text(message.errorReason),
        redirect: message.redirect ? { uri: hex(message.redirect.connectUri), ...track(message.redirect) } : null,
      };
    case 'REQUEST_UPDATE':
      return { ...fields, id: number(message.requestId), parameters: parameters(message.parameters) };
    case 'PUBLISH':
      return {
        ...fields, id: number(message.requestId), ...track(message), alias: number(message.trackAlias),
        parameters: parameters(message.parameters), properties: properties(),
      };
    case 'PUBLISH_DONE':
      return { ...fields, code: number(message.statusCode), count: number(message.streamCount), reason: text(message.errorReason) };
    case 'PUBLISH_NAMESPACE':
      return { ...fields, id: number(message.requestId), namespace: message.trackNamespace.map(hex), parameters: parameters(message.parameters) };
    case 'SUBSCRIBE_NAMESPACE':
    case 'SUBSCRIBE_TRACKS':
      return { ...fields, id: number(message.requestId), namespace: message.trackNamespacePrefix.map(hex), parameters: parameters(message.parameters) };
    case 'NAMESPACE':
    case 'NAMESPACE_DONE':
      return { ...fields, namespace: message.trackNamespaceSuffix.map(hex) };
    case 'PUBLISH_BLOCKED':
      return { ...fields, namespace: message.trackNamespaceSuffix.map(hex), name: hex(message.trackName) };
    case 'FETCH': {
      const range = message.fetch.fetchType === 1
        ? { ...track(message.fetch), start: location(message.fetch.startLocation), end: location(message.fetch.endLocation) }
        : { request: number(message.fetch.joiningRequestId), start: number(message.fetch.joiningStart) };
      return { ...fields, id: number(message.requestId), kind: number(message.fetch.fetchType), ...range, parameters: parameters(message.parameters) };
    }
    case 'FETCH_OK':
      return {
        ...fields, end_of_track: message.endOfTrack === 1, end: location(message.endLocation),
        parameters: parameters(message.parameters), properties: properties(),
      };
    default:
      throw new Error(`no fields of ${message.type}`);
  }
}

function subgroupFields(header, objects) {
  const ofFirst = (header.typeByte >> 1 & 3) === 1 && objects.length > 0;
  return {
    alias: number(header.trackAlias), group: number(header.groupId),
    subgroup: number(ofFirst ? objects[0].objectId : header.subgroupId), priority: orNull(header.publisherPriority),
    has_properties: header.hasExtensions, end_of_group: header.isEndOfGroup, first_object: header.isFirstObjectInSubgroup,
    objects: objects.map((object) => ({
      id: number(object.objectId), properties: hex(object.extensions), payload: hex(object.payload), status: number(object.status ?? 0n),
    })),
  };
}

function datagramFields(datagram) {
  return {
    alias: number(datagram.trackAlias), id: `${datagram.groupId},${datagram.objectId}`, priority: orNull(datagram.publisherPriority),
    end_of_group: datagram.isEndOfGroup, properties: hex(datagram.extensions), status: orNull(datagram.status), payload: hex(datagram.payload),
  };
}

function fetchFields(requestId, items) {
  return {
    request: number(requestId),
    objects: items.map((item) => ({
      id: `${item.groupId},${item.objectId}`, subgroup: item.isDatagram ? null : number(item.subgroupId),
      priority: number(item.publisherPriority), properties: hex(item.extensions), payload: hex(item.payload),
    })),
  };
}

// ---- their decoder, and their encoder of what they decoded ----

function decodeControl(wire) {
  const { message, bytesRead } = codec.decode(wire, 0);
  assert.equal(bytesRead, wire.length);
  return { fields: controlFields(message), again: codec.encode(message) };
}

function decodeSubgroup(wire) {
  const { header, bytesRead } = moqt.decodeSubgroupHeader18(wire, 0);
  const objects = [];
  const parts = [moqt.encodeSubgroupHeader18(header)];
  let previous = 0n;
  for (let at = bytesRead; at < wire.length;) {
    const first = objects.length === 0;
    const { object, bytesRead: size } = moqt.decodeSubgroupObject18(wire, at, header.hasExtensions, previous, first);
    parts.push(moqt.encodeSubgroupObject18(object, header.hasExtensions, previous, first));
    objects.push(object);
    previous = object.objectId;
    at += size;
  }
  return { fields: subgroupFields(header, objects), again: Buffer.concat(parts) };
}

function decodeDatagram(wire) {
  const { datagram } = moqt.decodeObjectDatagram18(wire, 0);
  return { fields: datagramFields(datagram), again: moqt.encodeObjectDatagram18(datagram) };
}

function decodeFetch(wire) {  // does not encode again: it writes longer flags than we do
  const { header, bytesRead } = moqt.decodeFetchHeader18(wire, 0);
  const items = [];
  let prior;
  for (let at = bytesRead; at < wire.length;) {
    const { item, bytesRead: size, nextPrior } = moqt.decodeFetchObject18(wire, at, prior, items.length === 0, 'ascending');
    items.push(item);
    prior = nextPrior;
    at += size;
  }
  return { fields: fetchFields(header.requestId, items) };
}

const decoders = { control: decodeControl, subgroup: decodeSubgroup, datagram: decodeDatagram, fetch: decodeFetch };

function theyDecodeOurs() {
  const lines = execFileSync(oracle, ['generate', String(seed), String(count)], { maxBuffer: 1 << 30 }).toString().trim().split('\n');
  assert.equal(lines.length, count);
  const seen = new Map();
  for (const line of lines) {
    const ours = JSON.parse(line);
    try {
      const theirs = decoders[ours.kind](unhex(ours.hex));
      assert.deepEqual(theirs.fields, ours.fields);
      if (theirs.again) assert.equal(hex(theirs.again), ours.hex);
    } catch (error) {
      throw new Error(`@moqt/transport disagrees about what we encoded: ${ours.kind} ${ours.hex}`, { cause: error });
    }
    const what = ours.fields.type ?? ours.kind;
    seen.set(what, (seen.get(what) ?? 0) + 1);
  }
  return seen;
}

// ---- their encoder, our decoder ----

let state = BigInt(seed) * 0x9E3779B97F4A7C15n & MAX;
function random() {  // splitmix64
  state = state + 0x9E3779B97F4A7C15n & MAX;
  let z = state;
  z = (z ^ z >> 30n) * 0xBF58476D1CE4E5B9n & MAX;
  z = (z ^ z >> 27n) * 0x94D049BB133111EBn & MAX;
  return z ^ z >> 31n;
}
const below = (n) => Number(random() % BigInt(n));
const coin = () => below(2) === 0;
const anyNumber = () => random() >> BigInt(below(64));
const anyBytes = (most) => Uint8Array.from({ length: below(most + 1) }, () => below(256));
const anyText = () => ['', 'no such stream', 'für Elise', 'moqt://node.example:4443/a?b=c'][below(4)];
const anyLocation = () => ({ group: anyNumber(), object: anyNumber() });
const anyNamespace = () => Array.from({ length: below(5) === 0 ? below(33) : below(4) }, () => Uint8Array.from([102, ...anyBytes(20)]));

function anyProperties() {
  const map = new Map();
  if (coin()) map.set(0x0En, [BigInt(below(256))]);
  if (coin()) map.set(0x04n, [anyNumber()]);
  if (coin()) map.set(0x22n, [BigInt(1 + below(2))]);
  if (coin()) map.set(0x30n, [BigInt(below(2))]);
  if (coin()) map.set(0x3800n + BigInt(2 * below(8)), [anyNumber(), anyNumber()].slice(below(2)));
  if (coin()) map.set(0x3801n + BigInt(2 * below(8)), [anyBytes(300), anyBytes(10)].slice(below(2)));
  return map;
}
const anyPropertyBlock = () => moqt.encodeTrackProperties18(anyProperties());

function anyToken() {
  const kind = below(4);
  const numbers = [BigInt(kind)];
  if (kind !== 3) numbers.push(anyNumber());
  if (kind === 1 || kind === 3) numbers.push(anyNumber());
  return Uint8Array.from([...numbers.flatMap((n) => [...vi64(n)]), ...(numbers.length > 2 || kind === 3 ? anyBytes(40) : [])]);
}
function vi64(value) {
  const bytes = new Uint8Array(moqt.vi64EncodingLength(value));
  moqt.writeVi64(value, bytes, 0);
  return bytes;
}
function anyFilter() {
  const kind = 1 + below(4);
  const numbers = [BigInt(kind)];
  const group = anyNumber();
  if (kind >= 3) numbers.push(group, anyNumber());
  if (kind === 4) numbers.push(random() % (MAX - group + 1n));
  return Uint8Array.from(numbers.flatMap((n) => [...vi64(n)]));
}

// The parameters that each message may carry (draft-ietf-moq-transport-18 §10.2), by message.
const carriers = {
  SUBSCRIBE: [0x02, 0x03, 0x04, 0x06, 0x10, 0x20, 0x21, 0x22, 0x32],
  SUBSCRIBE_OK: [0x08, 0x09],
  REQUEST_OK: [0x02, 0x06, 0x08, 0x09, 0x10, 0x20, 0x21, 0x22, 0x32],
  REQUEST_UPDATE: [0x02, 0x03, 0x06, 0x10, 0x20, 0x21, 0x32, 0x34],
  PUBLISH: [0x03, 0x08, 0x09, 0x10],
  FETCH: [0x03, 0x0A, 0x20, 0x22],
  FETCH_OK: [],
  TRACK_STATUS: [0x03],
  PUBLISH_NAMESPACE: [0x03],
  SUBSCRIBE_NAMESPACE: [0x03],
  SUBSCRIBE_TRACKS: [0x03, 0x10],
};
const makers = {
  0x03: () => [anyToken(), anyToken()].slice(below(2)), 0x09: () => [anyLocation()], 0x10: () => [BigInt(below(2))],
  0x20: () => [BigInt(below(256))], 0x21: () => [anyFilter()], 0x22: () => [BigInt(1 + below(2))], 0x34: () => [anyNamespace()],
};
function anyParameters(type) {
  const map = new Map();
  for (const parameter of carriers[type]) if (coin()) map.set(BigInt(parameter), (makers[parameter] ?? (() => [anyNumber()]))());
  return map;
}

function anyControl() {
  const types = [...Object.keys(carriers), 'SETUP', 'GOAWAY', 'REQUEST_ERROR', 'PUBLISH_DONE', 'NAMESPACE', 'NAMESPACE_DONE', 'PUBLISH_BLOCKED'];
  const type = types[below(types.length)];
  const message = { type, requestId: anyNumber(), trackNamespace: anyNamespace(), trackName: anyBytes(40) };
  if (carriers[type]) message.parameters = anyParameters(type);
  const suffix = { trackNamespacePrefix: anyNamespace(), trackNamespaceSuffix: anyNamespace() };
  const error = { errorReason: anyText(), statusCode: anyNumber(), streamCount: anyNumber(), errorCode: anyNumber(), retryInterval: anyNumber() };
  Object.assign(message, suffix, error, { trackAlias: anyNumber(), trackProperties: anyProperties() });
  if (type === 'SETUP') {
    message.setupOptions = new Map([[0x07n, [anyBytes(30)]], [0x04n, [anyNumber()]], [0x9Dn, [anyBytes(5), anyBytes(5)]]]);
  } else if (type === 'GOAWAY') {
    Object.assign(message, { newSessionUri: anyText(), timeout: anyNumber(), requestId: coin() ? anyNumber() : undefined });
  } else if (type === 'REQUEST_ERROR' && coin()) {
    message.errorCode = 0x34n;
    message.redirect = { connectUri: anyBytes(50), trackNamespace: anyNamespace(), trackName: anyBytes(20) };
  } else if (type === 'FETCH') {
    const joining = { fetchType: 2 + below(2), joiningRequestId: anyNumber(), joiningStart: anyNumber() };
    message.fetch = coin() ? joining
      : { fetchType: 1, trackNamespace: anyNamespace(), trackName: anyBytes(9), startLocation: anyLocation(), endLocation: anyLocation() };
  } else if (type === 'FETCH_OK') {
    Object.assign(message, { endOfTrack: below(2), endLocation: anyLocation() });
  }
  if (message.errorCode === 0x34n && !message.redirect) message.errorCode = 0n;
  return { kind: 'control', wire: codec.encode(message), fields: controlFields(message) };
}

function anySubgroup() {
  const mode = below(3);
  const typeByte = 0x10 | below(2) | mode << 1 | below(2) << 3 | below(2) << 5 | below(2) << 6;
  const hasProperties = (typeByte & 0x01) !== 0;
  const header = {
    typeByte, trackAlias: anyNumber(), groupId: anyNumber(), subgroupId: mode === 2 ? anyNumber() : 0n,
    publisherPriority: (typeByte & 0x20) !== 0 ? undefined : below(256), hasExtensions: hasProperties,
    isEndOfGroup: (typeByte & 0x08) !== 0, isFirstObjectInSubgroup: (typeByte & 0x40) !== 0,
  };
  const parts = [moqt.encodeSubgroupHeader18(header)];
  const objects = [];
  let previous = 0n;
  let id = below(3) === 0 ? anyNumber() / 2n : 0n;
  for (let left = below(6); left > 0; --left) {
    const payload = coin() ? anyBytes(200) : new Uint8Array(0);
    const ends = left === 1 && coin();
    const object = {
      objectId: id, payload: ends ? new Uint8Array(0) : payload, status: ends ? 3n : payload.length === 0 ? 0n : undefined,
      extensions: hasProperties && !ends ? anyPropertyBlock() : undefined,
    };
    parts.push(moqt.encodeSubgroupObject18(object, hasProperties, previous, objects.length === 0));
    objects.push(object);
    previous = id;
    id += 1n + (coin() ? 0n : BigInt(below(100000)));
  }
  return { kind: 'subgroup', wire: Buffer.concat(parts), fields: subgroupFields(header, objects) };
}

function anyDatagram() {
  const properties = anyPropertyBlock();
  let typeByte = (properties.length > 0 ? 0x01 : 0) | below(2) << 2 | below(2) << 3;
  const status = below(4) === 0 ? (properties.length === 0 && coin() ? 3n : 0n) : undefined;
  typeByte |= status !== undefined ? 0x20 : below(2) << 1;
  const datagram = {
    typeByte, trackAlias: anyNumber(), groupId: anyNumber(), objectId: (typeByte & 0x04) !== 0 ? 0n : anyNumber(),
    publisherPriority: (typeByte & 0x08) !== 0 ? undefined : below(256), isEndOfGroup: (typeByte & 0x02) !== 0,
    extensions: properties.length > 0 ? properties : undefined, payload: status !== undefined ? new Uint8Array(0) : anyBytes(100), status,
  };
  return { kind: 'datagram', wire: moqt.encodeObjectDatagram18(datagram), fields: datagramFields(datagram) };
}

function anyFetch() {
  const requestId = anyNumber();
  const parts = [moqt.encodeFetchHeader18(requestId)];
  const items = [];
  let prior;
  let at = { groupId: anyNumber() / 2n, objectId: anyNumber() / 2n };
  for (let left = below(8); left > 0; --left) {
    const item = { ...at, subgroupId: anyNumber(), publisherPriority: below(256), payload: anyBytes(50) };
    const { bytes, nextPrior } = moqt.encodeFetchObject18(item, prior, items.length === 0, 'ascending');
    parts.push(bytes);
    items.push(item);
    prior = nextPrior;
    at = coin() ? { groupId: at.groupId, objectId: at.objectId + 1n + BigInt(below(100)) }
      : { groupId: at.groupId + 1n + BigInt(below(100)), objectId: BigInt(below(3)) };
  }
  return { kind: 'fetch', wire: Buffer.concat(parts), fields: fetchFields(requestId, items) };
}

function weDecodeTheirs() {
  const makersOfAll = [anyControl, anyControl, anyControl, anyControl, anySubgroup, anySubgroup, anyDatagram, anyFetch];
  const things = Array.from({ length: count }, () => makersOfAll[below(makersOfAll.length)]());
  const input = things.map((thing) => `${thing.kind} ${hex(thing.wire)}\n`).join('');
  const lines = execFileSync(oracle, ['decode'], { input, maxBuffer: 1 << 30 }).toString().trim().split('\n');
  assert.equal(lines.length, count);
  things.forEach((thing, i) => {
    try {
      assert.deepEqual(JSON.parse(lines[i]), thing.fields);
    } catch (error) {
      throw new Error(`we disagree about what @moqt/transport encoded: ${thing.kind} ${hex(thing.wire)}`, { cause: error });
    }
  });
}

const seen = theyDecodeOurs();
weDecodeTheirs();
const kinds = [...seen].sort().map(([what, times]) => `${what} ${times}`).join(', ');
console.log(`the codecs agree on ${count} that we encoded (${kinds}) and ${count} that @moqt/transport encoded, seed ${seed}`);

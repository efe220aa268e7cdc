// SPDX-License-Identifier: BSD-3-Clause
// The node's HTTP API as functions, and its events over a WebSocket that reconnects by itself. Every result has the types that
// the node's /openapi.json describes, whatever the node sent.

const timeout_ms = 10000;
// The node's address as this page's browser sees it, whatever the path of the page.
const base = new URL('.', import.meta.url);
export const at_node = (path) => new URL(path, base).href;

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;  // 0: the node did not answer
    this.code = code;
  }
}

async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(at_node(path), {
      cache: 'no-store',
      ...options,
      headers: {accept: 'application/json', ...options.headers},
      signal: options.signal ?? AbortSignal.timeout(timeout_ms),
    });
  } catch (error) {
    throw new ApiError(0, 'unreachable', 'This node does not answer.', {cause: error});
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body ?? {};
  const {code = 'error', message = `The node answered ${answer.status}.`} = body?.error ?? {};
  throw new ApiError(answer.status, code, message);
}

const texts = new Set(['uuid', 'label', 'ip_address', 'version', 'primary_supernode_uuid', 'primary_supernode_label', 'slug', 'name',
  'description', 'source', 'source_label', 'media', 'stream', 'destination', 'destination_label', 'role', 'state', 'codec', 'framerate',
  'level', 'text', 'dot', 'rtmp_resource', 'hls_url', 'id', 'code', 'flv_url', 'invitation', 'for', 'fingerprint', 'whep_url', 'whip_url', 'url', 'type', 'use']);
const objects = new Set(['video', 'audio', 'line']);
const lists_of_texts = new Set(['warnings', 'formats']);
const is_list = (value, is_item) => Array.isArray(value) && value.every(is_item);
const is_text = (value) => typeof value === 'string';
const is_other = (value) => typeof value?.slug === 'string' && typeof value.source === 'string';
const is_left_out = (value) => typeof value?.reason === 'string' && is_list(value.formats, is_text);

const is_good = (name, value) => {
  if (objects.has(name)) return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (lists_of_texts.has(name)) return is_list(value, is_text);
  if (name === 'left_out') return is_list(value, is_left_out);
  if (name === 'others') return is_list(value, is_other);
  return texts.has(name) ? typeof value === 'string' : typeof value === 'boolean' || Number.isFinite(value);
};

// One object of the API. Fields of a wrong type are left out; null if a needed one is missing.
export function typed(object, ...needed) {
  if (typeof object !== 'object' || object === null) return null;
  const good = Object.fromEntries(Object.entries(object).filter(([name, value]) => is_good(name, value))
    .map(([name, value]) => [name, objects.has(name) ? typed(value) : value]));
  return needed.every((name) => good[name]) ? good : null;
}

const typed_list = (list, ...needed) =>
  (Array.isArray(list) ? list : []).map((object) => typed(object, ...needed)).filter(Boolean);

const of_stream = (slug) => `stream/${encodeURIComponent(slug)}`;

export const node = async () => typed((await call('node')).node, 'uuid');
export const nodes = async () => typed_list((await call('nodes')).nodes, 'uuid');
export const streams = async () => typed_list((await call('streams')).streams, 'slug');
export const tickets = async () => typed_list((await call('tickets')).tickets, 'stream', 'source', 'destination');
export const log = async () => typed_list((await call('log')).log, 'text');
export const pipelines = async () => typed_list((await call('pipelines')).pipelines, 'dot');
// The addresses and ports for players and publishers.
export async function settings() {
  const answer = await call('settings');
  return {...typed(answer), endpoints: typed_list(answer.endpoints, 'name', 'url', 'type', 'use')};
}

// The devices that control this node, and how long the code for one more is good.
export async function devices() {
  const answer = await call('devices');
  return {devices: typed_list(answer.devices, 'id', 'name'), pairing_ms: Number(answer.pairing_ms) || 0};
}
// {code, pairing_ms}, and the url that a device opens unless others cannot reach this node.
export const start_pairing = async () => typed((await call('pairing', {method: 'POST'})).pairing, 'code');
export const stop_pairing = () => call('pairing', {method: 'DELETE'});
export const pair = (code) => call('devices', {
  method: 'POST',
  headers: {'content-type': 'application/json'},
  body: JSON.stringify({code}),
});
export const remove_device = (id) => call(`device/${encodeURIComponent(id)}`, {method: 'DELETE'});

export const playlist = (slug) => at_node(`${of_stream(slug)}/hls/index.m3u8`);
export const flv = (slug) => at_node(`${of_stream(slug)}/live.flv`);
export const thumbnail = (slug, moment) => at_node(`${of_stream(slug)}/thumbnail.jpg?${moment}`);

export async function make_stream(name, description, is_private = false) {
  const answer = await call('streams', {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({name, description, ...(is_private && {private: true})}),
  });
  const stream = typed(answer.stream, 'slug');
  if (!stream) throw new ApiError(500, 'error', 'The node answered without a stream.');
  return stream;
}

// The link that lets one more person watch a private stream of this node. Its secret is behind '#', which browsers send to no server.
export async function invite(slug, name) {
  const made = typed((await call(`${of_stream(slug)}/invitations`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({for: name}),
  })).invitation, 'invitation');
  if (!made) throw new ApiError(500, 'error', 'The node answered without an invitation.');
  return new URL(`#invite/${made.invitation}`, at_node('.')).href;
}
const guests_in = ({invitations}) => typed_list(invitations, 'id');
export const invitations = async (slug) => guests_in(await call(`${of_stream(slug)}/invitations`));
// Returns those that are left.
export const revoke_invitation = async (slug, id) =>
  guests_in(await call(`${of_stream(slug)}/invitation/${encodeURIComponent(id)}`, {method: 'DELETE'}));

// Makes this node a guest. Returns the stream's slug.
export async function accept_invitation(invitation) {
  const answer = typed(await call('invitations', {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({invitation}),
  }), 'slug');
  if (!answer) throw new ApiError(500, 'error', 'The node answered without a stream.');
  return answer.slug;
}

// The slug that a stream of this name has; only the node knows the rule.
export const slug_of = async (name) => typed(await call(`slug?name=${encodeURIComponent(name)}`), 'slug')?.slug ?? '';

export const set_streaming = (slug, streaming) => call(of_stream(slug), {
  method: 'PUT',
  headers: {'content-type': 'application/json'},
  body: JSON.stringify({streaming}),
});
export const delete_stream = (slug) => call(of_stream(slug), {method: 'DELETE'});
// Ends this node's own ticket, or with `destination` the one that it gave to that node.
export const delete_ticket = (slug, destination = '') =>
  call(`${of_stream(slug)}/ticket${destination && `/${encodeURIComponent(destination)}`}`, {method: 'DELETE'});
export const forget_node = (uuid) => call(`node/${encodeURIComponent(uuid)}`, {method: 'DELETE'});

// Makes this node receive the stream, as long as somebody plays it. Returns the ticket.
export async function watch(slug) {
  const answer = await call(`${of_stream(slug)}/tickets`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: '{"player":true}',
  });
  return typed(answer.ticket);
}

// Reading a ticket also keeps it alive.
export const ticket = async (slug) => typed((await call(`${of_stream(slug)}/ticket`)).ticket);

// Calls on_event(type) per change and on_open(is_open) when the connection comes and goes.
export function events(on_event, on_open) {
  const first_wait_ms = 500;
  const longest_wait_ms = 10000;
  let wait_ms = first_wait_ms;

  const connect = () => {
    const url = new URL('events', base);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    socket.onopen = () => {
      wait_ms = first_wait_ms;
      on_open(true);
    };
    socket.onmessage = ({data}) => {
      let event;
      try {
        event = JSON.parse(data);
      } catch {
        return;
      }
      if (typeof event?.type === 'string') on_event(event.type);
    };
    socket.onclose = () => {
      on_open(false);
      setTimeout(connect, wait_ms * (0.75 + Math.random() / 2));
      wait_ms = Math.min(wait_ms * 2, longest_wait_ms);
    };
  };
  connect();
}

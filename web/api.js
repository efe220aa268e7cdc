// SPDX-License-Identifier: BSD-3-Clause
// The node's HTTP API as functions, and its events as a connection that comes back by itself.

const patience_ms = 10000;

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
    answer = await fetch(path, {
      cache: 'no-store',
      ...options,
      headers: {accept: 'application/json', ...options.headers},
      signal: options.signal ?? AbortSignal.timeout(patience_ms),
    });
  } catch (error) {
    throw new ApiError(0, 'unreachable', 'This node does not answer.', {cause: error});
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  const {code = 'error', message = `The node answered ${answer.status}.`} = body.error ?? {};
  throw new ApiError(answer.status, code, message);
}

const of_stream = (slug) => `stream/${encodeURIComponent(slug)}`;

export const node = async () => (await call('node')).node;
export const streams = async () => (await call('streams')).streams;
export const playlist = (slug) => `${of_stream(slug)}/hls/index.m3u8`;

// This node gets the stream, if it has not got it yet. Answers the ticket.
export async function watch(slug) {
  const answer = await call(`${of_stream(slug)}/tickets`, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: '{}',
  });
  return answer.ticket;
}

// Asking also refreshes it.
export const ticket = async (slug) => (await call(`${of_stream(slug)}/ticket`)).ticket;

// Calls on_event({type, data}) per change and on_open(is_open) when the connection comes and goes.
export function events(on_event, on_open) {
  const first_wait_ms = 500;
  const longest_wait_ms = 10000;
  let wait_ms = first_wait_ms;

  const connect = () => {
    const url = new URL('events', document.baseURI);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.hash = '';
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
      if (event && typeof event.type === 'string') on_event(event);
    };
    socket.onclose = () => {
      on_open(false);
      setTimeout(connect, wait_ms * (0.75 + Math.random() / 2));
      wait_ms = Math.min(wait_ms * 2, longest_wait_ms);
    };
  };
  connect();
}

// SPDX-License-Identifier: BSD-3-Clause
// WebRTC with this node: publishes by WHIP, watches by WHEP. One offer and one answer over fetch, with all candidates in them. Nothing is
// retried here: the caller does that after on_lost().
import {ApiError, at_node} from './api.js';

const gathering_ms = 1000;     // candidates that take longer are left out
const answer_ms = 20000;       // the node may have to find the stream first
const connecting_ms = 10000;
const disconnected_ms = 4000;  // then the connection counts as lost

function gathered(pc) {
  return new Promise((resolve) => {
    if (pc.iceGatheringState === 'complete') resolve();
    pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && resolve());
    setTimeout(resolve, gathering_ms);
  });
}

async function ask(path, {method, sdp, token, signal, ...how}) {
  const headers = {accept: 'application/sdp'};
  if (sdp) headers['content-type'] = 'application/sdp';
  if (token) headers.authorization = `Bearer ${token}`;
  let answer;
  try {
    const late = AbortSignal.timeout(answer_ms);
    answer = await fetch(path, {
      method, headers, body: sdp, cache: 'no-store', signal: signal ? AbortSignal.any([signal, late]) : late, ...how});
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'unreachable', 'This node does not answer.', {cause: error});
  }
  if (answer.ok) return answer;
  const {code = 'error', message = `The node answered ${answer.status}.`} =
    (await answer.json().catch(() => ({})))?.error ?? {};
  throw new ApiError(answer.status, code, message);
}

// A peer connection. on_lost(error) is called at most once, and never after close().
class Connection {
  #pc;
  #token;
  #resource = '';
  #on_lost;
  #timer = 0;
  #over = false;
  #leave = () => this.close();

  constructor({on_lost = () => {}, token = ''} = {}) {
    this.#pc = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
    this.#on_lost = on_lost;
    this.#token = token;
  }

  get pc() {
    return this.#pc;
  }

  get closed() {
    return this.#over;
  }

  // Half the round trip plus the jitter buffer, in seconds; NaN if unknown.
  async latency() {
    let round_trip = NaN;
    let buffered = NaN;
    for (const report of this.#over ? [] : (await this.#pc.getStats()).values()) {
      if (report.type === 'candidate-pair' && report.nominated) round_trip = report.currentRoundTripTime ?? NaN;
      if (report.type === 'inbound-rtp' && report.kind === 'video' && report.jitterBufferEmittedCount > 0)
        buffered = report.jitterBufferDelay / report.jitterBufferEmittedCount;
    }
    return buffered + (round_trip || 0) / 2;
  }

  close() {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    removeEventListener('pagehide', this.#leave);
    this.#pc.close();
    if (!this.#resource) return;
    ask(this.#resource, {method: 'DELETE', token: this.#token, keepalive: true}).catch(() => {});
  }

  async open(path, signal) {
    try {
      signal?.throwIfAborted();
      await this.#pc.setLocalDescription();
      await gathered(this.#pc);
      const answer = await ask(path, {method: 'POST', sdp: this.#pc.localDescription.sdp, token: this.#token, signal});
      const location = answer.headers.get('location');
      this.#resource = location ? new URL(location, answer.url || path).href : '';
      addEventListener('pagehide', this.#leave);
      await this.#pc.setRemoteDescription({type: 'answer', sdp: await answer.text()});
      await this.#connected(signal);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#pc.addEventListener('connectionstatechange', () => this.#look());
    this.#look();
  }

  #connected(signal) {
    return new Promise((resolve, reject) => {
      const pc = this.#pc;
      const late = () => reject(new ApiError(0, 'unreachable', 'No WebRTC connection to this node came about.'));
      const look = () => {
        if (pc.connectionState === 'connected') resolve();
        if (pc.connectionState === 'failed' || pc.connectionState === 'closed') late();
      };
      pc.addEventListener('connectionstatechange', look);
      signal?.addEventListener('abort', () => reject(signal.reason));
      setTimeout(late, connecting_ms);
      look();
    });
  }

  #look() {
    clearTimeout(this.#timer);
    const lost = () => {
      if (this.#over) return;
      this.close();
      this.#on_lost(new ApiError(0, 'unreachable', 'The WebRTC connection to this node is lost.'));
    };
    const state = this.#pc.connectionState;
    if (state === 'failed' || state === 'closed') lost();
    else if (state === 'disconnected') this.#timer = setTimeout(lost, disconnected_ms);
  }
}

const resource = (slug, way) => at_node(`stream/${encodeURIComponent(slug)}/${way}`);

function prefer_h264(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const rank = ({mimeType, sdpFmtpLine = ''}) => (mimeType.toLowerCase() !== 'video/h264' ? 2
    : /packetization-mode=1/.test(sdpFmtpLine) && /profile-level-id=42e0/i.test(sdpFmtpLine) ? 0 : 1);
  const ranked = codecs.map((codec, at) => ({codec, at})).sort((a, b) => rank(a.codec) - rank(b.codec) || a.at - b.at);
  try {
    transceiver.setCodecPreferences(ranked.map(({codec}) => codec));
  } catch {
    // Then the node chooses the codec.
  }
}

// Publishes what is in `stream` (a MediaStream with at most one video and one audio track) as `slug`. Answers a
// Connection when the media flows; throws ApiError (status 403, 409, …), or what `signal` was aborted with. The tracks
// stay the caller's.
export async function publish(slug, stream, {on_lost, token, signal} = {}) {
  const connection = new Connection({on_lost, token});
  for (const track of [...stream.getVideoTracks().slice(0, 1), ...stream.getAudioTracks().slice(0, 1)]) {
    const transceiver = connection.pc.addTransceiver(track, {direction: 'sendonly', streams: [stream]});
    if (track.kind === 'video') prefer_h264(transceiver);
  }
  await connection.open(resource(slug, 'whip'), signal);
  return connection;
}

// Plays `slug` in `video` (its srcObject). Answers a Connection when it is up; throws as publish() does. After close() or
// on_lost() the last picture stays until the caller sets srcObject. While the stream pauses, the picture stands still; then
// it goes on in the same Connection.
export async function watch(slug, video, {on_lost, token, signal} = {}) {
  const connection = new Connection({on_lost, token});
  const stream = new MediaStream();
  connection.pc.addEventListener('track', ({track, receiver}) => {
    if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
    stream.addTrack(track);
    if (video.srcObject !== stream) video.srcObject = stream;
    video.play().catch(() => {});
  });
  connection.pc.addTransceiver('video', {direction: 'recvonly'});
  connection.pc.addTransceiver('audio', {direction: 'recvonly'});
  await connection.open(resource(slug, 'whep'), signal);
  return connection;
}

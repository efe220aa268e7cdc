// SPDX-License-Identifier: BSD-3-Clause
// The players behind one interface: each plays a stream of this node in a <video> and calls on_failed(is_for_good) when it ends. A player's
// library is loaded at its first use.
// latency: seconds between what the node received and what is seen; NaN: unknown. live: {position, slack, most}, for catch_up.js: the time in
// the <video> that is live; NaN: the player is always live, or it is unknown. kept: how many seconds before that are there; 0: none. edge: how many
// of these go soon.
import * as api from './api.js';
import {too_late_s} from './catch_up.js';

const flv_buffer_s = 0.8;  // what HTTP-FLV keeps in the buffer, against jitter
const unsupported_media = 415;  // the node cannot offer this stream in this format

export const names = {whep: 'WebRTC', llhls: 'Low-latency HLS', flv: 'HTTP-FLV', hls: 'HLS'};

// Those that can rewind.
export const rewinding = ['hls', 'llhls'];

const format_of = {whep: 'whep', llhls: 'hls', flv: 'flv', hls: 'hls'};

// The players that this browser supports and this node offers, best first. WebRTC cannot show B-frames in the right order. Players that
// would leave out the picture or the sound come last.
export function kinds_for({endpoints, stream}) {
  const has_sources = 'MediaSource' in globalThis || 'ManagedMediaSource' in globalThis;
  const has_native_hls = document.createElement('video').canPlayType('application/vnd.apple.mpegurl') !== '';
  const lacks = (kind) => (stream?.left_out ?? []).some(({formats}) => formats.includes(format_of[kind]));
  return [
    ['whep', endpoints.whep_url && 'RTCPeerConnection' in globalThis && !stream?.video?.b_frames],
    ['llhls', has_sources],
    ['flv', endpoints.flv_url && 'MediaSource' in globalThis],
    ['hls', has_sources || has_native_hls],
  ].filter(([, is_there]) => is_there).map(([kind]) => kind).sort((a, b) => lacks(a) - lacks(b));
}

const for_ever = (timeout_ms) => ({
  default: {
    maxTimeToFirstByteMs: timeout_ms,
    maxLoadTimeMs: 2 * timeout_ms,
    timeoutRetry: {maxNumRetry: Infinity, retryDelayMs: 500, maxRetryDelayMs: 2000, shouldRetry: () => true},
    errorRetry: {
      maxNumRetry: Infinity, retryDelayMs: 500, maxRetryDelayMs: 2000,
      shouldRetry: (config, count, is_timeout, response) => response?.code !== unsupported_media,
    },
  },
});

const settings = {
  enableWorker: false,  // a worker would be a blob: script, which the page's policy does not allow
  backBufferLength: 20,
  maxBufferLength: 20,
  manifestLoadPolicy: for_ever(15000),
  playlistLoadPolicy: for_ever(15000),
};
// catch_up.js alone decides how a player comes back to live.
// A jump to live must leave the buffer: hls.js 1.7 stops loading for seconds after a jump inside segments that it loaded whole during a pause.
const low_latency = {lowLatencyMode: true, maxLiveSyncPlaybackRate: 1, maxBufferLength: 2};
const plain = {lowLatencyMode: false, liveSyncDurationCount: 2, liveSyncOnStallIncrease: 0.25, maxLiveSyncPlaybackRate: 1};
const most_segments_behind = 3;

const starts_at = (ranges) => (ranges.length > 0 ? ranges.start(0) : NaN);
const ends_at = (ranges) => (ranges.length > 0 ? ranges.end(ranges.length - 1) : NaN);

class HlsEngine {
  #video;
  #hls = null;
  #on_failed;
  #node_time;
  #slack;
  #is_ended = false;

  constructor({slug, video, on_failed, node_time}, is_low_latency) {
    this.#video = video;
    this.#on_failed = on_failed;
    this.#node_time = node_time;
    this.#slack = is_low_latency ? 0.2 : 2;
    this.#play(api.playlist(slug), is_low_latency).catch(() => on_failed(false));
  }

  async #play(playlist, is_low_latency) {
    const {default: Hls} = await import('./hls.js');
    if (this.#is_ended) return;
    if (!Hls.isSupported()) {
      this.#video.src = playlist;
      this.#video.onerror = () => this.#on_failed(false);
      return;
    }
    const hls = this.#hls = new Hls({...settings, ...(is_low_latency ? low_latency : plain)});
    hls.on(Hls.Events.ERROR, (_, data) => this.#on_error(Hls, data));
    if (is_low_latency) {
      hls.on(Hls.Events.LEVEL_LOADED, (_, {details}) => {
        if (!details.partTarget) this.#on_failed(true);
      });
    }
    hls.attachMedia(this.#video);
    hls.loadSource(playlist);
  }

  #on_error(Hls, data) {
    if (data.response?.code === unsupported_media) return this.#on_failed(true);
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) this.#hls.recoverMediaError();
    else if (data.type === Hls.ErrorTypes.NETWORK_ERROR && this.#hls.levels.length > 0) this.#hls.startLoad(-1);
    else this.#on_failed(false);
  }

  // PROGRAM-DATE-TIME is of the node's clock, which may differ from the one of this machine.
  get latency() {
    const date = this.#hls?.playingDate ?? this.#video.getStartDate?.();  // Safari knows the date of time 0
    const since = this.#hls ? 0 : this.#video.currentTime;
    const behind = date ? (this.#node_time() - date.getTime()) / 1000 - since : NaN;
    return Number.isFinite(behind) ? Math.max(0, behind) : this.#hls?.latency || NaN;
  }

  get live() {
    const position = this.#hls ? this.#hls.liveSyncPosition ?? NaN : ends_at(this.#video.seekable);
    const details = this.#hls?.latestLevelDetails;
    const longest = details?.targetduration ?? 0;
    const start = this.#hls ? details?.fragmentStart ?? NaN : starts_at(this.#video.seekable);
    const most = Math.max(too_late_s, most_segments_behind * longest);
    return {position, slack: this.#slack, most, kept: Math.max(0, position - start) || 0, edge: 1 + 1.5 * longest};
  }

  end() {
    this.#is_ended = true;
    this.#hls?.destroy();
  }
}

// mpegts.js is no module: it defines window.mpegts.
let mpegts_loads = null;
const load_mpegts = () => mpegts_loads ??= new Promise((resolve, reject) => {
  const script = document.createElement('script');
  script.src = api.at_node('mpegts.js');
  script.onload = () => {
    globalThis.mpegts.LoggingControl.enableAll = false;
    resolve(globalThis.mpegts);
  };
  script.onerror = () => {
    mpegts_loads = null;
    reject(new Error('mpegts.js could not be loaded'));
  };
  document.head.append(script);
});

class FlvEngine {
  #video;
  #player = null;
  #is_ended = false;

  constructor({slug, video, on_failed}) {
    this.#video = video;
    this.#play(api.flv(slug), on_failed).catch(() => on_failed(false));
  }

  async #play(url, on_failed) {
    const mpegts = await load_mpegts();
    if (this.#is_ended) return;
    if (!mpegts.getFeatureList().mseLivePlayback) return on_failed(true);
    const player = this.#player = mpegts.createPlayer({type: 'flv', isLive: true, url}, {
      enableWorker: false, enableStashBuffer: false, liveSync: false, liveBufferLatencyChasing: false,
      autoCleanupSourceBuffer: true, autoCleanupMaxBackwardDuration: 30, autoCleanupMinBackwardDuration: 15,
    });
    // mpegts.js throws if it is destroyed while it tells of an event.
    const fail = (is_for_good) => setTimeout(() => this.#is_ended || on_failed(is_for_good));
    player.on(mpegts.Events.ERROR, (type, detail, {code} = {}) => fail(code === unsupported_media));
    player.on(mpegts.Events.LOADING_COMPLETE, () => fail(false));
    player.attachMediaElement(this.#video);
    player.load();
  }

  get latency() {
    return ends_at(this.#video.buffered) - this.#video.currentTime;
  }

  get live() {
    return {position: ends_at(this.#video.buffered) - flv_buffer_s, slack: flv_buffer_s, most: too_late_s, kept: 0, edge: 0};
  }

  end() {
    this.#is_ended = true;
    this.#player?.destroy();
  }
}

class WhepEngine {
  #ending = new AbortController();
  #connection = null;
  latency = NaN;
  live = {position: NaN, slack: 0, most: Infinity, kept: 0, edge: 0};

  constructor({slug, video, on_failed}) {
    this.#play(slug, video, on_failed).catch(({status}) => on_failed(status === unsupported_media));
  }

  async #play(slug, video, on_failed) {
    const {watch} = await import('./webrtc.js');
    const {signal} = this.#ending;
    const connection = await watch(slug, video, {signal, on_lost: () => on_failed(false)});
    if (signal.aborted) return connection.close();
    this.#connection = connection;
    while (!signal.aborted && !connection.closed) {
      this.latency = await connection.latency();
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  end() {
    this.#ending.abort();
    this.#connection?.close();
  }
}

export const make_engine = {
  whep: (wanted) => new WhepEngine(wanted),
  llhls: (wanted) => new HlsEngine(wanted, true),
  flv: (wanted) => new FlvEngine(wanted),
  hls: (wanted) => new HlsEngine(wanted, false),
};

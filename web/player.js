// SPDX-License-Identifier: BSD-3-Clause
// Plays one stream of this node for as long as it is wanted. Whatever breaks (no room, no media, the node itself) is
// tried again; the last picture stays until there is a new one.
import Hls from './hls.js';
import * as api from './api.js';

const look_ms = 1000;         // how often the picture is looked at
const still_ms = 1500;        // a picture that stands longer is waited for
const ticket_every_ms = 5000;
const first_retry_ms = 1000;
const longest_retry_ms = 8000;
const stuck_ms = 12000;       // there is new media, but the picture stands: start over

const for_ever = (timeout_ms) => ({
  default: {
    maxTimeToFirstByteMs: timeout_ms,
    maxLoadTimeMs: 2 * timeout_ms,
    timeoutRetry: {maxNumRetry: Infinity, retryDelayMs: 500, maxRetryDelayMs: 2000, shouldRetry: () => true},
    errorRetry: {
      maxNumRetry: Infinity, retryDelayMs: 500, maxRetryDelayMs: 2000,
      shouldRetry: (config, count, is_timeout, response) => response?.code !== 415,
    },
  },
});

const settings = {
  enableWorker: false,  // a worker would be a blob: script, which the page's policy does not allow
  lowLatencyMode: false,
  liveSyncDurationCount: 2,
  liveMaxLatencyDurationCount: 8,
  maxLiveSyncPlaybackRate: 1.08,
  backBufferLength: 20,
  maxBufferLength: 20,
  manifestLoadPolicy: for_ever(15000),
  playlistLoadPolicy: for_ever(15000),
};

// on_change({state, message, ticket}); states: asking, loading, playing, waiting, refused.
export class Player {
  #video;
  #on_change;
  #slug = '';
  #hls = null;
  #ticket = null;
  #state = '';
  #message = '';
  #retry_ms = first_retry_ms;
  #retry = 0;
  #asked_at = 0;
  #seen_time = -1;
  #seen_at = 0;
  #session = 0;  // tells answers to an earlier open() from this one's

  constructor(video, on_change) {
    this.#video = video;
    this.#on_change = on_change;
    setInterval(() => this.#look(), look_ms);
  }

  get slug() {
    return this.#slug;
  }

  // Seconds between what is seen and what the node has received; NaN when nothing plays.
  get latency() {
    const date = this.#hls?.playingDate;
    const behind = date ? (Date.now() - date.getTime()) / 1000 : NaN;
    // The clock of this machine may not be the node's.
    return behind > 0 && behind < 120 ? behind : this.#hls?.latency || NaN;
  }

  open(slug) {
    if (slug === this.#slug) return;
    this.close();
    this.#slug = slug;
    this.#retry_ms = first_retry_ms;
    this.#change('asking', 'Asking for the stream…');
    this.#ask();
  }

  close() {
    ++this.#session;
    clearTimeout(this.#retry);
    this.#slug = '';
    this.#ticket = null;
    this.#drop();
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  #change(state, message = '') {
    if (state === this.#state && message === this.#message) return;
    this.#state = state;
    this.#message = message;
    this.#report();
  }

  #report() {
    if (this.#slug) this.#on_change({state: this.#state, message: this.#message, ticket: this.#ticket});
  }

  // Gets this node the stream, then plays it.
  async #ask() {
    const session = this.#session;
    this.#asked_at = performance.now();
    try {
      const ticket = await api.watch(this.#slug);
      if (session !== this.#session) return;
      this.#ticket = ticket ?? null;
      this.#retry_ms = first_retry_ms;
      this.#report();
      if (!this.#hls) this.#play();
    } catch (error) {
      if (session !== this.#session) return;
      this.#ticket = null;
      // What is buffered plays on.
      if (this.#state === 'playing') this.#report();
      else this.#change('waiting', error.status === 404 ? 'This stream is not on air. Waiting for it…'
        : error.status === 412 ? 'Nobody can forward it now. Waiting for its publisher, or for room…'
        : `${error.message} Trying again…`);
      this.#ask_later();
    }
  }

  #ask_later() {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#ask(), this.#retry_ms);
    this.#retry_ms = Math.min(this.#retry_ms * 1.6, longest_retry_ms);
  }

  async #refresh_ticket() {
    const session = this.#session;
    this.#asked_at = performance.now();
    try {
      const ticket = await api.ticket(this.#slug);
      if (session !== this.#session) return;
      this.#ticket = ticket;
      this.#report();
    } catch (error) {
      if (session === this.#session && error.status === 404) this.#ask();
    }
  }

  #play() {
    if (!Hls.isSupported()) {
      this.#change('refused', 'This browser cannot play live video from Media Source Extensions.');
      return;
    }
    this.#change('loading', 'Waiting for the picture…');
    this.#seen_time = -1;
    this.#seen_at = performance.now();
    const hls = this.#hls = new Hls(settings);
    hls.on(Hls.Events.ERROR, (_, data) => this.#on_error(data));
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.#video.play().catch(() => {}));
    hls.attachMedia(this.#video);
    hls.loadSource(api.playlist(this.#slug));
  }

  #on_error(data) {
    const status = data.response?.code;
    if (status === 415) {
      this.#drop();
      this.#change('refused', 'This stream cannot be played in a browser: its media does not fit HLS.');
      this.#ask_later();
      return;
    }
    // The node has forgotten the stream (it was restarted, the ticket has lapsed): ask again.
    const is_playlist = data.details === Hls.ErrorDetails.LEVEL_LOAD_ERROR ||
      data.details === Hls.ErrorDetails.MANIFEST_LOAD_ERROR;
    if (is_playlist && status === 404 && performance.now() - this.#asked_at > first_retry_ms) this.#ask();
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) this.#hls.recoverMediaError();
    else if (data.type === Hls.ErrorTypes.NETWORK_ERROR && this.#hls.levels.length > 0) this.#hls.startLoad(-1);
    else this.#start_over();
  }

  #start_over() {
    this.#drop();
    this.#ask_later();
  }

  #drop() {
    this.#hls?.destroy();
    this.#hls = null;
  }

  // Once a second: does the picture move, is the ticket still there?
  #look() {
    if (!this.#slug) return;
    const now = performance.now();
    if (now - this.#asked_at > ticket_every_ms && this.#ticket) this.#refresh_ticket();
    const video = this.#video;
    if (!this.#hls) return;
    if (video.currentTime !== this.#seen_time) {
      this.#seen_time = video.currentTime;
      this.#seen_at = now;
      if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#change('playing');
      else this.#report();
      return;
    }
    if (video.paused && this.#state === 'playing') return;  // by the viewer
    const stood_ms = now - this.#seen_at;
    if (this.#state === 'playing' && stood_ms > still_ms) this.#change('waiting', 'Waiting for the stream…');
    const ahead = this.#hls.liveSyncPosition;
    if (stood_ms <= stuck_ms || ahead === null || ahead - video.currentTime < 1) return;
    this.#seen_at = now;
    if (video.buffered.length > 0 && video.buffered.end(video.buffered.length - 1) > ahead) video.currentTime = ahead;
    else this.#start_over();
  }
}

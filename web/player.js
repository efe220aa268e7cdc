// SPDX-License-Identifier: BSD-3-Clause
// Plays one stream of this node for as long as it is wanted, with the player that choice.js names. Each attempt has a
// <video> of its own, which takes the place of the last one when its picture moves: until then the last picture stays.
import * as api from './api.js';
import {Choice} from './choice.js';
import {kinds_for, make_engine} from './engines.js';

const look_ms = 250;
const wait_is_told_ms = 1500;  // a picture that stands longer is waited for
const ticket_every_ms = 5000;
const first_retry_ms = 1000;
const longest_retry_ms = 8000;

// One player's try: its <video> is in the screen from the beginning, under what is shown.
class Attempt {
  #engine;
  #last_time = 0;

  constructor({kind, slug, screen, like, on_failed}) {
    const video = this.video = document.createElement('video');
    Object.assign(video, {playsInline: true, autoplay: true, muted: like?.muted ?? true, volume: like?.volume ?? 1});
    video.className = 'next';
    screen.append(video);
    video.addEventListener('loadedmetadata', () => video.play().catch(() => {
      video.muted = true;  // what nobody has touched may not sound
      video.play().catch(() => {});
    }));
    this.#engine = make_engine[kind]({slug, video, on_failed});
  }

  get latency() {
    return this.#engine.latency;
  }

  // Since it was asked last.
  has_moved() {
    const {srcObject, currentTime, readyState} = this.video;
    // WebRTC's time goes on without pictures.
    const time = srcObject?.getVideoTracks().length > 0 ? this.video.getVideoPlaybackQuality().totalVideoFrames : currentTime;
    const has = this.#last_time > 0 && time > this.#last_time && readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    this.#last_time = time;
    return has;
  }

  end() {
    this.#engine.end();
    this.video.remove();
  }
}

// on_change({state, message, ticket, kind, video}); states: asking, loading, playing, waiting, refused.
export class Player {
  #screen;
  #on_change;
  #slug = '';
  #choice = new Choice();
  #wish = '';
  #attempts = new Map();
  #shown = 0;
  #ticket = null;
  #refusal = '';
  #is_there = true;
  #stream = null;
  #endpoints = null;
  #retry_ms = first_retry_ms;
  #retry = 0;
  #asked_at = 0;
  #moved_at = 0;
  #session = 0;  // tells answers to an earlier open() from this one's
  #said = '';

  constructor(screen, on_change) {
    this.#screen = screen;
    this.#on_change = on_change;
    setInterval(() => this.#look(), look_ms);
  }

  get slug() {
    return this.#slug;
  }

  get video() {
    return this.#attempts.get(this.#shown)?.video ?? null;
  }

  // Seconds between what is seen and what the node has received; NaN when nothing plays.
  get latency() {
    return this.#attempts.get(this.#shown)?.latency ?? NaN;
  }

  get kinds() {
    return this.#endpoints ? kinds_for({endpoints: this.#endpoints, stream: this.#stream}) : [];
  }

  // '': the best that works.
  set wish(kind) {
    this.#wish = kind;
    this.#handle({type: 'wish', kind});
    this.#tell();
  }

  // What the node says now. `stream`: of that slug, null when it knows none; `endpoints`: its settings, null: not yet.
  inform({is_there, stream, endpoints}) {
    this.#is_there = is_there;
    if (is_there) this.#stream = stream;
    this.#endpoints = endpoints ?? this.#endpoints;
    if (this.#slug) this.#offer();
  }

  open(slug) {
    if (slug === this.#slug) return;
    this.close();
    this.#slug = slug;
    this.#retry_ms = first_retry_ms;
    this.#choice.handle({type: 'wish', kind: this.#wish}, performance.now());
    this.#offer();
    this.#tell();
    this.#ask();
  }

  close() {
    ++this.#session;
    clearTimeout(this.#retry);
    for (const attempt of this.#attempts.values()) attempt.end();
    this.#attempts.clear();
    this.#choice = new Choice();
    this.#slug = this.#refusal = this.#said = '';
    this.#ticket = this.#stream = null;
    this.#shown = 0;
  }

  #offer() {
    this.#handle({type: 'offer', kinds: this.kinds});
  }

  #handle(input) {
    if (!this.#slug) return;
    for (const {type, id, kind} of this.#choice.handle(input, performance.now())) {
      if (type === 'start') this.#start(id, kind);
      if (type === 'show') this.#show(id);
      if (type === 'end') this.#end(id);
    }
  }

  #start(id, kind) {
    const on_failed = (is_for_good) => this.#handle({type: 'failed', id, is_for_good});
    this.#attempts.set(id, new Attempt({kind, slug: this.#slug, screen: this.#screen, like: this.video, on_failed}));
  }

  #show(id) {
    const {video} = this.#attempts.get(id);
    this.#shown = id;
    video.className = '';
    video.id = 'video';
    this.#screen.prepend(video);
  }

  #end(id) {
    this.#attempts.get(id)?.end();
    this.#attempts.delete(id);
  }

  // Gets this node the stream.
  async #ask() {
    const session = this.#session;
    this.#asked_at = performance.now();
    let ticket = null;
    let refusal = '';
    try {
      ticket = (await api.watch(this.#slug)) ?? {};
    } catch (error) {
      refusal = error.status === 404 ? 'This stream is not on air. Waiting for it…'
        : error.status === 412 ? 'Nobody can forward it now. Waiting for its publisher, or for room…'
        : `${error.message} Trying again…`;
    }
    if (session !== this.#session) return;
    this.#ticket = ticket;
    this.#refusal = refusal;
    if (ticket) this.#retry_ms = first_retry_ms;
    else this.#ask_later();
    this.#look();
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
      if (session === this.#session) this.#ticket = ticket;
    } catch (error) {
      if (session === this.#session && error.status === 404) this.#ask();
    }
  }

  get #is_paused() {
    return this.video?.paused === true && !this.video.ended;
  }

  #look() {
    if (!this.#slug) return;
    const now = performance.now();
    if (this.#ticket && now - this.#asked_at > ticket_every_ms) this.#refresh_ticket();
    const flows = this.#is_there && this.#ticket !== null && this.#stream?.streaming !== false && !document.hidden && !this.#is_paused;
    this.#handle({type: 'flow', flows});
    for (const [id, attempt] of [...this.#attempts]) {
      if (!attempt.has_moved()) continue;
      this.#handle({type: 'moved', id});
      if (id === this.#shown) this.#moved_at = now;
    }
    this.#handle({type: 'tick'});
    this.#tell();
  }

  #waits_for() {
    if (!this.#is_there) return 'This node does not answer. Waiting for it…';
    if (this.#refusal) return this.#refusal;
    if (this.#stream?.streaming === false) return 'Its publisher has paused, or is away. Waiting…';
    return 'Waiting for the stream…';
  }

  #state() {
    const stands = performance.now() - this.#moved_at > wait_is_told_ms;
    if (this.#shown && (!stands || this.#is_paused)) return ['playing', ''];
    if (this.#choice.is_hopeless)
      return ['refused', 'This stream cannot be played in a browser: its media does not fit HLS, FLV or WebRTC.'];
    if (this.#shown || this.#refusal || !this.#is_there || this.#stream?.streaming === false) return ['waiting', this.#waits_for()];
    return this.#ticket ? ['loading', 'Waiting for the picture…'] : ['asking', 'Asking for the stream…'];
  }

  #tell() {
    const [state, message] = this.#state();
    const told = {state, message, ticket: this.#ticket, kind: this.#choice.kind, video: this.video};
    const said = JSON.stringify([state, message, told.kind, this.#shown, this.#ticket]);
    if (said === this.#said) return;
    this.#said = said;
    this.#on_change(told);
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// Plays one stream of this node until it is closed, with the player that player_selector.js chooses. Each attempt has its own <video>. The
// page shows the last picture of the old one until the new one plays.
import * as api from './api.js';
import {CatchUp, late_s} from './catch_up.js';
import {PlayerSelector} from './player_selector.js';
import {kinds_for, make_engine, rewinding} from './engines.js';

const look_ms = 250;
const stall_is_shown_ms = 1500;  // when a picture stands still for longer, the page says that it waits
const ticket_every_ms = 5000;
const first_retry_ms = 1000;
const longest_retry_ms = 8000;

// One attempt of one player. Its <video> is in the page from the start, behind the one that is shown.
class Attempt {
  #engine;
  #catch_up = new CatchUp();
  #last_time = 0;

  constructor({kind, slug, screen, sound, on_failed, node_time}) {
    this.kind = kind;
    const video = this.video = document.createElement('video');
    Object.assign(video, {playsInline: true, autoplay: true, muted: !sound.is_on, volume: sound.volume});
    video.className = 'next';
    screen.append(video);
    video.addEventListener('loadedmetadata', () => video.play().catch(() => {
      video.muted = true;  // browsers allow sound only after a click
      video.play().catch(() => {});
    }));
    this.#engine = make_engine[kind]({slug, video, on_failed, node_time});
  }

  get latency() {
    return this.#engine.latency;
  }

  catch_up(now) {
    const {video} = this;
    const {position, slack, most, kept} = this.#engine.live;
    const {buffered, currentTime, paused} = video;
    const ahead = buffered.length > 0 ? buffered.end(buffered.length - 1) - currentTime : 0;
    const {jumps, rate} = this.#catch_up.decide({behind: position - currentTime, ahead, is_paused: paused, slack, most, kept}, now);
    if (jumps) video.currentTime = position;
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  is_late(now) {
    return this.#catch_up.is_late(now);
  }

  // How far behind live it plays, and how far behind it can play, in seconds.
  get place() {
    const {position, kept, edge} = this.#engine.live;
    return {behind: Math.max(0, position - this.video.currentTime) || 0, longest: Math.max(0, kept - edge)};
  }

  // The viewer wants to be behind.
  get is_rewound() {
    return this.#catch_up.is_chosen;
  }

  // Plays on from so many seconds behind live, or as near to that as it can.
  rewind(behind) {
    const {position} = this.#engine.live;
    const back = Math.min(behind, this.place.longest);
    if (back <= late_s) return this.go_live();
    this.#catch_up.rewind();
    this.video.currentTime = position - back;
  }

  go_live() {
    const {position} = this.#engine.live;
    this.#catch_up.rewind(false);
    if (position > this.video.currentTime) this.video.currentTime = position;
    this.video.play().catch(() => {});
  }

  // Whether a new picture was shown since the last call.
  has_progressed() {
    const {srcObject, currentTime, readyState} = this.video;
    // With WebRTC, currentTime advances even without pictures.
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

// The node says why behind the first colon, if it knows.
function no_provider(message) {
  const why = message.split(': ').slice(1).join(': ');
  return why ? `No node can forward this stream now: ${why}. Retrying…`
    : 'No node can forward this stream now. Waiting for the publisher or for a free place…';
}

// on_change({state, message, ticket, kind, video}); states: asking, loading, playing, paused (by the viewer), waiting, ended, refused.
export class Player {
  #screen;
  #on_change;
  #node_time;
  #sound;
  #slug = '';
  #selector = new PlayerSelector();
  #preferred = '';
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
  #progressed_at = 0;
  #behind = 0;  // where the viewer has rewound to, in seconds; 0: the viewer wants what is live
  #session = 0;  // identifies this open(); answers to an earlier one are dropped
  #said = '';

  // node_time(): what the node's clock shows, in Unix milliseconds; NaN: unknown. sound: {is_on, volume} for each new <video>.
  constructor(screen, {on_change, node_time, sound}) {
    this.#screen = screen;
    this.#on_change = on_change;
    this.#node_time = node_time;
    this.#sound = sound;
    setInterval(() => this.#look(), look_ms);
    document.addEventListener('visibilitychange', () => this.#look());
  }

  get slug() {
    return this.#slug;
  }

  get video() {
    return this.#attempts.get(this.#shown)?.video ?? null;
  }

  // Seconds between what is seen and what the node has received; NaN when nothing plays.
  get latency() {
    const [state] = this.#state();
    if (this.#is_silent) return NaN;
    const is_seen = state === 'playing' || (state === 'paused' && !this.video.srcObject);  // WebRTC counts no pause
    if (!is_seen) return NaN;
    return this.#attempts.get(this.#shown)?.latency ?? NaN;
  }

  // Whether go_live() would show something newer.
  get is_late() {
    return this.#attempts.get(this.#shown)?.is_late(performance.now()) ?? false;
  }

  go_live() {
    this.#attempts.get(this.#shown)?.go_live();
    this.#end_rewinding();
  }

  // Whether the viewer wants to be behind.
  get is_rewound() {
    return this.#behind > 0;
  }

  // {behind, longest}: how far behind live it plays, and how far behind it can play, in seconds; null if it cannot rewind. A player that keeps
  // nothing makes way for one that does.
  get place() {
    const shown = this.#attempts.get(this.#shown);
    if (!shown) return null;
    if (rewinding.includes(shown.kind)) return shown.place;
    const longest = this.kinds.includes(rewinding[0]) ? this.#endpoints?.dvr_seconds || 0 : 0;
    return longest > 0 ? {behind: this.#behind, longest} : null;
  }

  rewind(behind) {
    if (behind <= late_s) return this.go_live();
    const shown = this.#attempts.get(this.#shown);
    if (!shown || !this.place) return;
    this.#behind = behind;
    if (rewinding.includes(shown.kind)) shown.rewind(behind);
    else this.#handle({type: 'prefer', kind: rewinding[0]});
  }

  #end_rewinding() {
    if (this.#behind === 0) return;
    this.#behind = 0;
    this.#handle({type: 'prefer', kind: this.#preferred});
  }

  // A restarted player goes on where the viewer was.
  #keep_place(shown) {
    if (!rewinding.includes(shown.kind)) return;
    if (shown.is_rewound) this.#behind = shown.place.behind;
    else if (!shown.video.paused) this.#end_rewinding();
  }

  get kinds() {
    return this.#endpoints ? kinds_for({endpoints: this.#endpoints, stream: this.#stream}) : [];
  }

  // '': choose automatically.
  set preferred(kind) {
    this.#preferred = kind;
    this.#behind = 0;
    this.#handle({type: 'prefer', kind});
    this.#tell();
  }

  // `stream`: null if the node does not know it. `endpoints`: the node's settings; null if they have not been read yet.
  inform({is_there, stream, endpoints}) {
    const had_ended = this.#has_ended;
    this.#is_there = is_there;
    if (is_there) this.#stream = stream;
    this.#endpoints = endpoints ?? this.#endpoints;
    if (this.#slug && had_ended && !this.#has_ended) this.#begin_again();
    if (this.#slug) this.#offer();
  }

  get #has_ended() {
    return this.#stream?.state === 'ended';
  }

  // The publisher sends nothing, so what is shown stands still.
  get #is_silent() {
    return this.#stream?.streaming === false;
  }

  // The players that were there have got the end.
  #begin_again() {
    const [slug, stream] = [this.#slug, this.#stream];
    this.close();
    this.open(slug, stream);
  }

  open(slug, stream = null) {
    if (slug === this.#slug) return;
    this.close();
    this.#stream = stream;
    this.#slug = slug;
    this.#retry_ms = first_retry_ms;
    this.#selector.handle({type: 'prefer', kind: this.#preferred}, performance.now());
    this.#offer();
    this.#tell();
    this.#ask();
  }

  close() {
    ++this.#session;
    clearTimeout(this.#retry);
    for (const attempt of this.#attempts.values()) attempt.end();
    this.#attempts.clear();
    this.#selector = new PlayerSelector();
    this.#slug = this.#refusal = this.#said = '';
    this.#ticket = this.#stream = null;
    this.#shown = this.#behind = 0;
  }

  #offer() {
    this.#handle({type: 'offer', kinds: this.kinds});
  }

  #handle(input) {
    if (!this.#slug) return;
    for (const {type, id, kind} of this.#selector.handle(input, performance.now())) {
      if (type === 'start') this.#start(id, kind);
      if (type === 'show') this.#show(id);
      if (type === 'end') this.#end(id);
    }
  }

  #start(id, kind) {
    const on_failed = (is_for_good) => this.#handle({type: 'failed', id, is_for_good});
    const attempt = new Attempt({
      kind, slug: this.#slug, screen: this.#screen, sound: this.#sound, on_failed, node_time: this.#node_time,
    });
    this.#attempts.set(id, attempt);
    for (const type of ['play', 'pause']) attempt.video.addEventListener(type, () => id === this.#shown && this.#look());
  }

  #show(id) {
    const {video} = this.#attempts.get(id);
    this.#shown = id;
    video.className = '';
    video.id = 'video';
    this.#screen.prepend(video);
    if (this.#behind === 0) return;
    if (rewinding.includes(this.#attempts.get(id).kind)) this.#attempts.get(id).rewind(this.#behind);
    else this.#end_rewinding();
  }

  #end(id) {
    this.#attempts.get(id)?.end();
    this.#attempts.delete(id);
  }

  // Asks the node for a ticket.
  async #ask() {
    const session = this.#session;
    this.#asked_at = performance.now();
    let ticket = null;
    let refusal = '';
    try {
      ticket = (await api.watch(this.#slug)) ?? {};
    } catch (error) {
      refusal = error.status === 404 ? 'This stream is not live. Waiting for it to start…'
        : error.status === 412 ? no_provider(error.message)
        : `${error.message} Retrying…`;
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
    const is_flowing = this.#is_there && this.#ticket !== null && !this.#is_silent && !document.hidden && !this.#is_paused;
    this.#handle({type: 'flowing', is_flowing});
    for (const [id, attempt] of [...this.#attempts]) {
      if (!attempt.has_progressed()) continue;
      this.#handle({type: 'progressed', id});
      if (id === this.#shown) this.#progressed_at = now;
    }
    if (this.#is_paused) this.#progressed_at = now;
    this.#handle({type: 'tick'});
    const shown = this.#attempts.get(this.#shown);
    shown?.catch_up(now);
    if (shown) this.#keep_place(shown);
    this.#tell();
  }

  #waits_for() {
    if (!this.#is_there) return 'This node does not answer. Retrying…';
    if (this.#has_ended) return 'This stream has ended. It plays here if it starts again.';
    if (this.#stream?.state === 'paused') return 'The publisher has paused the stream. Waiting…';
    if (this.#is_silent) return 'The publisher is away. Waiting…';
    if (this.#refusal) return this.#refusal;
    return 'Waiting for the stream…';
  }

  #state() {
    const stands = performance.now() - this.#progressed_at > stall_is_shown_ms;
    if (this.#shown && this.#is_paused) return ['paused', ''];
    if (this.#shown && !stands) return ['playing', ''];
    if (this.#selector.is_hopeless)
      return ['refused', 'This browser cannot play the stream: its codecs fit neither HLS, FLV nor WebRTC.'];
    if (this.#shown || this.#refusal || !this.#is_there || this.#is_silent)
      return [this.#has_ended && this.#is_there ? 'ended' : 'waiting', this.#waits_for()];
    return this.#ticket ? ['loading', 'Waiting for the picture…'] : ['asking', 'Asking for the stream…'];
  }

  #tell() {
    const [state, message] = this.#state();
    const told = {state, message, ticket: this.#ticket, kind: this.#selector.kind, video: this.video};
    const said = JSON.stringify([state, message, told.kind, this.#shown, this.#ticket]);
    if (said === this.#said) return;
    this.#said = said;
    this.#on_change(told);
  }
}

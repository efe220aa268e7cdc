// SPDX-License-Identifier: BSD-3-Clause
// The view of one stream: the player with its buttons, its kind and latency, the parent node, and addresses for other players.
import {ways_to_play} from './commands.js';
import {by_id, element, set_text} from './dom.js';
import {names} from './engines.js';
import {Player} from './player.js';
import {audio_text, hops_text, line_text, rate_text, short_name, video_text, viewers_text} from './words.js';

const state_names = {
  asking: 'Asking', loading: 'Loading', playing: 'Live', paused: 'Paused', waiting: 'Waiting', refused: 'Cannot be played',
};
const facts_every_ms = 500;

export class WatchView {
  #screen = by_id('screen');
  #player;
  #self = null;
  #stream = null;
  #endpoints = {};
  #ticket = null;

  // node_time: as Player takes it.
  constructor({node_time}) {
    this.#player = new Player(this.#screen, {node_time, on_change: (told) => this.#show(told)});
    by_id('golive').addEventListener('click', () => this.#player.go_live());
    by_id('sound').addEventListener('click', () => this.#toggle_sound());
    by_id('unmute').addEventListener('click', () => this.#toggle_sound());
    by_id('pause').addEventListener('click', () => this.#toggle_pause());
    by_id('full').addEventListener('click', () => this.#toggle_full());
    by_id('player-choice').addEventListener('change', ({target}) => this.#player.preferred = target.value);
    this.#screen.addEventListener('keydown', (event) => this.#on_key(event));
    document.addEventListener('fullscreenchange', () => this.#show_buttons());
    by_id('full').hidden = !document.fullscreenEnabled;
    setInterval(() => this.#show_facts(), facts_every_ms);
  }

  get slug() {
    return this.#player.slug;
  }

  open(slug, {takes_focus}) {
    if (slug === this.slug) return;
    this.#player.open(slug);
    this.#show_ways();
    if (takes_focus) this.#screen.focus({preventScroll: true});
  }

  close() {
    this.#player.close();
    this.#stream = this.#ticket = null;
    if (document.fullscreenElement === this.#screen) document.exitFullscreen();
  }

  // `endpoints`: null, not known yet.
  inform({node, is_there, streams, endpoints}) {
    this.#self = node;
    if (is_there) this.#stream = streams.find(({slug}) => slug === this.slug) ?? null;
    if (endpoints && JSON.stringify(endpoints) !== JSON.stringify(this.#endpoints)) {
      this.#endpoints = endpoints;
      this.#show_ways();
    }
    this.#player.inform({is_there, endpoints, stream: this.#stream});
    this.#show_names();
    this.#show_player_choices();
  }

  #show({state, message, ticket, kind}) {
    const is_shown = state === 'playing' || state === 'paused';
    this.#ticket = ticket;
    by_id('overlay').hidden = is_shown;
    set_text(by_id('overlay-text'), message);
    this.#screen.dataset.state = state;
    set_text(by_id('fact-state'), state_names[state]);
    set_text(by_id('watch-status'), is_shown ? (state === 'paused' ? 'Paused' : 'Playing') : message);
    set_text(by_id('fact-player'), names[kind] ?? '–');
    set_text(by_id('fact-parent'), ticket ? this.#parent_text(ticket) : '–');
    this.#show_buttons();
  }

  #parent_text({source, hops, element: is_program}) {
    if (is_program) return 'a publisher at this node';
    const name = source && source === this.#self?.uuid ? 'this node' : (source ?? '–');
    return [short_name(name), hops ? hops_text(hops) : ''].filter(Boolean).join(', ');
  }

  #show_buttons() {
    const {video} = this.#player;
    by_id('bar').hidden = !video;
    by_id('golive').hidden = !this.#player.is_late;
    by_id('unmute').hidden = !video?.muted || this.#screen.dataset.state !== 'playing';
    if (!video) return;
    set_text(by_id('sound'), video.muted ? 'Sound on' : 'Sound off');
    set_text(by_id('pause'), video.paused ? 'Play' : 'Pause');
    set_text(by_id('full'), document.fullscreenElement ? 'Leave full screen' : 'Full screen');
  }

  #toggle_sound() {
    const {video} = this.#player;
    if (video) video.muted = !video.muted;
    this.#show_buttons();
    this.#screen.focus({preventScroll: true});
  }

  #toggle_pause() {
    const {video} = this.#player;
    if (video?.paused) video.play().catch(() => {});
    else video?.pause();
    this.#show_buttons();
  }

  #toggle_full() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.#screen.requestFullscreen().catch(() => {});
  }

  #on_key(event) {
    if (event.target !== this.#screen || event.ctrlKey || event.altKey || event.metaKey) return;
    const does = {' ': () => this.#toggle_pause(), m: () => this.#toggle_sound(), f: () => this.#toggle_full()}[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  #show_facts() {
    if (!this.slug) return;
    const {latency, video} = this.#player;
    set_text(by_id('fact-latency'), !Number.isFinite(latency) ? '–' : latency < 1 ? `${Math.round(latency * 1000)} ms` : `${latency.toFixed(1)} s`);
    set_text(by_id('fact-picture'), video?.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : '–');
    this.#show_buttons();
  }

  #show_names() {
    const name = this.#stream?.name || this.slug;
    set_text(by_id('watch-name'), name);
    set_text(by_id('watch-description'), this.#stream?.description ?? '');
    const {video, audio, bitrate_kbps, viewers, line} = this.#stream ?? {};
    const media = [video_text(video), audio_text(audio), rate_text(bitrate_kbps), viewers_text(viewers), line_text(line)];
    set_text(by_id('watch-media'), media.filter(Boolean).join(' · '));
  }

  #show_player_choices() {
    const {kinds} = this.#player;
    const select = by_id('player-choice');
    if (select.dataset.kinds === kinds.join()) return;
    select.dataset.kinds = kinds.join();
    const options = ['', ...kinds].map((kind) => {
      const option = element('option', '', kind ? names[kind] : 'Automatic');
      option.value = kind;
      option.selected = kind === select.value;
      return option;
    });
    select.replaceChildren(...options);
  }

  #show_ways() {
    const {rtmp_port = 0, endpoints = []} = this.#endpoints;
    const ways = ways_to_play(this.slug, {host: location.host, rtmp_port, endpoints});
    by_id('ways').replaceChildren(...ways.flatMap(([name, text]) => [element('dt', '', name), element('dd', '', element('code', '', text))]));
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// The view of one stream: the player with its buttons, what some players leave out, its kind and latency, the parent node, and addresses
// for other players.
import {ways_to_play} from './commands.js';
import {by_id, element, set_items, set_text} from './dom.js';
import {names} from './engines.js';
import {Screen} from './screen.js';
import {Share} from './share.js';
import {audio_text, hops_text, line_text, rate_text, short_node_name, video_text, viewers_text} from './words.js';

const state_names = {
  asking: 'Asking', loading: 'Loading', playing: 'Live', paused: 'Paused', waiting: 'Waiting', ended: 'Ended', refused: 'Cannot be played',
};
const facts_every_ms = 500;

export class WatchView {
  #screen;
  #player;
  #self = null;
  #stream = null;
  #endpoints = {};
  #ticket = null;
  #state = 'asking';
  #picture_of;

  // node_time: as Player takes it. picture_of(slug): the URL of a picture of the stream that is there, or ''.
  constructor({node_time, picture_of}) {
    this.#screen = new Screen(by_id('screen'), {node_time, on_change: (told) => this.#show(told)});
    this.#player = this.#screen.player;
    this.#picture_of = picture_of;
    by_id('player-choice').addEventListener('change', ({target}) => this.#player.preferred = target.value);
    const share = new Share();
    by_id('share-open').addEventListener('click', () => share.open({
      slug: this.slug, name: this.#stream?.name || this.slug, is_private: this.#stream?.private === true, is_own: this.#stream?.source === this.#self?.uuid,
    }));
    by_id('watch-more').addEventListener('click', () => {
      by_id('watch-description').classList.toggle('open');
      this.#show_more();
    });
    addEventListener('resize', () => this.#show_more());
    setInterval(() => this.#show_facts(), facts_every_ms);
  }

  get slug() {
    return this.#player.slug;
  }

  open(slug, {takes_focus}) {
    if (slug === this.slug) return;
    by_id('watch-description').classList.remove('open');
    this.#player.open(slug);
    this.#show_ways();
    if (takes_focus) by_id('screen').focus({preventScroll: true});
  }

  close() {
    this.#screen.close();
    this.#stream = this.#ticket = null;
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
    this.#ticket = ticket;
    this.#state = state;
    set_text(by_id('watch-status'), message || (state === 'paused' ? 'Paused' : 'Playing'));
    set_text(by_id('fact-player'), names[kind] ?? '–');
    set_text(by_id('fact-parent'), ticket ? this.#parent_text(ticket) : '–');
    this.#show_facts();
  }

  #parent_text({source, source_label, hops, element: is_program}) {
    if (is_program) return 'a publisher at this node';
    const name = source && source === this.#self?.uuid ? 'this node' : short_node_name(source ?? '–', source_label);
    return [name, hops ? hops_text(hops) : ''].filter(Boolean).join(', ');
  }

  #show_facts() {
    if (!this.slug) return;
    const {latency, video, is_rewound, is_late} = this.#player;
    const is_playing = this.#state === 'playing';
    set_text(by_id('fact-state'), is_playing && is_rewound ? 'Rewound' : is_playing && is_late ? 'Catching up' : state_names[this.#state]);
    set_text(by_id('fact-latency'), !Number.isFinite(latency) ? '–' : latency < 1 ? `${Math.round(latency * 1000)} ms` : `${latency.toFixed(1)} s`);
    set_text(by_id('fact-picture'), video?.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : '–');
  }

  #show_names() {
    const name = this.#stream?.name || this.slug;
    set_text(by_id('watch-name'), name);
    if (this.slug) this.#screen.entitle({name, picture: this.#picture_of(this.slug)});
    set_text(by_id('watch-description'), this.#stream?.description ?? '');
    this.#show_more();
    const {video, audio, bitrate_kbps, viewers, audience = viewers, line} = this.#stream ?? {};
    const media = [video_text(video), audio_text(audio), rate_text(bitrate_kbps), viewers_text(audience), line_text(line)];
    set_text(by_id('watch-media'), media.filter(Boolean).join(' · '));
    const {left_out = [], others = [], fingerprint = ''} = this.#stream ?? {};
    set_items(by_id('watch-warnings'), [
      ...others.map(({slug, source}) => slug.includes('~')
        ? `Another stream has this name and another key: ${slug} of node ${source}.${this.slug.includes('~') ? '' : ' This is the one that your node knew first.'}`
        : `Your node knew another stream of this name first: ${slug} of node ${source}. This one has another key.`),
      ...left_out.map(({reason}) => reason)]);
    by_id('watch-key').hidden = !fingerprint;
    set_text(by_id('watch-fingerprint'), fingerprint);
  }

  // A long description shows its first lines, and a button for the rest.
  #show_more() {
    const [text, button] = [by_id('watch-description'), by_id('watch-more')];
    const is_open = text.classList.contains('open');
    button.hidden = !is_open && text.scrollHeight <= text.clientHeight + 1;
    button.setAttribute('aria-expanded', String(is_open));
    set_text(button, is_open ? 'Show less' : 'Show all');
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

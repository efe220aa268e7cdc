// SPDX-License-Identifier: BSD-3-Clause
// The streams that this node publishes: their state, warnings about what hurts viewers, and the buttons that pause, resume and
// delete them.
import {delete_stream, set_streaming} from './api.js';
import {by_id, Children, element, set_items, set_long_text, set_text, typed_text} from './dom.js';
import {audio_text, rate_text, seconds_text, video_text, viewers_text} from './words.js';

// Asks in a dialog; true: yes.
function confirmed(name) {
  const dialog = by_id('confirm');
  set_text(by_id('confirm-name'), name);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), {once: true});
  });
}

const facts = [
  ['Bit rate', ({bitrate_kbps}) => rate_text(bitrate_kbps)],
  ['Picture', ({video}) => video_text(video)],
  ['Sound', ({audio}) => audio_text(audio)],
  ['Keyframe every', ({video}) => seconds_text(video?.keyframe_seconds)],
  ['Watched by', ({viewers, audience = viewers}) => viewers_text(audience)],
];

class Card {
  #slug;
  #is_live = false;
  #name = typed_text('a', 'name');
  #badge = element('span', 'badge');
  #values = facts.map(() => element('dd'));
  #warnings = element('ul', 'warnings');
  #toggle = element('button', 'button quiet small');
  #said = element('span', 'soft');

  constructor({slug}) {
    this.#slug = slug;
    this.#name.href = `#watch/${encodeURIComponent(slug)}`;
    const remove = element('button', 'button quiet small', 'Delete');
    this.#said.setAttribute('role', 'status');
    this.#toggle.addEventListener('click', () => this.#do(() => set_streaming(slug, !this.#is_live)));
    remove.addEventListener('click', async () => {
      if (await confirmed(this.#name.textContent)) this.#do(() => delete_stream(slug));
    });
    const list = element('dl', 'facts', ...facts.map(([name], i) => element('div', '', element('dt', '', name), this.#values[i])));
    this.element = element('li', 'card', element('p', 'line', this.#name, this.#badge), list, this.#warnings,
      element('p', 'row', this.#toggle, remove, this.#said));
    for (const button of [this.#toggle, remove]) button.type = 'button';
  }

  async #do(call) {
    set_text(this.#said, '');
    try {
      await call();
    } catch (error) {
      set_text(this.#said, error.message);
    }
  }

  show(stream) {
    this.#is_live = stream.streaming !== false;
    set_long_text(this.#name, stream.name || stream.slug);
    set_text(this.#badge, this.#is_live ? 'Live' : 'Waiting');
    this.#badge.classList.toggle('live', this.#is_live);
    set_text(this.#toggle, this.#is_live ? 'Pause' : 'Resume');
    facts.forEach(([, text_of], i) => set_text(this.#values[i], text_of(stream) || '–'));
    set_items(this.#warnings, stream.warnings ?? []);
  }
}

export class OwnStreams {
  #cards = new Children(by_id('own'), (stream) => new Card(stream));

  show({node, streams}) {
    const own = streams.filter(({source}) => source === node?.uuid).sort((a, b) => a.slug.localeCompare(b.slug));
    by_id('own-empty').hidden = own.length > 0;
    this.#cards.show(own, ({slug}) => slug);
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// The list of streams. A stream keeps its DOM element while it is listed, so focus and scroll position stay.
import {thumbnail} from './api.js';
import {Children, element, set_long_text, set_text, typed_text} from './dom.js';
import {age_text, rate_text, video_text, viewers_text} from './words.js';

const picture_every_ms = 15_000;

const of_caps = [
  [/video\/mpegts/, 'MPEG-TS'],
  [/matroska/, 'Matroska'],
  [/webm/, 'WebM'],
  [/x-flv/, 'FLV'],
];

// A short name instead of caps.
function media_name({video, media}) {
  if (video?.codec) return video_text(video);
  if (!media) return '';
  const known = of_caps.find(([pattern]) => pattern.test(media));
  return known ? known[1] : media.split(/[,;(]/)[0].trim();
}

const is_live = (stream) => stream.streaming !== false;
const inner_space = /(?<!·) /g;  // a line breaks behind "·" only
// A node of an older version says less.
const audience_of = ({viewers, audience = viewers}) => audience;
const state_names = {live: 'Live', paused: 'Paused', ended: 'Ended', waiting: 'Waiting'};
const state_name = (stream) => state_names[stream.state] ?? (is_live(stream) ? 'Live' : 'Waiting');
const by_name = (a, b) => (a.name || a.slug).localeCompare(b.name || b.slug) || a.slug.localeCompare(b.slug);
const most = (field) => (a, b) => (b[field] ?? -1) - (a[field] ?? -1);
const orders = {
  live: (a, b) => Number(is_live(b)) - Number(is_live(a)),
  name: () => 0,
  viewers: (a, b) => (audience_of(b) ?? -1) - (audience_of(a) ?? -1),
  newest: most('created'),
  rate: most('bitrate_kbps'),
};

const colour_of = (slug) => [...slug].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7) % 8;

// The newest picture if this node has one; otherwise the first letter on a colour that depends only on the slug.
class Thumbnail {
  #image = element('img');
  #slug;
  #asked_at = -Infinity;

  constructor(slug) {
    this.#slug = slug;
    Object.assign(this.#image, {alt: '', hidden: true, decoding: 'async'});
    this.#image.addEventListener('load', () => this.#image.hidden = false);
    this.#image.addEventListener('error', () => this.#image.hidden = true);
    this.sign = element('span', 'sign');
    this.element = element('span', `thumbnail s${colour_of(slug)}`, this.sign, this.#image);
    this.element.setAttribute('aria-hidden', 'true');
  }

  get loaded() {
    return this.#image.hidden ? '' : this.#image.src;
  }

  show(stream) {
    set_text(this.sign, [...(stream.name || stream.slug)][0]?.toUpperCase() ?? '');
    const now = performance.now();
    const has_one = is_live(stream) && stream.video !== undefined;
    if (!has_one || document.hidden || !this.element.checkVisibility() || now - this.#asked_at < picture_every_ms) return;
    this.#asked_at = now;
    this.#image.src = thumbnail(this.#slug, Math.floor(Date.now() / 1000));
  }
}

// Where another stream has the same slug, and perhaps the same title, this one is told from it by its slug.
const name_of = ({name, slug}) => slug.includes('~') && name ? `${name} (${slug})` : name || slug;

class Row {
  constructor({slug}) {
    this.thumbnail = new Thumbnail(slug);
    this.name = typed_text('bdi', 'name');
    this.state = element('span', 'badge');
    this.description = typed_text('p', 'description');
    this.details = element('p', 'details');
    this.link = element('a', 'stream', this.thumbnail.element, element('span', 'line', this.name, this.state), this.description, this.details);
    this.link.href = `#watch/${encodeURIComponent(slug)}`;
    this.element = element('li', '', this.link);
  }

  show(stream) {
    set_long_text(this.name, name_of(stream));
    set_text(this.state, state_name(stream));
    this.state.classList.toggle('live', is_live(stream));
    set_long_text(this.description, stream.description ?? '');
    this.description.hidden = !stream.description;
    const age = stream.created ? age_text(Date.now() / 1000 - stream.created) : '';
    set_text(this.details, [media_name(stream), rate_text(stream.bitrate_kbps), viewers_text(audience_of(stream)), age]
      .filter(Boolean).join(' · ').replace(inner_space, '\u00a0') || stream.slug);
    if (stream.is_watched) this.link.setAttribute('aria-current', 'true');
    else this.link.removeAttribute('aria-current');
    this.thumbnail.show(stream);
  }
}

export class StreamList {
  #rows;
  #empty;
  #count;
  #order;
  #streams = [];
  #watched = '';

  // `order`: a <select> of the names above.
  constructor({list, empty, count, order}) {
    this.#rows = new Children(list, (stream) => new Row(stream));
    this.#empty = empty;
    this.#count = count;
    this.#order = order;
    order.addEventListener('change', () => this.#show());
    setInterval(() => this.#show(), picture_every_ms);  // new pictures, older ages
  }

  set streams(streams) {
    this.#streams = streams;
    this.#show();
  }

  set watched(slug) {
    this.#watched = slug;
    this.#show();
  }

  // The URL of the stream's thumbnail, if it is on the page; '' if not.
  picture_of(slug) {
    return this.#rows.of(slug)?.thumbnail.loaded ?? '';
  }

  find(slug) {
    return this.#streams.find((stream) => stream.slug === slug);
  }

  #show() {
    const order = orders[this.#order.value] ?? orders.live;
    const sorted = [...this.#streams].sort((a, b) => order(a, b) || by_name(a, b));
    this.#rows.show(sorted.map((stream) => ({...stream, is_watched: stream.slug === this.#watched})), ({slug}) => slug);
    const count = sorted.length;
    this.#empty.hidden = count > 0;
    set_text(this.#count, count === 1 ? '1 stream' : `${count} streams`);
  }
}

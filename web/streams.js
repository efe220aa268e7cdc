// SPDX-License-Identifier: BSD-3-Clause
// The list of streams. A stream keeps its element while it is there, so that focus and scrolling stay where they are.
import {rate_text, viewers_text} from './words.js';

const of_caps = [
  [/video\/mpegts/, 'MPEG-TS'],
  [/matroska/, 'Matroska'],
  [/webm/, 'WebM'],
  [/x-flv/, 'FLV'],
];

// Caps are for machines.
function media_name(caps) {
  if (!caps) return '';
  const known = of_caps.find(([pattern]) => pattern.test(caps));
  return known ? known[1] : caps.split(/[,;(]/)[0].trim();
}

function element(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

class Row {
  constructor(slug) {
    this.name = element('span', 'name');
    this.state = element('span', 'badge');
    this.description = element('p', 'description');
    this.details = element('p', 'details');
    this.link = element('a', 'stream', element('span', 'line', this.name, this.state), this.description, this.details);
    this.link.href = `#watch/${encodeURIComponent(slug)}`;
    this.item = element('li', '', this.link);
  }

  show(stream, is_watched) {
    const is_live = stream.streaming !== false;
    this.name.textContent = stream.name || stream.slug;
    this.state.textContent = is_live ? 'Live' : 'Waiting';
    this.state.classList.toggle('live', is_live);
    this.description.textContent = stream.description ?? '';
    this.description.hidden = !stream.description;
    this.details.textContent = [media_name(stream.media), rate_text(stream.bitrate_kbps), viewers_text(stream.viewers)]
      .filter(Boolean).join(' · ') || stream.slug;
    if (is_watched) this.link.setAttribute('aria-current', 'true');
    else this.link.removeAttribute('aria-current');
  }
}

export class StreamList {
  #list;
  #empty;
  #count;
  #rows = new Map();
  #streams = [];
  #watched = '';

  constructor({list, empty, count}) {
    this.#list = list;
    this.#empty = empty;
    this.#count = count;
  }

  set streams(streams) {
    this.#streams = [...streams].sort((a, b) =>
      Number(b.streaming !== false) - Number(a.streaming !== false) || a.slug.localeCompare(b.slug));
    this.#show();
  }

  set watched(slug) {
    this.#watched = slug;
    this.#show();
  }

  find(slug) {
    return this.#streams.find((stream) => stream.slug === slug);
  }

  #show() {
    const gone = new Set(this.#rows.keys());
    this.#streams.forEach((stream, index) => {
      gone.delete(stream.slug);
      let row = this.#rows.get(stream.slug);
      if (!row) this.#rows.set(stream.slug, row = new Row(stream.slug));
      row.show(stream, stream.slug === this.#watched);
      if (this.#list.children[index] !== row.item) this.#list.insertBefore(row.item, this.#list.children[index] ?? null);
    });
    for (const slug of gone) {
      this.#rows.get(slug).item.remove();
      this.#rows.delete(slug);
    }
    const count = this.#streams.length;
    this.#empty.hidden = count > 0;
    this.#count.textContent = count === 1 ? '1 stream' : `${count} streams`;
  }
}

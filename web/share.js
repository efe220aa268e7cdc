// SPDX-License-Identifier: BSD-3-Clause
// The dialog with a stream's link, its QR code and the HTML that shows its player in another page. All addresses are made of the page's own.
import {at_node} from './api.js';
import {by_id, copies, set_text, svg_element} from './dom.js';

const quiet = 4;  // modules of white around a QR code (ISO 18004)
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`);

// Each dark module as a square of 1, in rows from the top.
function path_of(code) {
  let path = '';
  for (let y = 0; y < code.size; ++y) {
    for (let x = 0; x < code.size; ++x) {
      if (code.get(x, y)) path += `M${x + quiet} ${y + quiet}h1v1h-1z`;
    }
  }
  return path;
}

export class Share {
  constructor() {
    copies(by_id('share-link-copy'), by_id('share-link'), by_id('share-said'));
    copies(by_id('share-embed-copy'), by_id('share-embed'), by_id('share-said'));
  }

  open({slug, name}) {
    const link = new URL(`#watch/${encodeURIComponent(slug)}`, at_node('.')).href;
    const player = at_node(`embed/${encodeURIComponent(slug)}`);
    set_text(by_id('share-name'), name);
    set_text(by_id('share-link'), link);
    set_text(by_id('share-embed'),
      `<iframe src="${escaped(player)}" title="${escaped(name)}" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture"></iframe>`);
    by_id('share-local').hidden = !loopback.test(location.hostname);
    by_id('share').showModal();
    return this.#draw(link);
  }

  async #draw(link) {
    const {generate} = await import('./qr.js');
    const code = generate(link);
    const size = code.size + 2 * quiet;
    const picture = svg_element('svg', {viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': 'The link as a QR code'},
      svg_element('path', {d: path_of(code)}));
    by_id('share-code').replaceChildren(picture);
  }
}

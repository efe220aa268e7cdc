// SPDX-License-Identifier: BSD-3-Clause
// The dialog with a stream's link, its QR code and the HTML that shows its player in another page. All addresses are made of the page's own.
import {at_node} from './api.js';
import {by_id, copies, set_text} from './dom.js';
import {qr_picture} from './qr_picture.js';

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`);

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
    by_id('share-code').replaceChildren(await qr_picture(link, 'The link as a QR code'));
  }
}

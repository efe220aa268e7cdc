// SPDX-License-Identifier: BSD-3-Clause
// The dialog with a stream's link, its QR code and the HTML that shows its player in another page. All addresses are made of the page's own.
import {at_node} from './api.js';
import {by_id, copies, set_text} from './dom.js';
import {Guests} from './guests.js';
import {qr_picture} from './qr_picture.js';

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`);

export class Share {
  #guests = new Guests({on_link: (link) => this.#show_link(link)});

  constructor() {
    copies(by_id('share-link-copy'), by_id('share-link'), by_id('share-said'));
    copies(by_id('share-embed-copy'), by_id('share-embed'), by_id('share-said'));
  }

  // `is_own`: published at this node. Each link to an own private stream is made for one person.
  open({slug, name, is_private = false, is_own = false}) {
    by_id('share-private').hidden = !is_private || !is_own;
    by_id('share-guests').hidden = !is_private || is_own;
    by_id('share-embedded').hidden = is_private;
    const player = at_node(`embed/${encodeURIComponent(slug)}`);
    set_text(by_id('share-name'), name);
    set_text(by_id('share-embed'),
      `<iframe src="${escaped(player)}" title="${escaped(name)}" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture"></iframe>`);
    by_id('share-local').hidden = is_private || !loopback.test(location.hostname);
    by_id('share-linked').hidden = is_private;
    by_id('share').showModal();
    if (is_private && is_own) return this.#guests.show(slug);
    return is_private ? undefined : this.#show_link(new URL(`#watch/${encodeURIComponent(slug)}`, at_node('.')).href);
  }

  async #show_link(link) {
    by_id('share-linked').hidden = false;
    set_text(by_id('share-link'), link);
    by_id('share-code').replaceChildren(await qr_picture(link, 'The link as a QR code'));
  }
}

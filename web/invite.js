// SPDX-License-Identifier: BSD-3-Clause
// The view that a link to a private stream opens: it makes this node a guest, and then shows the stream.
import {accept_invitation} from './api.js';
import {by_id, set_text} from './dom.js';

export class InviteView {
  #on_accepted;

  // on_accepted(slug): this node can show the stream now.
  constructor({on_accepted}) {
    this.#on_accepted = on_accepted;
    by_id('invite-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const link = by_id('invite-link').value.trim();
      by_id('invite-link').value = '';
      this.accept(link.slice(link.lastIndexOf('/') + 1));
    });
  }

  async accept(invitation) {
    set_text(by_id('invite-said'), 'Opening the stream…');
    try {
      const slug = await accept_invitation(invitation);
      set_text(by_id('invite-said'), '');
      this.#on_accepted(slug);
    } catch ({message}) {
      set_text(by_id('invite-said'), message);
    }
  }
}

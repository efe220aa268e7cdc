// SPDX-License-Identifier: BSD-3-Clause
// In the dialog that shares a private stream of this node: who is invited, and the form that invites one more.
import * as api from './api.js';
import {by_id, Children, element, set_text} from './dom.js';

class Row {
  #name = element('bdi', 'name');
  #until = element('span', 'soft');
  #button = element('button', 'button quiet small', 'Revoke');

  constructor(on_revoked) {
    this.#button.type = 'button';
    this.#button.addEventListener('click', on_revoked);
    this.element = element('li', '', element('span', 'text', this.#name, this.#until), this.#button);
  }

  show({id, expires, revoked, for: name}) {
    set_text(this.#name, name || id);
    set_text(this.#until, revoked ? 'revoked' : `until ${new Date(expires * 1000).toLocaleString()}`);
    this.#button.hidden = revoked;
    this.#button.setAttribute('aria-label', `Revoke the invitation of ${name || id}`);
  }
}

export class Guests {
  #slug = '';
  #list = new Children(by_id('guests'), ({id}) => new Row(() => this.#change(api.revoke_invitation(this.#slug, id))));

  // on_link(link): the invitation of one more person.
  constructor({on_link}) {
    by_id('guest-form').addEventListener('submit', async (event) => {
      event.preventDefault();
      const name = by_id('guest-name').value.trim();
      const made = api.invite(this.#slug, name);
      await this.#change(made.then(() => api.invitations(this.#slug)));
      made.then((link) => {
        by_id('guest-name').value = '';
        on_link(link);
      }, () => {});
    });
  }

  show(slug) {
    this.#slug = slug;
    set_text(by_id('guest-said'), '');
    return this.#change(api.invitations(slug));
  }

  async #change(answer) {
    try {
      this.#list.show(await answer, ({id}) => id);
      set_text(by_id('guest-said'), '');
    } catch ({message}) {
      set_text(by_id('guest-said'), message);
    }
  }
}

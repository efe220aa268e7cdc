// SPDX-License-Identifier: BSD-3-Clause
// The devices that control this node, for the owner: the list, and the dialog that pairs one more.
import * as api from './api.js';
import {by_id, Children, element, set_text} from './dom.js';
import {qr_picture} from './qr_picture.js';
import {until_text} from './words.js';

const look_every_ms = 2000;

class Row {
  #name = element('bdi', 'name');
  #more = element('span', 'soft');
  #said = element('span', 'soft');
  #button = element('button', 'button quiet small', 'Remove');

  constructor({id}, on_removed) {
    this.#button.type = 'button';
    this.#said.setAttribute('role', 'status');
    this.#button.addEventListener('click', () => api.remove_device(id).then(on_removed, ({message}) => set_text(this.#said, message)));
    this.element = element('li', '', element('span', 'text', this.#name, this.#more), this.#said, this.#button);
  }

  show({name, paired, seen, is_caller}) {
    const when = (ms) => new Date(ms).toLocaleString();
    set_text(this.#name, name);
    set_text(this.#more, is_caller ? `this device · paired ${when(paired)}` : `last seen ${when(seen)} · paired ${when(paired)}`);
    this.#button.setAttribute('aria-label', `Remove ${name}`);
  }
}

export class Devices {
  #list = new Children(by_id('devices'), (device) => new Row(device, () => this.#removed(device)));
  #on_change;
  #is_shown = false;
  #timer = 0;
  #known = null;  // the ids when the dialog's code was made

  // on_change: this browser may have lost its rights.
  constructor({on_change}) {
    this.#on_change = on_change;
    by_id('pair-open').addEventListener('click', () => this.#open());
    by_id('pair-again').addEventListener('click', () => this.#open());
    by_id('pair').addEventListener('close', () => {
      if (this.#known) api.stop_pairing().catch(() => {});
      this.#known = null;
    });
  }

  set is_shown(is_shown) {
    if (is_shown === this.#is_shown) return;
    this.#is_shown = is_shown;
    this.#look();
  }

  #removed({is_caller}) {
    if (is_caller) this.#on_change();
    else this.#look();
  }

  async #look() {
    clearTimeout(this.#timer);
    if (!this.#is_shown) return;
    const answer = await api.devices().catch(() => null);
    if (answer) this.#show(answer);
    clearTimeout(this.#timer);
    if (this.#is_shown) this.#timer = setTimeout(() => this.#look(), look_every_ms);
  }

  #show({devices, pairing_ms}) {
    this.#list.show(devices, ({id}) => id);
    by_id('devices-empty').hidden = devices.length > 0;
    if (!this.#known) return;
    const one_more = devices.find(({id}) => !this.#known.has(id));
    if (!one_more && pairing_ms > 0) return set_text(by_id('pair-left'), until_text(pairing_ms));
    this.#known = null;
    this.#end(one_more ? `${one_more.name} now controls this node.` : 'The code is not good any more.');
  }

  #end(said) {
    set_text(by_id('pair-said'), said);
    by_id('pair-now').hidden = true;
    by_id('pair-again').hidden = false;
  }

  async #open() {
    const dialog = by_id('pair');
    set_text(by_id('pair-said'), '');
    if (!dialog.open) dialog.showModal();
    try {
      const {devices} = await api.devices();
      const {code, url, pairing_ms} = await api.start_pairing();
      this.#known = new Set(devices.map(({id}) => id));
      set_text(by_id('pair-code'), code);
      set_text(by_id('pair-url'), url || '');
      set_text(by_id('pair-left'), until_text(pairing_ms));
      by_id('pair-now').hidden = false;
      by_id('pair-again').hidden = true;
      by_id('pair-there').hidden = !url;
      by_id('pair-nowhere').hidden = Boolean(url);
      by_id('pair-picture').replaceChildren(...url ? [await qr_picture(url, 'The address as a QR code')] : []);
    } catch ({message}) {
      this.#end(message);
    }
  }
}

// SPDX-License-Identifier: BSD-3-Clause
// The view that a device opens by the QR code of the owner's dialog: it asks once more, then this browser controls the node.
import * as api from './api.js';
import {by_id, set_text} from './dom.js';
import {node_name} from './words.js';

export class PairView {
  // on_paired: this browser has the owner's rights now.
  constructor({on_paired}) {
    by_id('enter-form').addEventListener('submit', async (event) => {
      event.preventDefault();
      set_text(by_id('enter-said'), '');
      try {
        await api.pair(by_id('enter-code').value);
        if ((await api.settings()).owner) return on_paired();
        set_text(by_id('enter-said'), 'This browser did not keep the cookie of this node. Allow cookies, and pair again.');
      } catch ({message}) {
        set_text(by_id('enter-said'), message);
      }
    });
  }

  set code(code) {
    if (code) by_id('enter-code').value = code;
    set_text(by_id('enter-said'), '');
  }

  inform({node}) {
    if (node) set_text(by_id('enter-node'), node_name(node.uuid, node.label));
  }
}

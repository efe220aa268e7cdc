// SPDX-License-Identifier: BSD-3-Clause
// Previews camera, microphone or screen, then publishes it by WHIP. A lost connection is made again until the user stops.
import {make_stream} from './api.js';
import {by_id, set_text} from './dom.js';
import {rate_text} from './words.js';

const retry_ms = 2000;
const look_ms = 1000;
const sound = {echoCancellation: true, noiseSuppression: true};
const picture = {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 30}};

const sources = {
  camera: () => navigator.mediaDevices.getUserMedia({video: picture, audio: sound}),
  screen: () => navigator.mediaDevices.getDisplayMedia({video: {frameRate: 30}, audio: true}),
  microphone: () => navigator.mediaDevices.getUserMedia({audio: sound}),
};

const refusals = {
  NotAllowedError: 'The browser has no permission. Allow it beside the address bar, and try again.',
  NotFoundError: 'This machine has no such device.',
  NotReadableError: 'Another program uses the device.',
};

// names(): {name, description, is_private} as they are in the form.
export class Capture {
  #names;
  #media = null;
  #is_live = false;
  #slug = '';         // of the live stream, as the node has made it
  #connection = null;
  #ending = null;     // aborts the attempts to publish
  #bytes = {count: 0, at: 0};

  constructor(names) {
    this.#names = names;
    by_id('capture-preview').addEventListener('click', () => this.#toggle_preview());
    by_id('capture-live').addEventListener('click', () => this.#go_live());
    by_id('capture-stop').addEventListener('click', () => this.#stop());
    setInterval(() => this.#look(), look_ms);
    if (!navigator.mediaDevices) this.#say(`Browsers allow the camera only on https pages: open https://${location.host}/ instead.`);
    this.#show();
  }

  // Whether the node accepts WHIP.
  set is_offered(is_offered) {
    by_id('capture').classList.toggle('away', !is_offered);
    by_id('capture-preview').disabled = !is_offered || !navigator.mediaDevices;
    if (!is_offered) this.#say('This node does not accept WebRTC.');
  }

  #say(text) {
    set_text(by_id('capture-said'), text);
  }

  #show() {
    set_text(by_id('capture-preview'), this.#media ? 'End the preview' : 'Preview');
    by_id('capture-preview').hidden = this.#is_live;
    by_id('capture-live').hidden = this.#is_live || !this.#media;
    by_id('capture-stop').hidden = !this.#is_live;
    by_id('capture-source').disabled = Boolean(this.#media);
    by_id('preview-hint').hidden = Boolean(this.#media);
  }

  async #toggle_preview() {
    if (this.#media) return this.#let_go();
    try {
      this.#media = await sources[by_id('capture-source').value]();
    } catch (error) {
      return this.#say(refusals[error.name] ?? error.message);
    }
    for (const track of this.#media.getTracks()) track.addEventListener('ended', () => this.#stop());  // the user ended it in the browser's own bar
    const preview = by_id('preview');
    preview.srcObject = this.#media;
    preview.play().catch(() => {});
    this.#say('Viewers will see this. Nothing is sent yet.');
    this.#show();
  }

  #let_go() {
    for (const track of this.#media?.getTracks() ?? []) track.stop();
    this.#media = null;
    by_id('preview').srcObject = null;
    this.#say('');
    this.#show();
  }

  async #go_live() {
    const {name, description, is_private} = this.#names();
    this.#is_live = true;
    this.#ending = new AbortController();
    this.#show();
    this.#say('Going live…');
    try {
      this.#slug = (await make_stream(name, description, is_private)).slug;
    } catch (error) {
      this.#is_live = false;
      this.#show();
      return this.#say(error.message);
    }
    this.#send(this.#ending.signal);
  }

  async #send(signal) {
    if (signal.aborted) return;
    const again = (error) => {
      if (signal.aborted) return;
      this.#connection = null;
      this.#say(`${error.message} Retrying…`);
      setTimeout(() => this.#send(signal), retry_ms);
    };
    try {
      const {publish} = await import('./webrtc.js');
      const connection = await publish(this.#slug, this.#media, {signal, on_lost: again});
      if (signal.aborted) return connection.close();
      this.#connection = connection;
      this.#bytes = {count: 0, at: 0};
    } catch (error) {
      again(error);
    }
  }

  #stop() {
    this.#ending?.abort();
    this.#connection?.close();
    this.#connection = null;
    this.#is_live = false;
    this.#let_go();
  }

  async #look() {
    const connection = this.#connection;
    if (!connection) return;
    let count = 0;
    let codec = '';
    const reports = await connection.pc.getStats();
    for (const report of reports.values()) {
      if (report.type !== 'outbound-rtp') continue;
      count += report.bytesSent;
      if (report.kind === 'video') codec = reports.get(report.codecId)?.mimeType?.split('/')[1] ?? '';
    }
    if (connection !== this.#connection) return;
    const now = performance.now();
    const kbps = this.#bytes.at ? ((count - this.#bytes.count) * 8) / (now - this.#bytes.at) : 0;
    this.#bytes = {count, at: now};
    this.#say(['Live', this.#slug, codec, rate_text(kbps)].filter(Boolean).join(' · '));
  }
}

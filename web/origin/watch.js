// SPDX-License-Identifier: BSD-3-Clause
// Plays a stream from the node on the visitor's own machine. Without such a node the page says how to get one, and plays from a public
// node if the origin knows one. It only reads from either.
import Hls from './hls.js';

const check_every_ms = 5000;
const {node, open = '', slug} = document.getElementById('watch').dataset;
const video = document.getElementById('video');
let player = null;
let shown = '';  // whose playlist plays

const playlist_of = (url) => `${url}/stream/${encodeURIComponent(slug)}/hls/index.m3u8`;

function say(text) {
  const said = document.getElementById('said');
  if (said.textContent !== text) said.textContent = text;
}

// Requesting the playlist makes that node receive the stream. '' if it has it, null if there is no answer, otherwise the reason.
async function refusal_of(url) {
  try {
    const answer = await fetch(playlist_of(url));
    if (answer.ok) return '';
    const refused = await answer.json().catch(() => null);
    return refused?.error?.message ?? String(answer.status);
  } catch {
    return null;
  }
}

// The visitor's own node replaces the public one as soon as it answers.
async function look() {
  const own = shown === node ? '' : await refusal_of(node);
  document.getElementById('no-node').hidden = own !== null;
  if (own === '') play(node, `Through your own node, ${new URL(node).host}.`);
  else if (!open || shown !== open) await look_elsewhere(own);
  setTimeout(look, check_every_ms);
}

async function look_elsewhere(own) {
  const theirs = open ? await refusal_of(open) : null;
  if (theirs === '') play(open, `Through ${new URL(open).host}, a public node.`);
  else if (own !== null) say(`Your node answers: ${own}. Retrying…`);
  else say(theirs === null ? '' : `The public node answers: ${theirs}. Retrying…`);
}

function stop() {
  player?.destroy();
  player = null;
  shown = '';
  say('The stream has stopped. Retrying…');
}

function play(url, words) {
  if (shown === url) return;
  player?.destroy();
  shown = url;
  video.hidden = false;
  say(words);
  if (!Hls.isSupported()) {
    video.src = playlist_of(url);
    video.play().catch(() => {});
    return;
  }
  // A worker would be a blob: script, which the page's policy does not allow.
  player = new Hls({enableWorker: false, liveSyncDurationCount: 2, backBufferLength: 20});
  player.on(Hls.Events.ERROR, (event, {fatal}) => fatal && stop());
  player.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(() => {}));
  player.loadSource(playlist_of(url));
  player.attachMedia(video);
}

look();

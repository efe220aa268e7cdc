// SPDX-License-Identifier: BSD-3-Clause
// Figures and names as text. Pure.

export function rate_text(kbps) {
  if (!kbps) return '';
  return kbps >= 1000 ? `${(kbps / 1000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`;
}

export function viewers_text(viewers) {
  if (viewers === undefined) return '';
  return viewers === 1 ? '1 viewer' : `${viewers} viewers`;
}

export function hops_text(hops) {
  if (hops === undefined) return '';
  return hops === 1 ? '1 hop' : `${hops} hops`;
}

export function address_text({ip_address, port}) {
  if (!ip_address) return '';
  return `${ip_address.includes(':') ? `[${ip_address}]` : ip_address}${port ? `:${port}` : ''}`;
}

export const ms_text = (ms) => (ms === undefined ? '' : `${Math.round(ms)} ms`);

// The capacity is 0 or missing if the node takes no children.
export function children_text({children, capacity}) {
  if (children === undefined) return '';
  return capacity ? `${children} of ${capacity}` : String(children);
}

// Shortens a name that has more than `letters` letters.
export function short_name(name, letters = 12, kept = 8) {
  const all = [...name];
  return all.length > letters ? `${all.slice(0, kept).join('')}…` : name;
}

// A node as people read it. It chose its label itself, and others may have the same one: only the uuid tells nodes apart.
export const node_name = (uuid, label) => label || uuid;
export const short_node_name = (uuid, label) => (label ? short_name(label, 24, 23) : short_name(uuid));

// uuid → label, '' if none, of every node that is in a list or at an end of a ticket.
export function labels_of({node, nodes, tickets}) {
  const labels = new Map();
  const learn = (uuid, label) => labels.set(uuid, label || labels.get(uuid) || '');
  for (const {source, source_label, destination, destination_label} of tickets) {
    learn(source, source_label);
    learn(destination, destination_label);
  }
  if (node?.primary_supernode_uuid) learn(node.primary_supernode_uuid, node.primary_supernode_label);
  for (const {uuid, label} of nodes) learn(uuid, label);
  if (node) learn(node.uuid, node.label);
  return labels;
}

// uuid → name, for lists. Behind a label that could also mean another of these nodes stands the start of the uuid.
export function names_of(state) {
  const labels = labels_of(state);
  const counts = new Map();
  for (const [uuid, label] of labels) counts.set(node_name(uuid, label), (counts.get(node_name(uuid, label)) ?? 0) + 1);
  return new Map([...labels].map(([uuid, label]) =>
    [uuid, label && counts.get(label) > 1 ? `${short_name(label, 16, 15)} (${short_name(uuid)})` : node_name(uuid, label)]));
}

// The two ends of a ticket. If one is a program at this node, its uuid means nothing to people. names: as names_of returns them.
export const source_text = ({source, source_label, element}, self, names) =>
  (source === self ? 'this node' : element ? 'a publisher' : names?.get(source) ?? node_name(source, source_label));
export const destination_text = ({destination, destination_label, element}, self, names) =>
  (destination === self ? 'this node' : element ? 'a player' : names?.get(destination) ?? node_name(destination, destination_label));

export function until_text(ms) {
  const minutes = Math.ceil(ms / 60_000);
  return minutes > 1 ? `for ${minutes} minutes` : 'for less than a minute';
}

export function age_text(seconds) {
  const minutes = Math.max(0, Math.floor(seconds / 60));
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

const codec_names = {h264: 'H.264', h265: 'H.265', hevc: 'H.265', av1: 'AV1', vp8: 'VP8', vp9: 'VP9', h266: 'H.266', mpeg1: 'MPEG-1', mpeg2: 'MPEG-2', mpeg4: 'MPEG-4', aac: 'AAC',
  latm: 'AAC (LATM)', opus: 'Opus', mp3: 'MP3', mp2: 'MP2', ac3: 'AC-3', eac3: 'E-AC-3', dts: 'DTS', pcm: 'PCM'};
const codec_text = (codec = '') => codec_names[codec.toLowerCase().replace(/[^a-z0-9]/g, '')] ?? codec;

const frames_text = (framerate) => {
  const [above, below = 1] = String(framerate).split('/').map(Number);
  return above / below > 0 ? `${Math.round((above / below) * 100) / 100} fps` : '';
};

export function line_text({carried_bps, needed_bps} = {}) {
  if (!needed_bps) return '';
  return `your line carries ${(carried_bps / 1e6).toFixed(1)} of ${(needed_bps / 1e6).toFixed(1)} Mbit/s`;
}

export function video_text({codec, width, height, framerate} = {}) {
  return [codec_text(codec), width && height ? `${width} × ${height}` : '', framerate ? frames_text(framerate) : ''].filter(Boolean).join(' · ');
}

export function audio_text({codec, rate, channels} = {}) {
  const heard = channels === 1 ? 'mono' : channels === 2 ? 'stereo' : channels ? `${channels} channels` : '';
  return [codec_text(codec), rate ? `${rate / 1000} kHz` : '', heard].filter(Boolean).join(' · ');
}

export const seconds_text = (seconds) => (seconds === undefined ? '' : `${Number(seconds.toFixed(1))} s`);

export function bytes_text(bytes) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${Number((bytes / 1000 ** at).toFixed(1))} ${units[at]}`;
}

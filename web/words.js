// SPDX-License-Identifier: BSD-3-Clause
// How the page words figures and names. Pure.

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

// Of a node that takes no children by itself, the capacity is 0, or it says none.
export function children_text({children, capacity}) {
  if (children === undefined) return '';
  return capacity ? `${children} of ${capacity}` : String(children);
}

// The two ends of a ticket. A ticket of an element is for a program at this node, whose uuid says nothing to anybody.
export const source_text = ({source, element}, self) =>
  (source === self ? 'this node' : element ? 'a publisher' : source);
export const destination_text = ({destination, element}, self) =>
  (destination === self ? 'this node' : element ? 'a player' : destination);

// The beginning of a name that has more than `letters` letters.
export function short_name(name, letters = 12, kept = 8) {
  const all = [...name];
  return all.length > letters ? `${all.slice(0, kept).join('')}…` : name;
}

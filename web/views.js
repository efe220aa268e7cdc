// SPDX-License-Identifier: BSD-3-Clause
// Maps the address to a view. Pure.

const views = {
  streams: {heading: 'streams-title', title: ''},
  publish: {heading: 'publish-title', title: 'Publish'},
  network: {heading: 'network-title', title: 'Network'},
  node: {heading: 'inside-title', title: 'Node'},
};

function slug_in(hash) {
  const found = /^#watch\/([^/]+)$/.exec(hash);
  try {
    return found ? decodeURIComponent(found[1]) : '';
  } catch {
    return '';
  }
}

// What a QR code of the owner's dialog opens; without a code the visitor types it.
const code_in = (hash) => /^#pair(?:\/([A-Za-z0-9-]{1,32}))?$/.exec(hash);

// What a link to a private stream opens; without an invitation the visitor pastes the link.
const invitation_in = (hash) => /^#invite(?:\/([A-Za-z0-9_-]{1,300}))?$/.exec(hash);

// {name, slug, heading, title}, and the code of a device to be paired or an invitation; an unknown address gives the list of streams.
export function view_of(hash) {
  const slug = slug_in(hash);
  if (slug) return {name: 'watch', slug, heading: 'watch-name', title: ''};
  const found = code_in(hash);
  if (found) return {name: 'pair', slug: '', code: found[1] ?? '', heading: 'enter-title', title: 'Pair this device'};
  const invited = invitation_in(hash);
  if (invited) return {name: 'invite', slug: '', invitation: invited[1] ?? '', heading: 'invite-title', title: 'Private stream'};
  const name = hash === '#publish-title' ? 'publish' : hash.slice(1);  // an older link
  const known = Object.hasOwn(views, name) ? name : 'streams';
  return {name: known, slug: '', ...views[known]};
}

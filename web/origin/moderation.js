// SPDX-License-Identifier: BSD-3-Clause
// The administrator's page: hides and deletes streams, bans keys and addresses. The token stays in this page.
const [enter, all, said, stream, ban] = ['enter', 'all', 'said', 'stream', 'ban'].map((id) => document.getElementById(id));
let token = '';

async function call(method, path, body) {
  const headers = {Accept: 'application/json', Authorization: `Bearer ${token}`};
  if (body) headers['Content-Type'] = 'application/json';
  try {
    const answer = await fetch(path, {method, headers, body: body && JSON.stringify(body)});
    const told = await answer.json();
    said.textContent = answer.ok ? '' : told.error.message;
    return answer.ok ? told : null;
  } catch {
    said.textContent = 'The origin does not answer.';
    return null;
  }
}

function fill(list, names, what, undo) {
  list.replaceChildren(...names.map(({name, more}) => {
    const item = document.createElement('li');
    const text = document.createElement('code');
    const button = document.createElement('button');
    text.textContent = name;
    button.textContent = what;
    button.addEventListener('click', () => change(undo(name)));
    item.append(text, more ? ` ${more} ` : ' ', button);
    return item;
  }));
}

async function show() {
  const told = await call('GET', 'moderation');
  all.hidden = !told;
  enter.hidden = Boolean(told);
  if (!told) return;
  fill(document.getElementById('hidden'), told.hidden.map((name) => ({name})), 'Show again',
    (slug) => call('PUT', `stream/${slug}`, {hidden: false}));
  fill(document.getElementById('bans'), told.bans.map((one) => ({name: one.who, more: one.reason})), 'Lift',
    (who) => call('DELETE', `bans?who=${encodeURIComponent(who)}`));
}

async function change(done) {
  if (await done) await show();
}

enter.addEventListener('submit', (event) => {
  event.preventDefault();
  token = enter.elements.token.value;
  show();
});
stream.addEventListener('submit', (event) => {
  event.preventDefault();
  const path = `stream/${encodeURIComponent(stream.elements.slug.value)}`;
  change(event.submitter?.value === 'delete' ? call('DELETE', path) : call('PUT', path, {hidden: true}));
});
ban.addEventListener('submit', (event) => {
  event.preventDefault();
  change(call('POST', 'bans', {who: ban.elements.who.value.trim(), reason: ban.elements.reason.value}));
});

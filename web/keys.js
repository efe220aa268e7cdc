// SPDX-License-Identifier: BSD-3-Clause
// What the keys of the player do. Pure.

// [action, the keys as people read them, the keys as `KeyboardEvent.key` in lower case, what it does]. Keys of one letter act in the whole
// view; the others, which scroll a page or press a button elsewhere, only on the player itself.
const table = [
  ['pause', ['Space', 'K'], [' ', 'k'], 'Pause or play'],
  ['live', ['L'], ['l'], 'Go live'],
  ['back', ['←'], ['arrowleft'], 'Back 10 s'],
  ['forward', ['→'], ['arrowright'], 'Forward 10 s'],
  ['mute', ['M'], ['m'], 'Sound on or off'],
  ['louder', ['↑'], ['arrowup'], 'Louder'],
  ['quieter', ['↓'], ['arrowdown'], 'Quieter'],
  ['full', ['F'], ['f'], 'Fill the screen, or leave it'],
  ['float', ['I'], ['i'], 'Picture in picture'],
  ['keys', ['?'], ['?'], 'These keys'],
];

// For the list: {keys, does}.
export const listed = table.map(([, keys, , does]) => ({keys, does}));

// The action of a key; '' if it has none here. `place`, where the focus is: 'player', 'in player' (one of its buttons), 'page' (nowhere),
// 'elsewhere' (a field, a link, a dialog …).
export function action_of({key, ctrlKey = false, altKey = false, metaKey = false}, place) {
  if (ctrlKey || altKey || metaKey || place === 'elsewhere') return '';
  const pressed = key.toLowerCase();
  const is_letter = pressed.length === 1 && pressed !== ' ';
  if (!is_letter && place !== 'player') return '';
  return table.find(([, , keys]) => keys.includes(pressed))?.[0] ?? '';
}

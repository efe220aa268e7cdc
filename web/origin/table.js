// SPDX-License-Identifier: BSD-3-Clause
// The table of streams: a click on a column sorts it, and the page is fetched again to keep it fresh.
const refresh_ms = 5000;

const place = document.getElementById('streams');
let sorted = null;  // {index, ascending}; null: as the origin sorted it

const value_of = (row, index) => row.cells[index].dataset.value;

function compare(a, b) {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
}

function sort(table) {
  if (!sorted) return;
  const sign = sorted.ascending ? 1 : -1;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => sign * compare(value_of(a, sorted.index), value_of(b, sorted.index)));
  table.tBodies[0].append(...rows);
  for (const [index, head] of [...table.tHead.rows[0].cells].entries()) {
    if (index === sorted.index) head.setAttribute('aria-sort', sorted.ascending ? 'ascending' : 'descending');
    else head.removeAttribute('aria-sort');
  }
}

place.addEventListener('click', (event) => {
  const head = event.target.closest('th[data-sort]');
  if (!head || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  // Names ascend, numbers descend; a second click reverses the order.
  const ascending = sorted?.index === head.cellIndex ? !sorted.ascending : head.dataset.sort === 'name';
  sorted = {index: head.cellIndex, ascending};
  sort(head.closest('table'));
});

async function refresh() {
  try {
    const answer = await fetch(location.pathname + location.search, {headers: {Accept: 'text/html'}});
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.getElementById('streams');
    if (answer.ok && fresh) {
      const table = fresh.querySelector('table');
      if (table) sort(table);
      const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
      place.replaceChildren(...fresh.childNodes);
      if (focused) place.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    }
  } catch {  // the origin does not answer: keep the table
  }
  setTimeout(refresh, refresh_ms);
}
setTimeout(refresh, refresh_ms);

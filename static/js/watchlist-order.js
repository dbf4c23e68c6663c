// Reordering a watchlist: drag a row by its handle, or Alt and an arrow key anywhere in a row.
//
// In:  table[data-reorder="url"] with tr[data-item] rows; a row that has no such name, as one of
//      a note, belongs to the row above it.
// Out: one POST of symbol and position when the row is dropped; Escape puts it back.

const body = (row) => row.closest("tbody");
const items = (row) => [...body(row).querySelectorAll("tr[data-item]")];

/** The row with those that belong to it. */
function withNotes(row) {
  const rows = [row];
  while (rows.at(-1).nextElementSibling && !rows.at(-1).nextElementSibling.dataset.item) {
    rows.push(rows.at(-1).nextElementSibling);
  }
  return rows;
}

function place(row, before) {
  for (const part of withNotes(row)) body(row).insertBefore(part, before);
}

/** Where a row held at that height belongs: before which row, or null for the end. */
function rowBelow(row, height) {
  const others = items(row).filter((other) => other !== row);
  return (
    others.find((other) => {
      const box = other.getBoundingClientRect();
      return height < box.top + box.height / 2;
    }) ?? null
  );
}

function send(row) {
  const form = document.querySelector("#watchlist-rows");
  window.htmx.ajax("POST", row.closest("table").dataset.reorder, {
    target: "#watchlist",
    source: form,
    values: { symbol: row.dataset.item, position: items(row).indexOf(row) },
  });
}

function drag(event, handle) {
  const row = handle.closest("tr");
  const first = items(row).indexOf(row);
  const follower = withNotes(row).at(-1).nextElementSibling;
  const ending = new AbortController();

  function end(isKept) {
    ending.abort();
    delete row.dataset.dragged;
    if (!isKept) place(row, follower);
    else if (items(row).indexOf(row) !== first) send(row);
  }

  event.preventDefault();
  row.dataset.dragged = "";
  // On the document, because a row that is put elsewhere loses hold of the pointer.
  const listen = (name, take) => document.addEventListener(name, take, { signal: ending.signal });
  listen("pointermove", (move) => place(row, rowBelow(row, move.clientY)));
  listen("pointerup", () => end(true));
  listen("pointercancel", () => end(false));
  listen("keydown", (key) => key.key === "Escape" && end(false));
}

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest("[data-handle]");
  if (handle && event.isPrimary && event.button === 0) drag(event, handle);
});

document.addEventListener("keydown", (event) => {
  const name = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const row = event.target.closest?.("tr[data-item]");
  if (!name || !event.altKey || !row) return;
  event.preventDefault();
  row.querySelector(`[name=${name}]`).click();
});

// The button that moved a row keeps the keyboard, so that the next press moves it further. At an
// end of the list it can do no more; then the other one has it.
let pressed = null;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-item] :is([name=up], [name=down])");
  if (button) pressed = { item: button.value, name: button.name };
});
document.addEventListener("htmx:afterSettle", () => {
  if (!pressed) return;
  const row = document.querySelector(`[data-item="${CSS.escape(pressed.item)}"]`);
  const button = row?.querySelector(`[name=${pressed.name}]:enabled`) ?? row?.querySelector(":is([name=up], [name=down]):enabled");
  pressed = null;
  button?.focus();
});

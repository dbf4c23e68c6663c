// A dialog that opens once a form has arrived in it; links lead to the form's own page where there
// is no script.
//
// In:  dialog[data-form-dialog] with [data-form-place] in it, which requests swap their form into;
//      [data-closes-dialog] in the form; `form-done` on body when what was asked for is done.

import { dress } from "holdfast/styles";

const DIALOG = "dialog[data-form-dialog]";

export async function show(dialog) {
  await dress(dialog);
  if (!dialog.open) dialog.showModal();
}

document.addEventListener("click", (event) => {
  const dialog = event.target.closest(DIALOG);
  if (!dialog || !event.target.closest("[data-closes-dialog]")) return;
  event.preventDefault();
  dialog.close();
});
// What is left of the last form must not flash up with the next.
document.addEventListener(
  "close",
  ({ target }) => {
    if (target.matches?.(DIALOG)) target.querySelector("[data-form-place]").replaceChildren();
  },
  { capture: true },
);
document.body.addEventListener("form-done", () => {
  for (const dialog of document.querySelectorAll(DIALOG)) dialog.close();
});

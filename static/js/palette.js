// The command palette: Ctrl-K or ⌘K anywhere. The server finds; the arrows choose.

import { dress } from "holdfast/styles";

const dialog = document.querySelector("#palette");
const input = dialog.querySelector("input");
const results = dialog.querySelector("[role=listbox]");

export async function toggle() {
  await dress(dialog);
  if (dialog.open) return dialog.close();
  dialog.showModal();
  input.select();
  if (!results.childElementCount) input.dispatchEvent(new Event("palette-opened"));
}

function options() {
  return [...results.querySelectorAll("[role=option]")];
}

function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (!option) return input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = options();
  if (!all.length) return;
  const current = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  choose(all[(current + step + all.length) % all.length]);
}

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
input.addEventListener("keydown", (event) => {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (steps[event.key]) {
    event.preventDefault();
    move(steps[event.key]);
  } else if (event.key === "Escape") {
    // The field would spend the first one on clearing itself.
    event.preventDefault();
    dialog.close();
  } else if (event.key === "Enter") {
    event.preventDefault();
    results.querySelector("[aria-selected=true]")?.click();
  }
});
results.addEventListener("htmx:afterSwap", () => choose(options()[0]));

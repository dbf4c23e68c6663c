// Shows of an alert's form only what the chosen kind uses: [data-kinds] names the kinds of a field.
// Without this the other fields stay in sight and are left aside.

function arrange(form) {
  const { value } = form.elements.kind;
  for (const input of form.querySelectorAll("[data-kinds]")) {
    const isUsed = input.dataset.kinds.split(" ").includes(value);
    input.closest(".field").hidden = !isUsed;
    input.disabled = !isUsed;
  }
  form.elements.cooldown_seconds.closest(".field").hidden = !form.elements.repeats.checked;
}

function arrangeAll() {
  for (const form of document.querySelectorAll("[data-alert-terms]")) arrange(form);
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-alert-terms]");
  if (form) arrange(form);
});
document.addEventListener("htmx:afterSettle", arrangeAll);
arrangeAll();

// Opens the dialog once the form of an alert has arrived in it; links lead to the form's own page
// where there is no script.

const dialog = document.querySelector("#alert-dialog");

dialog.addEventListener("htmx:afterSwap", () => {
  if (!dialog.open) dialog.showModal();
});
dialog.addEventListener("click", (event) => {
  if (!event.target.closest("[data-closes-dialog]")) return;
  event.preventDefault();
  dialog.close();
});
// What is left of the last form must not flash up with the next.
dialog.addEventListener("close", () => dialog.querySelector("#alert-form").replaceChildren());

// A form with [data-confirms] asks first, in one native dialog for the whole page.

let dialog = null;

function build() {
  dialog = document.createElement("dialog");
  dialog.className = "dialog stack";
  dialog.setAttribute("aria-labelledby", "confirm-words");
  const words = document.createElement("p");
  words.id = "confirm-words";
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "form__actions";
  for (const [value, label, look] of [["yes", "Yes", "button--danger"], ["no", "Cancel", ""]]) {
    const button = document.createElement("button");
    button.className = `button ${look}`;
    button.value = value;
    button.textContent = label;
    form.append(button);
  }
  dialog.append(words, form);
  document.body.append(dialog);
}

/** Send the form by that button once the question of its [data-confirms] was answered by yes. */
export function ask(form, submitter) {
  if (!dialog) build();
  dialog.querySelector("p").textContent = form.dataset.confirms;
  dialog.returnValue = "";
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.isConfirmed = "yes";
      form.requestSubmit(submitter);
      delete form.dataset.isConfirmed;
    },
    { once: true },
  );
  dialog.showModal();
}

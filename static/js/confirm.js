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

// In the capture phase, so that htmx does not send the form before the answer.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.dataset?.confirms || form.dataset.isConfirmed) return;
    event.preventDefault();
    event.stopPropagation();
    if (!dialog) build();
    dialog.querySelector("p").textContent = form.dataset.confirms;
    dialog.returnValue = "";
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "yes") return;
        form.dataset.isConfirmed = "yes";
        form.requestSubmit(event.submitter);
        delete form.dataset.isConfirmed;
      },
      { once: true },
    );
    dialog.showModal();
  },
  true,
);

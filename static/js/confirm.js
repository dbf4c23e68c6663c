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

/** What a form would send, and where to. */
function meaning(form) {
  const fields = [...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  return JSON.stringify([form.getAttribute("action"), form.getAttribute("hx-post"), fields]);
}

/** The form, or the one in its place where the page renewed itself under the open question. */
function standing(form, submitter) {
  if (form.isConnected) return [form, submitter];
  const wanted = meaning(form);
  const there = [...document.querySelectorAll("form[data-confirms]")].find((one) => meaning(one) === wanted);
  const words = (button) => JSON.stringify(["name", "value", "formaction"].map((name) => button?.getAttribute(name)));
  const same = (one) => one.type === "submit" && words(one) === words(submitter);
  return [there, [...(there?.elements ?? [])].find(same)]; // those outside of the form, too
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
      const [there, button] = standing(form, submitter);
      if (!there) return; // what was asked about has gone meanwhile, and the page shows it
      there.dataset.isConfirmed = "yes";
      there.requestSubmit(button);
      delete there.dataset.isConfirmed;
    },
    { once: true },
  );
  dialog.showModal();
}

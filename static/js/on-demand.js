// Modules that come when they are first needed: for what is about to be seen, or when somebody
// presses what they are for.

const SEEN = {
  "[data-figures]": "figures",
  "[data-ladder]": "order-book",
  "[data-tape]": "tape",
  "[data-alert-terms]": "alert-form",
  "[data-copies]": "copy",
  "[data-reviewed]": "ticket-review",
};
const sight = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) bring(target);
});

function bring(node) {
  sight.unobserve(node);
  for (const [selector, name] of Object.entries(SEEN)) if (node.matches(selector)) import(`holdfast/${name}`);
}

function watch() {
  for (const node of document.querySelectorAll(Object.keys(SEEN).join())) sight.observe(node);
}

async function call(name, action, ...values) {
  const module = await import(`holdfast/${name}`);
  module[action](...values);
}

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k" || !document.querySelector("#palette")) return;
  event.preventDefault();
  call("palette", "toggle");
});

document.addEventListener("click", (event) => {
  const pressed = (selector) => event.target.closest(selector);
  if (pressed("[data-opens-palette]")) {
    event.preventDefault();
    call("palette", "toggle");
  } else if (pressed("[data-switches-theme]")) call("preferences", "switchTheme");
  else if (pressed("[data-toggles-privacy]")) call("preferences", "togglePrivacy");
});

// In the capture phase, so that htmx does not send the form before the answer.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.dataset?.confirms || form.dataset.isConfirmed) return;
    event.preventDefault();
    event.stopPropagation();
    call("confirm", "ask", form, event.submitter);
  },
  true,
);

document.addEventListener("htmx:afterSwap", ({ target }) => {
  const dialog = target.closest("dialog[data-form-dialog]");
  if (dialog) call("form-dialog", "show", dialog);
});
document.addEventListener("htmx:afterSettle", watch);
watch();

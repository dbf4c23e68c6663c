// A form with [data-passkey="create"] or ="get" asks the browser for a passkey before it is sent.
// What to ask for is in #passkey-options, or behind the address in [data-passkey-options].

const ADVICE = {
  NotAllowedError: "Nothing was confirmed. Try again, or choose another way.",
  InvalidStateError: "This device already holds a passkey for your account.",
  SecurityError: "Passkeys work under a host name only, and not over plain http except on localhost.",
};

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const withBytes = (descriptors = []) => descriptors.map((one) => ({ ...one, id: toBytes(one.id) }));

async function optionsOf(form) {
  const address = form.dataset.passkeyOptions;
  if (!address) return JSON.parse(document.querySelector("#passkey-options").textContent).publicKey;
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("The server could not be asked. Try again in a minute.");
  return (await answer.json()).request_options.publicKey;
}

function create(options, isAlone) {
  const selection = { ...options.authenticatorSelection };
  selection.residentKey = isAlone ? "required" : "discouraged";
  selection.requireResidentKey = isAlone;
  if (isAlone) selection.userVerification = "required";
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: withBytes(options.excludeCredentials),
    authenticatorSelection: selection,
  };
  return navigator.credentials.create({ publicKey });
}

function get(options) {
  const publicKey = {
    ...options,
    challenge: toBytes(options.challenge),
    allowCredentials: withBytes(options.allowCredentials),
  };
  return navigator.credentials.get({ publicKey });
}

function wire(credential) {
  const given = credential.response;
  const response = { clientDataJSON: toText(given.clientDataJSON) };
  if (given.attestationObject) {
    response.attestationObject = toText(given.attestationObject);
    response.transports = given.getTransports?.() ?? [];
  } else {
    response.authenticatorData = toText(given.authenticatorData);
    response.signature = toText(given.signature);
    response.userHandle = given.userHandle ? toText(given.userHandle) : null;
  }
  return {
    type: credential.type,
    id: credential.id,
    rawId: toText(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-passkey]");
  if (!form) return;
  event.preventDefault();
  const note = form.querySelector("[data-passkey-error]");
  note.hidden = true;
  try {
    const options = await optionsOf(form);
    const isNew = form.dataset.passkey === "create";
    const credential = await (isNew ? create(options, form.elements.passwordless.checked) : get(options));
    form.elements.credential.value = JSON.stringify(wire(credential));
    form.submit();
  } catch (error) {
    note.textContent = ADVICE[error.name] ?? error.message;
    note.hidden = false;
  }
});

// Passkeys: a form with data-passkey asks the device, and sends what it answers. Nothing of it works without a device.
(() => {
  "use strict";

  const toBytes = (text) => {
    const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  };

  const toText = (buffer) => {
    const binary = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  const withBytes = (credentials) => (credentials || []).map((one) => ({ ...one, id: toBytes(one.id) }));

  // What the server asks, with bytes where it can only send text ---------------------------------------------------

  const forCreation = ({ publicKey }) => ({
    publicKey: {
      ...publicKey,
      challenge: toBytes(publicKey.challenge),
      user: { ...publicKey.user, id: toBytes(publicKey.user.id) },
      excludeCredentials: withBytes(publicKey.excludeCredentials),
    },
  });

  const forRequest = ({ publicKey }) => ({
    publicKey: {
      ...publicKey,
      challenge: toBytes(publicKey.challenge),
      allowCredentials: withBytes(publicKey.allowCredentials),
    },
  });

  // What the device answers, as text ---------------------------------------------------------------------------------

  const fields = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];

  const asText = (credential) => {
    const response = {};
    for (const name of fields) {
      if (credential.response[name]) response[name] = toText(credential.response[name]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return JSON.stringify({
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    });
  };

  // The form ---------------------------------------------------------------------------------------------------------

  const fetchOptions = async (form) => {
    if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
    const answer = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  };

  const ask = async (form) => {
    const options = await fetchOptions(form);
    if (form.dataset.passkey === "create") return navigator.credentials.create(forCreation(options.creation_options));
    return navigator.credentials.get(forRequest(options.request_options));
  };

  const REFUSALS = { NotAllowedError: "canceled", AbortError: "canceled", InvalidStateError: "known", SecurityError: "host" };

  const explain = (form, error) => {
    const place = form.querySelector("[data-passkey-error]");
    place.textContent = error ? place.dataset[REFUSALS[error.name] || "failed"] : "";
    place.hidden = !error;
  };

  const send = async (form) => {
    if (form.dataset.sent) return;
    form.dataset.sent = "true";
    form.setAttribute("aria-busy", "true");
    explain(form, null);
    try {
      form.elements.credential.value = asText(await ask(form));
      form.submit();
    } catch (error) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
      explain(form, error);
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-passkey]");
    if (!form) return;
    event.preventDefault();
    send(form);
  });

  if (window.PublicKeyCredential) {
    document.querySelectorAll("form[data-passkey]").forEach((form) => (form.hidden = false));
    document.querySelectorAll("[data-passkey-missing]").forEach((hint) => (hint.hidden = true));
  }
})();

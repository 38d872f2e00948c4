// What the pages need besides htmx: CSRF, errors that never lose typed text, toasts, copying, counting.
(() => {
  "use strict";

  const CSRF_COOKIES = ["__Host-csrftoken", "csrftoken"];
  const STREAM_ERRORS_MAX = 3;
  const TOAST_SECONDS = 12;
  const TOASTS_MAX = 4;

  const cookie = (name) => {
    const pair = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
    return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
  };

  // Toasts -------------------------------------------------------------------------------------------------------

  const toasts = () => document.getElementById("toasts");

  const showToast = (templateId) => {
    const template = document.getElementById(templateId);
    if (!template || !toasts()) return;
    const toast = template.content.firstElementChild.cloneNode(true);
    // The same sentence is said once at a time.
    const shown = toast.dataset.code && toasts().querySelector(`[data-code="${toast.dataset.code}"]`);
    if (shown) shown.remove();
    toasts().append(toast);
  };

  const tidyToasts = () => {
    const all = [...toasts().querySelectorAll(".notice-toast")];
    all.slice(0, Math.max(0, all.length - TOASTS_MAX)).forEach((toast) => toast.remove());
    all.filter((toast) => !toast.matches("[data-level=error], :has(form)") && !toast.dataset.leaving).forEach((toast) => {
      toast.dataset.leaving = "true";
      setTimeout(() => toast.remove(), TOAST_SECONDS * 1000);
    });
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dismiss]");
    if (button) button.closest(".notice-toast").remove();
  });

  // htmx: CSRF and the error boundary --------------------------------------------------------------------------------

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb === "get") return;
    // A login in another tab has changed the token: the cookie knows, the page's hidden field does not.
    const { headers, parameters } = event.detail;
    const token = CSRF_COOKIES.map(cookie).find(Boolean) || parameters.csrfmiddlewaretoken || "";
    headers["X-CSRFToken"] = token;
    if (parameters.csrfmiddlewaretoken) parameters.csrfmiddlewaretoken = token;
  });

  document.addEventListener("htmx:sendError", () => showToast("toast-offline"));
  document.addEventListener("htmx:timeout", () => showToast("toast-timeout"));

  // A whole page in answer to a fragment request comes from a proxy or a crash: it would wipe out what was typed.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status < 400 || xhr.getResponseHeader("HX-Retarget")) return;
    if (/^\s*<(!doctype|html)/i.test(xhr.responseText) || !xhr.responseText.trim()) {
      event.detail.shouldSwap = false;
      showToast("toast-failed");
    }
  });

  document.addEventListener("htmx:afterSwap", () => countAll());

  const streamErrors = new WeakMap();

  document.addEventListener("htmx:sseError", (event) => {
    const errors = (streamErrors.get(event.target) || 0) + 1;
    streamErrors.set(event.target, errors);
    if (errors === STREAM_ERRORS_MAX) showToast("toast-stream-lost");
  });

  document.addEventListener("htmx:sseMessage", (event) => streamErrors.delete(event.target));

  // Copying --------------------------------------------------------------------------------------------------------

  const fetchText = async (url) => {
    const response = await fetch(url, { credentials: "same-origin", headers: { Accept: "text/plain" } });
    if (!response.ok || response.redirected) throw new Error(`status ${response.status}`);
    return response.text();
  };

  const copy = async (button) => {
    const known = button.dataset.copyText;
    const text = known === undefined ? fetchText(button.dataset.copyUrl) : Promise.resolve(known);
    try {
      // Safari lets a click write only what is promised at once.
      if (window.ClipboardItem && navigator.clipboard.write) {
        const blob = text.then((value) => new Blob([value], { type: "text/plain" }));
        await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
      } else {
        await navigator.clipboard.writeText(await text);
      }
      showToast("toast-copied");
    } catch {
      showToast("toast-not-copied");
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-url], [data-copy-text]");
    if (button) copy(button);
  });

  // Counting: <span data-counter="id-of-the-field"></span> -------------------------------------------------------------

  const count = (output) => {
    const field = document.getElementById(output.dataset.counter);
    if (!field) return;
    const characters = [...field.value].length;
    const words = field.value.split(/\s+/).filter(Boolean).length;
    const format = output.dataset.format || "%c characters, %w words";
    output.textContent = format
      .replace("%c", characters.toLocaleString(document.documentElement.lang))
      .replace("%w", words.toLocaleString(document.documentElement.lang));
  };

  const countAll = () => document.querySelectorAll("[data-counter]").forEach(count);

  document.addEventListener("input", (event) => {
    if (event.target.id) document.querySelectorAll(`[data-counter="${CSS.escape(event.target.id)}"]`).forEach(count);
  });

  countAll();
  if (toasts()) {
    tidyToasts();
    new MutationObserver(tidyToasts).observe(toasts(), { childList: true });
  }
})();

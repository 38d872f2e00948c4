// The composer: its limits, the estimate, and a run that is shown before the server has answered.
(() => {
  "use strict";

  const PAYMENT_REQUIRED = 402;
  const byId = (id) => document.getElementById(id);
  const form = () => byId("composer-form");
  const isComposer = (element) => Boolean(element) && element.id === "composer-form";
  const isEstimate = (element) => Boolean(element) && element.id === "generation-estimate";
  const fields = () => [...form().elements].filter((field) => field.name && field.type !== "hidden");

  // What was typed ---------------------------------------------------------------------------------------------------

  // An answer that was lost may still have started a run: other text is then another run, with a key of its own.
  let isAnswerUnknown = false;

  const renewKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    byId("id_idempotency_key").value = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    isAnswerUnknown = false;
  };

  const noteChange = (event) => {
    if (!isComposer(event.target.form)) return;
    if (isAnswerUnknown) renewKey();
    checkWords(event.target);
    showHint(event.target);
  };

  const showHint = (field) => {
    const hint = field.selectedOptions && field.selectedOptions[0].dataset.hint;
    const shown = byId(`${field.id}_helptext`);
    if (hint && shown) shown.textContent = hint;
  };

  document.addEventListener("input", noteChange);
  document.addEventListener("change", noteChange);

  // Limits in words, which HTML has no attribute for; the server checks them again.
  const checkWords = (field) => {
    const words = field.value.split(/\s+/).filter(Boolean).length;
    const { wordsMin, wordsMax, wordsMinMessage, wordsMaxMessage } = field.dataset;
    if (wordsMin && words > 0 && words < Number(wordsMin)) field.setCustomValidity(wordsMinMessage);
    else if (wordsMax && words > Number(wordsMax)) field.setCustomValidity(wordsMaxMessage);
    else field.setCustomValidity("");
  };

  // The estimate: the sizes of the texts are all that it needs, so no text travels in an address -----------------------

  const encoder = new TextEncoder();
  let asked = "";

  document.addEventListener("htmx:configRequest", (event) => {
    if (!isEstimate(event.detail.elt) || !form()) return;
    const sizes = fields().map((field) => [
      field.name,
      field.name === "model" ? field.value : String(encoder.encode(field.value).length),
    ]);
    // What is paused is asked for again, changed or not, until it goes on.
    const isPaused = "paused" in event.detail.elt.dataset;
    const shown = [["template", byId("id_template").value], ...(isPaused ? [["paused", "1"]] : [])];
    event.detail.parameters = Object.fromEntries([...shown, ...sizes]);
    const asking = JSON.stringify(event.detail.parameters);
    const isForced = event.detail.triggeringEvent && event.detail.triggeringEvent.type === "refresh";
    if (asking === asked && !isForced && !isPaused) event.preventDefault();
    asked = asking;
  });

  // An estimate that fails is no news: sending the text will say what is wrong.
  ["htmx:sendError", "htmx:timeout"].forEach((name) =>
    document.addEventListener(name, (event) => isEstimate(event.detail.elt) && event.stopImmediatePropagation(), true),
  );

  document.addEventListener(
    "htmx:beforeSwap",
    (event) => {
      const { requestConfig, xhr } = event.detail; // Nothing of the kind when a stream swaps.
      if (!requestConfig || !isEstimate(requestConfig.elt) || xhr.status < 400) return;
      asked = "";
      event.detail.shouldSwap = false;
      event.stopImmediatePropagation();
    },
    true,
  );

  // Nor is one whose place is gone, with another template.
  document.addEventListener("htmx:beforeCleanupElement", ({ target }) => {
    if (isEstimate(target)) target.addEventListener("htmx:beforeSwap", (event) => (event.detail.shouldSwap = false));
  });

  const refreshEstimate = () => byId("generation-estimate") && htmx.trigger("#generation-estimate", "refresh");

  document.addEventListener("generation:ended", refreshEstimate);

  // What was typed while an answer was on its way is asked next; unchanged, it is not asked at all.
  document.addEventListener("htmx:afterRequest", (event) => {
    const { requestConfig, successful } = event.detail;
    if (!successful || !requestConfig || !isEstimate(requestConfig.elt)) return;
    setTimeout(() => byId("generation-estimate") && htmx.trigger("#generation-estimate", "again"), 50);
  });

  // What cannot be paid is not sent: the estimate says so, and where credits come from.
  document.addEventListener(
    "submit",
    (event) => {
      if (!isComposer(event.target) || !byId("get-credits")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      leadToPaywall();
    },
    true,
  );

  // The paywall brings its own form; the text stays in this one.
  const leadToPaywall = () => {
    const title = byId("paywall-title");
    if (!title) return;
    title.focus({ preventScroll: true });
    byId("paywall").scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#get-credits") || !byId("paywall-title")) return;
    event.preventDefault();
    leadToPaywall();
  });

  // A run is shown at once; a refusal puts everything back ------------------------------------------------------------

  let undo = null;

  const announce = (text) => {
    const announcer = byId("generation-announcer");
    if (announcer) announcer.textContent = text;
  };

  const shiftCredits = (name, by) =>
    [...document.querySelectorAll(`[data-credits=${name}]`)].map((shown) => {
      const before = shown.textContent;
      const after = (Number(before.replace(/\D/g, "")) + by).toLocaleString(document.documentElement.lang);
      shown.textContent = after;
      return () => shown.textContent === after && (shown.textContent = before);
    });

  const showPending = () => {
    const estimate = byId("generation-estimate");
    const shown = byId("generation-panel");
    const pending = byId("generation-pending").content.firstElementChild.cloneNode(true);
    const { amount, reserving } = estimate.dataset;
    if (reserving) pending.querySelector("[data-stage-text]").textContent = reserving;
    shown.hidden = true;
    shown.after(pending);
    htmx.process(pending);
    announce(reserving || "");
    const credits = amount ? [...shiftCredits("available", -Number(amount)), ...shiftCredits("held", Number(amount))] : [];
    if (pending.getBoundingClientRect().top > window.innerHeight - 200) pending.scrollIntoView({ block: "start" });
    undo = { credits, pending, shown };
  };

  const hidePending = ({ isRefused }) => {
    if (!undo) return;
    undo.pending.remove();
    undo.shown.hidden = false;
    if (isRefused) undo.credits.forEach((putBack) => putBack());
    undo = null;
  };

  const focusError = () => {
    const field = form() && form().querySelector("[aria-invalid=true]");
    const toast = [...document.querySelectorAll("#toasts .notice-toast")].at(-1);
    const error = field || toast;
    if (!error) return;
    if (error === toast) toast.tabIndex = -1;
    error.focus();
  };

  document.addEventListener("htmx:beforeRequest", (event) => isComposer(event.detail.elt) && showPending());

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, xhr } = event.detail;
    if (requestConfig && isComposer(requestConfig.elt)) hidePending({ isRefused: xhr.status >= 400 });
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { requestConfig, successful, xhr } = event.detail; // The form itself may have been replaced.
    if (!requestConfig || !isComposer(requestConfig.elt)) return;
    hidePending({ isRefused: !successful });
    isAnswerUnknown = !successful && (xhr.status === 0 || xhr.status >= 500);
    if (successful) {
      const isFocusLost = document.activeElement === document.body;
      if (isFocusLost) setTimeout(() => form() && form().querySelector("[type=submit]").focus({ preventScroll: true }));
      refreshEstimate();
    } else {
      announce("");
      // After the toast, or the paywall, has come.
      setTimeout(xhr.status === PAYMENT_REQUIRED && byId("paywall-title") ? leadToPaywall : focusError, 50);
    }
  });

  // A toast that is dismissed gives the focus back to where it came from.
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-dismiss]")) return;
    setTimeout(() => {
      if (document.activeElement === document.body && form()) form().querySelector("[type=submit]").focus();
    });
  });

  htmx.onLoad((loaded) => {
    const arrived = loaded.querySelector("#composer-form") || (isComposer(loaded) ? loaded : null);
    if (!arrived) return;
    asked = "";
    fields().forEach(checkWords);
  });
})();

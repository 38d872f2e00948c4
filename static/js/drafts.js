// The texts of the composer, and of the next message of a conversation: drafts that survive until they were sent, and examples that can be taken back.
(() => {
  "use strict";

  const DRAFT = "draft:";
  const form = () => document.querySelector("form[data-draft]");
  const keepsDrafts = (element) => Boolean(element) && element.matches("form[data-draft]");
  const fields = () => [...form().elements].filter((field) => field.name && field.type !== "hidden");
  const texts = () => Object.fromEntries(fields().map((field) => [field.name, field.value]));
  const inform = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

  // Drafts: per person and template or conversation, in this tab -----------------------------------------------------

  const draftKey = () => DRAFT + form().dataset.draft;

  const storing = (work) => {
    try {
      return work(sessionStorage);
    } catch {
      return null; // A browser that stores nothing keeps no drafts.
    }
  };

  const save = (event) => {
    if (keepsDrafts(event.target.form)) storing((storage) => storage.setItem(draftKey(), JSON.stringify(texts())));
  };

  const restore = () => {
    const saved = storing((storage) => JSON.parse(storage.getItem(draftKey())));
    if (!saved || !form().hasAttribute("data-keeps-draft")) return;
    fields().forEach((field) => {
      if (!(field.name in saved) || field.value === saved[field.name]) return;
      const before = field.value;
      field.value = saved[field.name];
      if (field.selectedIndex === -1) field.value = before;
      inform(field);
    });
  };

  const forgetAll = () =>
    storing((storage) => {
      Object.keys(storage)
        .filter((key) => key.startsWith(DRAFT))
        .forEach((key) => storage.removeItem(key));
    });

  document.addEventListener("input", save);
  document.addEventListener("change", save);

  // Whoever leaves to pay finds the text when they come back, also one that was filled in and never touched.
  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#buy-form, #paywall form") || !form()) return;
    storing((storage) => storage.setItem(draftKey(), JSON.stringify(texts())));
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { requestConfig, successful } = event.detail; // The form itself may have been replaced.
    if (!successful || !requestConfig || !keepsDrafts(requestConfig.elt)) return;
    storing((storage) => storage.removeItem(draftKey()));
  });

  document.addEventListener("submit", (event) => {
    if (event.target.action.endsWith("/accounts/logout/")) forgetAll();
  });

  htmx.onLoad((loaded) => {
    if (loaded.querySelector("form[data-draft]") || keepsDrafts(loaded)) restore();
  });

  // An example, and the way back from it -----------------------------------------------------------------------------

  const fill = (wanted) => {
    fields().forEach((field) => {
      if (!(field.name in wanted)) return;
      field.value = wanted[field.name];
      inform(field);
    });
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill-example]");
    if (!button) return;
    event.preventDefault();
    const label = button.querySelector("span");
    const kept = button.keptTexts;
    if (kept) {
      fill(kept);
      label.textContent = button.ownLabel;
      button.keptTexts = null;
      return;
    }
    const examples = Object.fromEntries(
      fields().filter((field) => field.dataset.example).map((field) => [field.name, field.dataset.example]),
    );
    const typed = texts();
    const hasTyped = fields().some((field) => field.matches("input, textarea") && field.value.trim());
    const isSame = Object.entries(examples).every(([name, text]) => typed[name] === text);
    fill(examples);
    if (!hasTyped || isSame) return;
    button.keptTexts = typed;
    button.ownLabel = label.textContent;
    label.textContent = button.dataset.undoLabel;
  });
})();

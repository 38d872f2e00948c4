// The page of a conversation: Ctrl+Enter sends, and the next message waits for the end of the answer before it.
(() => {
  "use strict";

  const followUp = () => document.getElementById("follow-up");

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const form = event.target.closest("#follow-up, #composer-form");
    const button = form && form.querySelector("[type=submit]");
    if (!button || button.disabled) return;
    event.preventDefault();
    form.requestSubmit(button);
  });

  // What ran can be gone on from now; of several versions the newest is chosen, unless somebody has chosen already.
  document.addEventListener("generation:ended", () => {
    const form = followUp();
    if (!form) return;
    form.removeAttribute("data-waits");
    form.querySelector("[type=submit]").disabled = false;
    document.querySelectorAll("[data-after-end]").forEach((choice) => {
      choice.disabled = false;
      if (!document.querySelector('[name="parent"][form="follow-up"]:checked')) choice.checked = true;
    });
  });

  // What stands in the way of a message is shown below it, with the ways on; the text stays.
  document.addEventListener("htmx:afterSettle", (event) => {
    const title = event.detail.elt.id === "paywall" && document.getElementById("paywall-title");
    if (title && followUp()) title.focus();
  });

  // A message was sent and the page shows its answer: the next one can be typed meanwhile.
  document.addEventListener("htmx:afterSettle", (event) => {
    const form = followUp();
    if (!form || event.detail.elt.id !== "main" || !form.hasAttribute("data-waits")) return;
    form.querySelector("textarea").focus({ preventScroll: true });
  });
})();

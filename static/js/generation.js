// The composer's limits in words; the open stream of a generation: its cursor across reconnects, its stage.
(() => {
  "use strict";

  const cursors = new Map();

  // The SSE extension opens a new EventSource after an error, which sends no Last-Event-ID: the address carries it.
  htmx.createEventSource = (url) => {
    const cursor = cursors.get(url);
    return new EventSource(cursor ? `${url}?after=${encodeURIComponent(cursor)}` : url);
  };

  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const message = event.detail;
    const stream = event.target.closest("[sse-connect]");
    cursors.set(stream.getAttribute("sse-connect"), message.lastEventId);
    if (message.type !== "status") return;
    event.preventDefault();
    const region = document.getElementById("generation-status");
    if (region && region.dataset[message.data]) region.textContent = region.dataset[message.data];
  });

  // Limits in words, which HTML has no attribute for; the server checks them again.
  const checkWords = (field) => {
    const words = field.value.split(/\s+/).filter(Boolean).length;
    const { wordsMin, wordsMax, wordsMinMessage, wordsMaxMessage } = field.dataset;
    if (wordsMin && words > 0 && words < Number(wordsMin)) field.setCustomValidity(wordsMinMessage);
    else if (wordsMax && words > Number(wordsMax)) field.setCustomValidity(wordsMaxMessage);
    else field.setCustomValidity("");
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-words-min], [data-words-max]")) checkWords(event.target);
  });

  document.addEventListener("htmx:sseClose", (event) => {
    if (event.detail.type === "message") event.target.removeAttribute("aria-busy");
  });
})();

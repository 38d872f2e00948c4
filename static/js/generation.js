// The open stream of a generation: its cursor across reconnects, and its stage for eyes and ears.
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

  document.addEventListener("htmx:sseClose", (event) => {
    if (event.detail.type === "message") event.target.removeAttribute("aria-busy");
  });
})();

// The page of a generation while it runs: its stage, its time, its end, and the reader's place in the text.
(() => {
  "use strict";

  const FOLLOW_PIXELS = 48;
  const MARGIN_PIXELS = 32;

  const byId = (id) => document.getElementById(id);
  const panel = () => byId("generation-panel");
  const isLive = () => Boolean(panel() && panel().hasAttribute("data-live"));

  // What is said -----------------------------------------------------------------------------------------------------

  const announce = (text) => {
    const announcer = byId("generation-announcer");
    if (announcer && announcer.textContent !== text) announcer.textContent = text;
  };

  const showTitle = (text) => {
    const site = document.title.split(" · ").at(-1);
    const own = panel() && panel().dataset.title;
    document.title = [text, own, site].filter(Boolean).join(" · ");
  };

  const say = (text, { isQuiet = false } = {}) => {
    const shown = panel() && panel().querySelector("[data-stage-text]");
    if (shown) shown.textContent = text;
    if (!isQuiet) announce(text);
    showTitle(text);
  };

  // Stages -----------------------------------------------------------------------------------------------------------

  const current = () => panel().querySelector("[data-stages] [aria-current]");
  const isStopping = () => Boolean(byId("stop-button") && byId("stop-button").disabled);

  // Which there are depends on the template: the page lists them in their order.
  const stages = () => [...panel().querySelectorAll("[data-stages] [data-stage]")];
  const firstOfWork = () => stages()[stages().findIndex((stage) => stage.dataset.stage === "queued") + 1];

  // Only forward: a stream that comes back begins by saying where it is.
  const enter = (name) => {
    const step = current();
    const next = stages().find((stage) => stage.dataset.stage === name);
    if (!step || !next || stages().indexOf(next) <= stages().indexOf(step)) return;
    step.removeAttribute("aria-current");
    next.setAttribute("aria-current", "step");
    if (!isStopping()) say(next.dataset.label, { isQuiet: next.hasAttribute("data-quiet") });
  };

  const hasText = () => Boolean(byId("generation-blocks").firstChild || byId("generation-tail").firstChild);

  const end = () => {
    const outcome = byId("generation-outcome");
    byId("generation-output").removeAttribute("aria-busy");
    panel().removeAttribute("data-live");
    byId("jump-to-latest").hidden = true;
    announce(outcome.dataset.announce);
    showTitle(outcome.querySelector("[data-stage-text]").textContent);
    document.dispatchEvent(new CustomEvent("generation:ended"));
  };

  // The reader's place -----------------------------------------------------------------------------------------------

  let wasFollowing = false;
  const below = () => byId("generation-end").getBoundingClientRect().top - window.innerHeight;
  const isCalm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  const showJump = () => {
    if (isLive()) byId("jump-to-latest").hidden = below() <= FOLLOW_PIXELS;
  };

  // Who is at the end stays there; who reads above is left alone, and so is who comes into the middle of a long text.
  const follow = () => {
    const missing = below() + MARGIN_PIXELS;
    if (wasFollowing && missing > 0 && missing < window.innerHeight / 2) {
      window.scrollBy({ top: missing, behavior: "instant" });
    }
    showJump();
  };

  window.addEventListener("scroll", () => requestAnimationFrame(showJump), { passive: true });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#jump-to-latest")) return;
    window.scrollBy({ top: below() + MARGIN_PIXELS, behavior: isCalm() ? "instant" : "smooth" });
  });

  // The stream -------------------------------------------------------------------------------------------------------

  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const message = event.detail;
    wasFollowing = below() <= FOLLOW_PIXELS;
    if (message.type !== "status") return;
    event.preventDefault();
    enter(message.data === "running" ? firstOfWork().dataset.stage : message.data);
  });

  document.addEventListener("htmx:sseMessage", (event) => {
    if (hasText()) enter("writing");
    if (event.detail.type === "done") end();
    else follow();
  });

  // Stop -------------------------------------------------------------------------------------------------------------

  let labelBeforeStop = "";

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id !== "stop-form") return;
    labelBeforeStop = panel().querySelector("[data-stage-text]").textContent;
    say(event.detail.elt.dataset.stopping);
  });

  // htmx lets go of the button once it was answered; the run goes on stopping for a moment.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id !== "stop-form" || !isLive()) return;
    if (event.detail.successful) setTimeout(() => byId("stop-button") && (byId("stop-button").disabled = true));
    else say(labelBeforeStop);
  });

  // Time -------------------------------------------------------------------------------------------------------------

  const startedAt = new WeakMap();

  const tick = () => {
    document.querySelectorAll("[data-elapsed]").forEach((shown) => {
      if (!startedAt.has(shown)) startedAt.set(shown, performance.now() - Number(shown.dataset.elapsed) * 1000);
      const seconds = Math.floor((performance.now() - startedAt.get(shown)) / 1000);
      shown.textContent = `${seconds.toLocaleString(document.documentElement.lang)} s`;
    });
  };

  setInterval(tick, 1000);
  htmx.onLoad(tick);
})();

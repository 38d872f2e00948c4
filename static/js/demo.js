// The recorded run of the landing page: shows words that are there already, at the pace at which they once came.
(() => {
  "use strict";

  const HELD_AT_MS = 500;
  const LEAD_IN_MS = 900;
  const SPLIT = /(\S+\s*)/;

  const wrapWords = (answer) => {
    const walker = document.createTreeWalker(answer, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) if (walker.currentNode.data.trim()) nodes.push(walker.currentNode);
    return nodes.flatMap((node) => {
      const parts = node.data.split(SPLIT).filter(Boolean);
      const words = parts.map((part) => Object.assign(document.createElement("span"), { className: "demo-word", textContent: part }));
      node.replaceWith(...words);
      return words;
    });
  };

  // When each word is complete, in milliseconds of the run: its share of all characters decides.
  const scheduleWords = (words, timeline) => {
    const [, total] = timeline[timeline.length - 1];
    const shown = words.reduce((sum, word) => sum + word.textContent.length, 0);
    let characters = 0;
    return words.map((word) => {
      characters += word.textContent.length;
      const reached = timeline.find(([, so_far]) => so_far >= (characters / shown) * total);
      return (reached || timeline[timeline.length - 1])[0];
    });
  };

  const setUp = (demo) => {
    const timeline = JSON.parse(demo.dataset.timeline);
    const words = wrapWords(demo.querySelector("[data-demo-answer]"));
    const times = scheduleWords(words, timeline);
    const button = demo.querySelector("[data-demo-button]");
    const label = demo.querySelector("[data-demo-label]");
    const status = demo.querySelector("[data-demo-status]");
    const figures = [...demo.querySelectorAll("[data-demo-figure]")];
    const endsAt = LEAD_IN_MS + timeline[timeline.length - 1][0];
    const state = { at: endsAt, next: words.length, wanted: false, visible: false, frame: 0, before: 0 };

    const stageAt = (at) => {
      if (at >= endsAt) return "done";
      if (at >= LEAD_IN_MS) return "writing";
      return at >= HELD_AT_MS ? "held" : "idle";
    };

    const showStage = (stage) => {
      if (demo.dataset.stage === stage) return;
      demo.dataset.stage = stage;
      status.textContent = status.dataset[stage];
      figures.forEach((figure) => { figure.textContent = figure.dataset[stage]; });
    };

    const showButton = () => {
      const shows = state.at >= endsAt ? "replay" : state.wanted ? "pause" : "play";
      button.dataset.shows = shows;
      label.textContent = button.dataset[shows];
    };

    const showWords = () => {
      const written = state.at - LEAD_IN_MS;
      const first = state.next;
      while (state.next < words.length && times[state.next] <= written) words[state.next++].classList.add("is-shown");
      if (state.next === first) return;
      demo.querySelector(".is-last")?.classList.remove("is-last");
      words[state.next - 1].classList.add("is-last");
    };

    const tick = (now) => {
      state.at += now - state.before;
      state.before = now;
      showStage(stageAt(state.at));
      showWords();
      if (state.at >= endsAt) state.wanted = false;
      state.frame = 0;
      run();
    };

    // Runs while it is wanted and somebody can see it.
    const run = () => {
      showButton();
      const runs = state.wanted && state.visible && !document.hidden;
      if (runs && !state.frame) {
        state.before = performance.now();
        state.frame = requestAnimationFrame(tick);
      } else if (!runs && state.frame) {
        cancelAnimationFrame(state.frame);
        state.frame = 0;
      }
    };

    const start = () => {
      words.forEach((word) => word.classList.remove("is-shown", "is-last"));
      Object.assign(state, { at: 0, next: 0, wanted: true });
      showStage("idle");
      run();
    };

    button.addEventListener("click", () => {
      if (state.at >= endsAt) return start();
      state.wanted = !state.wanted;
      return run();
    });
    document.addEventListener("visibilitychange", run);
    new IntersectionObserver((entries) => {
      state.visible = entries[entries.length - 1].isIntersecting;
      run();
    }, { threshold: 0.2 }).observe(demo);
    button.hidden = false;
    showButton();
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) start();
  };

  document.querySelectorAll("[data-demo]").forEach(setUp);
})();

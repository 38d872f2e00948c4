// The stream of a generation as htmx's SSE extension sees it: one source for the life of its element. It keeps its
// cursor, comes back after errors, and lets go of its connection while nobody looks (a browser has six per host).
(() => {
  "use strict";

  const RETRY_SECONDS_MAX = 30;
  const streams = new Set();

  class Stream {
    #url;
    #source = null;
    #listeners = [];
    #cursor = "";
    #failures = 0;
    #timer = 0;
    #isClosed = false;

    onopen = () => {};
    onerror = () => {};

    constructor(url) {
      this.#url = url;
      streams.add(this);
      if (document.visibilityState !== "hidden") this.resume();
    }

    // Closed only on purpose: whatever else happens, this source comes back by itself.
    get readyState() {
      return this.#isClosed ? EventSource.CLOSED : EventSource.CONNECTING;
    }

    addEventListener(name, listener) {
      const noting = (event) => {
        this.#cursor = event.lastEventId;
        listener(event);
      };
      this.#listeners.push({ name, listener, noting });
      if (this.#source) this.#source.addEventListener(name, noting);
    }

    removeEventListener(name, listener) {
      const found = this.#listeners.find((one) => one.name === name && one.listener === listener);
      if (!found) return;
      this.#listeners.splice(this.#listeners.indexOf(found), 1);
      if (this.#source) this.#source.removeEventListener(name, found.noting);
    }

    close() {
      this.pause();
      this.#isClosed = true;
      streams.delete(this);
    }

    pause() {
      clearTimeout(this.#timer);
      if (this.#source) this.#source.close();
      this.#source = null;
    }

    resume() {
      if (this.#isClosed || this.#source) return;
      const source = new EventSource(this.#cursor ? `${this.#url}?after=${encodeURIComponent(this.#cursor)}` : this.#url);
      this.#source = source;
      this.#listeners.forEach(({ name, noting }) => source.addEventListener(name, noting));
      source.onopen = (event) => {
        this.#failures = 0;
        this.onopen(event);
      };
      source.onerror = (event) => this.#fail(source, event);
    }

    // A lost connection is opened again by the browser, a refused one never: then it is our turn, ever more slowly.
    #fail(source, event) {
      this.onerror(event);
      if (source !== this.#source || source.readyState !== EventSource.CLOSED) return;
      this.#source = null;
      const seconds = Math.min(RETRY_SECONDS_MAX, 2 ** this.#failures);
      this.#failures += 1;
      this.#timer = setTimeout(() => this.resume(), seconds * 1000);
    }
  }

  const pauseAll = () => streams.forEach((stream) => stream.pause());
  const resumeAll = () => {
    if (document.visibilityState !== "hidden") streams.forEach((stream) => stream.resume());
  };

  document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? pauseAll() : resumeAll()));
  // Into the back/forward cache and out of it again.
  window.addEventListener("pagehide", pauseAll);
  window.addEventListener("pageshow", resumeAll);

  htmx.createEventSource = (url) => new Stream(url);
})();

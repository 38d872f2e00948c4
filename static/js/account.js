// What the pages about a person need besides app.js: one submit per form, passwords shown and judged, the time zone.
(() => {
  "use strict";

  const WEAK_DISTINCT = 5;
  const STRONG_LENGTH = 14;

  // One submit per form -----------------------------------------------------------------------------------------------

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "true";
    form.setAttribute("aria-busy", "true");
    form.querySelectorAll("[data-password] input").forEach((input) => show(input, false));
  });

  // The back button brings a page back as it was left: sent.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    });
  });

  // Passwords ---------------------------------------------------------------------------------------------------------

  const show = (input, shown) => {
    input.type = shown ? "text" : "password";
    input.parentElement.querySelector("button").setAttribute("aria-pressed", String(shown));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-password] button");
    if (!button) return;
    const input = button.parentElement.querySelector("input");
    show(input, input.type === "password");
    input.focus();
  });

  const strength = (password, lengthMin) => {
    if ([...password].length < lengthMin) return "short";
    const distinct = new Set(password.toLowerCase()).size;
    const run = "abcdefghijklmnopqrstuvwxyz 0123456789 qwertyuiop asdfghjkl";
    const regular = run.includes(password.toLowerCase().slice(0, 6)) || /^\d+$/.test(password);
    const address = document.querySelector("input[type=email]")?.value.split("@")[0].toLowerCase();
    const known = address && address.length > 3 && password.toLowerCase().includes(address);
    if (distinct < WEAK_DISTINCT || regular || known) return "weak";
    return [...password].length >= STRONG_LENGTH ? "strong" : "fair";
  };

  document.addEventListener("input", (event) => {
    const judge = document.querySelector(`[data-password-strength="${CSS.escape(event.target.id)}"]`);
    if (!judge) return;
    const level = event.target.value ? strength(event.target.value, Number(event.target.dataset.lengthMin)) : "";
    if (judge.dataset.level === level) return;
    judge.dataset.level = level;
    judge.textContent = level ? judge.dataset[level] : "";
  });

  // Waiting: <button data-wait-seconds="42" data-wait-label="in %s seconds"> ---------------------------------------------

  const wait = (button) => {
    const label = button.textContent;
    const until = Date.now() + Number(button.dataset.waitSeconds) * 1000;
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      button.disabled = seconds > 0;
      button.textContent = seconds > 0 ? button.dataset.waitLabel.replace("%s", seconds) : label;
      if (seconds > 0) setTimeout(tick, 500);
    };
    button.removeAttribute("data-wait-seconds");
    tick();
  };

  // The time zone: sent along when signing up, suggested in the preferences ---------------------------------------------

  const suggestZone = (hint) => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const select = document.getElementById(hint.dataset.zoneHint);
    const option = select && [...select.options].find((one) => one.value === zone);
    hint.hidden = !option || select.value === zone;
    if (hint.hidden) return;
    hint.querySelector("b").textContent = option.textContent;
    hint.querySelector("button").addEventListener("click", () => {
      select.value = zone;
      hint.hidden = true;
      select.focus();
    });
  };

  const start = (root) => {
    root.querySelectorAll("[data-password] button").forEach((button) => (button.hidden = false));
    // What was refused gets the focus: the field, or after a failed login the password.
    root.querySelector("form[data-once] [aria-invalid=true], form[data-once]:has(> .alert) [data-password] input")?.focus();
    root.querySelectorAll("[data-wait-seconds]").forEach(wait);
    root.querySelectorAll("[data-zone-hint]").forEach(suggestZone);
    root.querySelectorAll("input[data-time-zone]").forEach((input) => {
      input.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    });
  };

  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
})();

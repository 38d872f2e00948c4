// The history: "/" goes to the search, and what is selected is counted.
(() => {
  "use strict";

  const boxes = (name) => [...document.querySelectorAll(`input[type=checkbox][name="${name}"]`)];

  const show = (name) => {
    const all = boxes(name);
    const chosen = all.filter((box) => box.checked).length;
    document.querySelectorAll(`[data-selected="${name}"]`).forEach((output) => {
      output.textContent = chosen ? `(${chosen.toLocaleString(document.documentElement.lang)})` : "";
    });
    document.querySelectorAll(`[data-needs-selection="${name}"]`).forEach((button) => (button.disabled = !chosen));
    document.querySelectorAll(`[data-select-all="${name}"]`).forEach((box) => {
      box.checked = chosen > 0 && chosen === all.length;
      box.indeterminate = chosen > 0 && chosen < all.length;
    });
  };

  const showAll = () =>
    document.querySelectorAll("[data-select-all]").forEach((box) => show(box.dataset.selectAll));

  document.addEventListener("change", (event) => {
    const { name, dataset, checked } = event.target;
    if (dataset.selectAll) {
      boxes(dataset.selectAll).forEach((box) => (box.checked = checked));
      show(dataset.selectAll);
    } else if (document.querySelector(`[data-select-all="${CSS.escape(name)}"]`)) {
      show(name);
    }
  });

  // A row that was deleted had the focus: it goes on to the list, and not back to the top of the page.
  document.addEventListener("htmx:afterSettle", () => {
    showAll();
    const list = document.getElementById("generation-list");
    if (list && document.activeElement === document.body) list.focus({ preventScroll: true });
  });

  const isTyping = (element) => element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

  document.addEventListener("keydown", (event) => {
    const field = event.key === "/" && document.querySelector("[data-search-key]");
    if (!field || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

  window.addEventListener("pageshow", showAll);
  showAll();
})();

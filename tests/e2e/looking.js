// Questions to a page, asked by tests/e2e/looking.py. Each returns a list of short descriptions.

function describe(element) {
  const text = (element.innerText || element.value || "").trim().replace(/\s+/g, " ").slice(0, 60);
  const classes = [...element.classList].slice(0, 3).map((name) => `.${name}`).join("");
  return `<${element.localName}${element.id ? `#${element.id}` : ""}${classes}> ${text}`;
}

function isShown(element) {
  const box = element.getBoundingClientRect();
  return box.width > 1 && box.height > 1 && element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
}

function scrolls(element) {
  return ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
}

function hasScrollingAncestor(element) {
  for (let above = element.parentElement; above && above !== document.body; above = above.parentElement) {
    if (scrolls(above) || ["hidden", "clip"].includes(getComputedStyle(above).overflowX)) return true;
  }
  return false;
}

// Elements that make the page wider than its window.
function sideways() {
  const most = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= window.innerWidth) return [];
  const wide = [...document.body.querySelectorAll("*")].filter(
    (element) => isShown(element) && element.getBoundingClientRect().right > most + 1 && !hasScrollingAncestor(element),
  );
  return [`page is ${document.scrollingElement.scrollWidth} wide`, ...wide.slice(0, 6).map(describe)];
}

// Elements that hide a part of their own text and give no way to reach it.
function clipped(allowed) {
  const hides = (value) => value === "hidden" || value === "clip";
  return [...document.body.querySelectorAll("*")]
    .filter((element) => {
      if (!isShown(element) || !element.textContent.trim() || element.closest(allowed)) return false;
      const style = getComputedStyle(element);
      const wide = hides(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
      const high = hides(style.overflowY) && element.scrollHeight > element.clientHeight + 3;
      return (wide || high) && element.clientWidth > 2;
    })
    .map(describe);
}

// Labels whose words do not fit into them.
function clippedLabels(allowed) {
  const labels = "button, .btn, nav a, label, th, .badge, summary, legend, h1, h2, h3, dt, [role=tab], [role=menuitem]";
  return [...document.body.querySelectorAll(labels)]
    .filter((element) => isShown(element) && getComputedStyle(element).display !== "inline" && !element.closest(allowed))
    .filter((element) => element.clientWidth > 2 && element.scrollWidth > element.clientWidth + 1)
    .map(describe);
}

// Words in plain letters: what did not come through gettext. `known` are texts that are data.
function untranslated({ known, skipped }) {
  const found = [];
  const judge = (text, element, kind) => {
    const plain = known.reduce((left, data) => left.split(data).join(" "), text.trim());
    const translated = /[À-ɏḀ-ỿ]/.test(plain);
    if (/[A-Za-z]{2}/.test(plain) && !translated) found.push(`${kind} "${text.trim().slice(0, 60)}" in ${describe(element)}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (element.closest(skipped) || !element.checkVisibility()) continue;
    judge(walker.currentNode.data, element, "text");
  }
  for (const name of ["aria-label", "title", "alt", "placeholder"]) {
    for (const element of document.body.querySelectorAll(`[${name}]`)) {
      if (!element.closest(skipped)) judge(element.getAttribute(name), element, name);
    }
  }
  judge(document.title, document.body, "page title");
  return found;
}

// Where the keyboard is, and whether a person can see it.
function focused() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
  const box = element.getBoundingClientRect();
  const inView = box.bottom > 0 && box.top < window.innerHeight && box.right > 0 && box.left < window.innerWidth;
  return { description: describe(element), visible: isShown(element) && inView && ring && element.matches(":focus-visible") };
}

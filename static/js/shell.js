// The frame around the pages: where one is, the theme, menus, dialogs, and focus after a page was swapped in.
(() => {
  "use strict";

  const THEME_SECONDS = 365 * 24 * 3600;
  const main = () => document.getElementById("main");

  // The link of the section that is shown ----------------------------------------------------------------------------

  // The longest address that the current one starts with: /generations/new/ is not the history.
  const markSection = () => {
    const links = [...document.querySelectorAll("[data-section]")];
    const matched = (link) =>
      Math.max(0, ...link.dataset.section.split(" ").map((path) => location.pathname.startsWith(path) && path.length));
    const longest = Math.max(...links.map(matched));
    links.forEach((link) => {
      if (longest && matched(link) === longest) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
  };

  document.addEventListener("htmx:pushedIntoHistory", markSection);

  // Not all tabs fit on a phone: the one that is shown is in sight ---------------------------------------------------

  const showTab = () => {
    const tab = document.querySelector(".subnav [aria-current]");
    if (tab) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  showTab();

  // A swapped page reads from its heading, like a loaded one --------------------------------------------------------

  document.addEventListener("htmx:afterSettle", (event) => {
    if (!event.detail.target || event.detail.target.id !== "main") return;
    markSection();
    showTab();
    const menu = document.getElementById("shell-menu");
    if (menu && menu.matches(":popover-open")) menu.hidePopover();
    const heading = main() && main().querySelector("h1");
    if (heading) heading.focus({ preventScroll: true });
  });

  // Theme ------------------------------------------------------------------------------------------------------------

  const chooseTheme = (theme) => {
    const chosen = theme === "system" ? "" : theme;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${chosen}; path=/; max-age=${chosen ? THEME_SECONDS : 0}; samesite=lax${secure}`;
    if (chosen) document.documentElement.dataset.theme = chosen;
    else delete document.documentElement.dataset.theme;
    document.querySelectorAll("[data-theme-switch] [name=theme]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.value === theme));
    });
  };

  document.addEventListener("submit", (event) => {
    const theme = event.target.matches("[data-theme-switch]") && event.submitter && event.submitter.value;
    if (!theme) return;
    event.preventDefault();
    chooseTheme(theme);
  });

  // Menus and dialogs ------------------------------------------------------------------------------------------------

  const closeMenus = (except) =>
    document.querySelectorAll(".menu-details[open]").forEach((menu) => menu !== except && (menu.open = false));

  document.addEventListener("click", (event) => {
    closeMenus(event.target.closest(".menu-details"));
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) document.getElementById(opener.dataset.dialogOpen).showModal();
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog").close();
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector(".menu-details[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  markSection();
})();

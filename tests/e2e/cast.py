"""The people of dev/sample_data in a browser: logged in once each, in as many profiles as a test asks for."""

import json
import sys
from typing import Any

from dev.sample_data.people import BUSY, FRESH, FULL, OWING, PAYING, TEAMED
from dev.sample_data.people import PASSWORD as SAMPLE_PASSWORD
from tests.e2e.catalogue import ANYONE, STAFF, Page
from tests.product import EMAIL, PASSWORD, Product

PASSWORDS = {
    EMAIL: PASSWORD,
    FULL: SAMPLE_PASSWORD,
    FRESH: SAMPLE_PASSWORD,
    BUSY: SAMPLE_PASSWORD,
    PAYING: SAMPLE_PASSWORD,
    OWING: SAMPLE_PASSWORD,
    TEAMED: SAMPLE_PASSWORD,
    STAFF: "staff-password",
}
DESKTOP, PHONE, SMALL_PHONE = (1280, 900), (390, 844), (360, 780)
PATIENCE_MS = 15_000


class Cast:
    """Logs people in and opens pages for them."""

    def __init__(self, *, browser: Any, product: Product) -> None:
        self._browser, self._product = browser, product
        made = product.run(f"{sys.executable} -m dev.sample_data {FULL}")
        self.ids: dict[str, str] = json.loads(made.strip().splitlines()[-1])
        self._states: dict[str, Any] = {ANYONE: None}
        self._desks: dict[tuple[str, str], Any] = {}

    def tab(self, who: str, *, base_url: str = "") -> Any:
        """Return a new tab in the profile that somebody always uses: what was loaded once is in its cache."""
        if (who, base_url) not in self._desks:
            self._desks[who, base_url] = self.profile(who, base_url=base_url)
        return self._desks[who, base_url].new_page()

    def profile(self, who: str, *, size: tuple[int, int] = DESKTOP, base_url: str = "", **options: Any) -> Any:
        """Return a browser profile of somebody; a cookie is good at every port of the product."""
        profile = self._browser.new_context(
            base_url=base_url or self._product.base_url,
            storage_state=self.state(who),
            viewport=_viewport(size),
            reduced_motion="reduce",
            **options,
        )
        profile.set_default_timeout(PATIENCE_MS)
        return profile

    def state(self, who: str) -> Any:
        """Return the cookies of somebody, from one log-in for all tests that only need to be logged in."""
        if who not in self._states:
            self._states[who] = self._log_in(who)
        return self._states[who]

    def address(self, page: Page) -> str:
        """Return a page's address with the ids of the sample data filled in."""
        return page.path.format(**self.ids)

    def open(self, page: Page, tab: Any) -> Any:
        """Bring a tab to a page and into its state; return the answer to the first request."""
        answer = tab.goto(self.address(page))
        if page.act is not None and answer.status == page.status:
            page.act(tab)
        tab.evaluate("document.fonts.ready.then(() => null)")
        return answer

    def _log_in(self, who: str) -> Any:
        profile = self._browser.new_context(base_url=self._product.base_url)
        tab = profile.new_page()
        tab.goto("/accounts/login/")
        tab.fill("input[name=login]", who)
        tab.fill("input[name=password]", PASSWORDS[who])
        with tab.expect_navigation(url="**/generations/new/**"):
            tab.press("input[name=password]", "Enter")
        state = profile.storage_state()
        profile.close()
        return state


def pose(tab: Any, *, theme: str = "light", size: tuple[int, int] = DESKTOP) -> None:
    """Give a tab a theme and a size, unless it has them, and let the page settle."""
    wanted = _viewport(size)
    dark = tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    if tab.viewport_size == wanted and dark == (theme == "dark"):
        return
    tab.set_viewport_size(wanted)
    tab.emulate_media(color_scheme=theme)
    settle(tab)


def settle(tab: Any) -> None:
    """Wait for the next frames and end what moves or changes colour: half-way through, every contrast is wrong."""
    tab.evaluate(
        """async () => {
            const frame = () => new Promise(requestAnimationFrame);
            await frame(); await frame();
            for (const animation of document.getAnimations()) {
                if (animation.effect?.getTiming().iterations !== Infinity) animation.finish();
            }
            await frame();
        }"""
    )


def _viewport(size: tuple[int, int]) -> dict[str, int]:
    return {"width": size[0], "height": size[1]}

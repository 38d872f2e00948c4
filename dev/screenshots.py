"""`bin/screenshots`: pictures of every page and state in the catalogue, light and dark, on a desktop and on a phone."""

import argparse
import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from dev.run import ROOT
from tests.e2e.cast import DESKTOP, PHONE, Cast, pose
from tests.e2e.catalogue import PAGES, Page
from tests.e2e.chromium import CHROMIUM, FLAGS
from tests.e2e.web_process import web_process
from tests.product import Product

THEMES = ("light", "dark")
SIZES = {"desktop": DESKTOP, "phone": PHONE}
# What the README shows: the names of pages, in both themes, as large as a screen.
IN_THE_README = ("landing", "composer-filled", "generation-succeeded", "history", "billing", "usage")
README_SIZE, README_FOLDER, README_BYTES_MAX = (1280, 800), ROOT / "docs" / "images", 150_000
# Nothing blinks or moves while it is photographed.
STILL = "*, *::before, *::after { animation: none !important; transition: none !important; caret-color: transparent }"


def main(arguments: list[str]) -> int:
    """Start a product of our own, take the pictures and say where they are; return the exit code."""
    options = _parser().parse_args(arguments)
    chosen = [page for page in PAGES if not options.only or any(name in page.name for name in options.only)]
    if not chosen or CHROMIUM is None:
        print("No page of this name." if CHROMIUM else "Chromium is needed: apt install chromium", file=sys.stderr)
        return 1
    with _studio(options.var, pseudo=options.pseudo) as (cast, base_url):
        if options.readme:
            return _take_for_the_readme(cast, base_url=base_url)
        missed = _take_all(chosen, cast=cast, base_url=base_url, folder=options.out)
    print(f"{len(chosen) - len(missed)} pages in {options.out}")
    for line in missed:
        print(f"  not as expected: {line}", file=sys.stderr)
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/screenshots", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="pages with this in their name; repeatable")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "screenshots", help="the folder for the pictures")
    parser.add_argument("--var", type=Path, default=ROOT / "var" / "studio", help="the folder for the product's data")
    parser.add_argument("--pseudo", action="store_true", help="in the pseudo-locale: longer words, no plain letters")
    parser.add_argument("--readme", action="store_true", help="only the README's pictures, into docs/images")
    return parser


@contextmanager
def _studio(var_dir: Path, *, pseudo: bool) -> Iterator[tuple[Cast, str]]:
    """Run a product with sample data and a browser; yield the people and the address to photograph."""
    with Product(var_dir) as product, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        cast = Cast(browser=browser, product=product)
        try:
            if pseudo:
                with web_process(product, DJANGO_SETTINGS_MODULE="dev.pseudo_settings") as base_url:
                    yield cast, base_url
            else:
                yield cast, product.base_url
        finally:
            browser.close()


def _take_all(pages: list[Page], *, cast: Cast, base_url: str, folder: Path) -> list[str]:
    """Photograph pages; return what did not come into its state, one line each."""
    folder.mkdir(parents=True, exist_ok=True)
    missed = []
    for page in pages:
        profile = cast.profile(page.who, base_url=base_url)
        tab = profile.new_page()
        try:
            answer = cast.open(page, tab)
            if answer.status != page.status:
                missed.append(f"{page.name}: answered {answer.status}")
        except Exception as error:  # one page that cannot be reached does not end the others
            missed.append(f"{page.name}: {str(error).splitlines()[0]}")
        for theme in THEMES:
            for size_name, size in SIZES.items():
                pose(tab, theme=theme, size=size)
                tab.screenshot(path=folder / f"{page.name}-{theme}-{size_name}.png", full_page=True, style=STILL)
        profile.close()
    return missed


def _take_for_the_readme(cast: Cast, *, base_url: str) -> int:
    README_FOLDER.mkdir(parents=True, exist_ok=True)
    for page in (page for page in PAGES if page.name in IN_THE_README):
        profile = cast.profile(page.who, base_url=base_url, size=README_SIZE)
        tab = profile.new_page()
        cast.open(page, tab)
        for theme in THEMES:
            pose(tab, theme=theme, size=README_SIZE)
            picture = _webp(tab)
            assert len(picture) <= README_BYTES_MAX, f"{page.name} in {theme} takes {len(picture)} bytes"
            (README_FOLDER / f"{page.name}-{theme}.webp").write_bytes(picture)
        profile.close()
    print(f"{len(IN_THE_README) * len(THEMES)} pictures in {README_FOLDER}")
    return 0


def _webp(tab: Any) -> bytes:
    """Photograph what is on the screen, much smaller than Playwright's own formats."""
    wire = tab.context.new_cdp_session(tab)
    taken = wire.send("Page.captureScreenshot", {"format": "webp", "quality": 82})
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

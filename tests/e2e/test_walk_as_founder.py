"""A founder's first hour: on a copy of the checkout, one file each for what makes a product one's own."""

import hashlib
import re
import secrets
import shutil
import subprocess
import sys

import pytest

from dev.run import ROOT
from tests.e2e.test_journey import mailed_link
from tests.e2e.web_process import web_process

NAME, PLAN, CREDITS = "Harbourlight", "Skerryvore", 700
COLOR, COLOR_SEEN = "#006450", "rgb(0, 100, 80)"
LEFT_OUT = (".git", ".venv", "var", "node_modules", "staticfiles", "__pycache__", ".*_cache", ".env")
TEMPLATE = """name: Harbour haiku
description: Three lines about a place.
output_tokens_max: 200
fields:
  - name: place
    label: Which place?
    kind: text
    characters_max: 80
system: You write haiku. Answer in the language of the place's name.
user: A haiku about $place
"""


def name_the_product(path):
    path.write_text(f"SITE_NAME={NAME}\n")


def color_the_brand(path):
    replace(path, r"--color-primary: [^;]+;", f"--color-primary: light-dark({COLOR}, #78dcbe);")


def give_more_credits(path):
    replace(path, r"SIGN_UP_GRANT_CREDITS = \d+", f"SIGN_UP_GRANT_CREDITS = {CREDITS}")


def rename_a_plan(path):
    replace(path, r"name: Starter", f"name: {PLAN}")


def add_a_prompt_template(path):
    (path / "harbour-haiku.yaml").write_text(TEMPLATE)


# What CONTRIBUTING.md says can be changed in one file, and how this founder does it.
CHANGES = {
    "the product's name": name_the_product,
    "the brand color": color_the_brand,
    "the free credits": give_more_credits,
    "plans, packs, allowance, how long credits last": rename_a_plan,
    "a new prompt template": add_a_prompt_template,
}


def replace(path, pattern, text):
    changed, count = re.subn(pattern, text, path.read_text())
    assert count == 1, f"{pattern} stands {count} times in {path}"
    path.write_text(changed)


def listed_files() -> dict[str, str]:
    """Return the file of each change, as CONTRIBUTING.md lists them below "Make it yours"."""
    _before, _title, rest = (ROOT / "CONTRIBUTING.md").read_text().partition("## Make it yours\n")
    section = rest.partition("\n## ")[0]
    return dict(re.findall(r"^\| ([a-z][^|]+?) \| `([^`]+)`", section, re.MULTILINE))


def digests(folder) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the checkout, as a founder has it after cloning."""
    folder = tmp_path_factory.mktemp("founder") / "product"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return folder


@pytest.fixture(scope="module")
def changed(copy) -> dict[str, set[str]]:
    """The files that each change has touched."""
    touched, before = {}, digests(copy)
    for what, path in listed_files().items():
        CHANGES[what](copy / path)
        after = digests(copy)
        touched[what] = {name for name, digest in after.items() if before.get(name) != digest}
        before = after
    return touched


@pytest.fixture(scope="module")
def own_url(copy, changed, shared_product):
    """The founder's product, released and served from the copy."""
    release = [sys.executable, "manage.py", "sync_catalogue"]
    done = subprocess.run(release, cwd=copy, env=shared_product.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with web_process(
        shared_product, folder=copy, DJANGO_SETTINGS_MODULE="config.settings.dev", PLANS_FILE=""
    ) as base_url:
        yield base_url
    # The database is everybody's: what its own checkout releases is published again.
    subprocess.run(release, cwd=ROOT, env=shared_product.environment, check=True)


@pytest.fixture
def tab(cast, own_url):
    profile = cast.profile("", base_url=own_url, color_scheme="light")
    yield profile.new_page()
    profile.close()


def test_contributing_lists_what_this_walk_changes():
    assert listed_files().keys() == CHANGES.keys()


def test_every_change_is_one_file(changed):
    assert {what: len(files) for what, files in changed.items()} == dict.fromkeys(CHANGES, 1)


def test_pages_have_the_new_name_and_the_new_color(tab):
    tab.goto("/accounts/signup/")

    assert NAME in tab.title()
    assert NAME in tab.inner_text("body")
    assert "Keel" not in tab.inner_text("body")
    assert tab.locator("main .btn-primary").first.evaluate("e => getComputedStyle(e).backgroundColor") == COLOR_SEEN


def test_the_price_list_has_the_new_plan(tab):
    tab.goto("/pricing/")

    assert tab.locator("main h3, main h2").filter(has_text=PLAN).count() > 0


def test_a_new_customer_gets_the_new_credits_and_uses_the_new_template(tab, own_url, shared_product):
    sign_up(tab, own_url, shared_product)
    assert str(CREDITS) in tab.locator("[data-credits=available]").first.inner_text()

    tab.goto("/generations/new/?template=harbour-haiku")
    tab.fill("#composer-form [name=place]", "Skerry Point")
    tab.click("#composer-form [type=submit]")

    tab.wait_for_selector("[data-status=succeeded]", timeout=40_000)
    assert "Harbour haiku" in tab.inner_text("main")


def sign_up(tab, own_url, product):
    email = f"{secrets.token_hex(6)}@example.com"
    tab.goto("/accounts/signup/")
    tab.fill("input[name=email]", email)
    tab.fill("input[name=password1]", "a-long-enough-password")
    tab.click("main form [type=submit]")
    link = mailed_link(product, email)
    tab.goto(re.sub(r"^https?://[^/]+", own_url, link))
    tab.click("main form [type=submit]")
    tab.wait_for_url("**/generations/new/**")

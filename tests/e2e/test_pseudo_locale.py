"""The product in a language that is longer and has no plain letters: what was never translated, what does not fit."""

from pathlib import Path

import pytest
import yaml

from apps.billing.catalogue import CATALOGUE_PATH
from apps.generation.model_names import model_label
from apps.generation.prompts import FOLDER
from dev.pseudo_locale import accent
from dev.sample_data import people, talks, team, texts
from dev.sample_data.month import MODELS
from tests.e2e.cast import DESKTOP, PHONE, pose
from tests.e2e.catalogue import PRODUCT, Page, in_turn
from tests.e2e.looking import ask
from tests.e2e.web_process import web_process
from tests.product import ALL_MODELS

PLAIN = [page for page in PRODUCT if page.act is None]
# Where people's own words, code and the outside world are shown.
SKIPPED = ", ".join(
    {
        "[translate=no]": "said by the page itself: not for translation",
        "script, style, code, pre, kbd, time": "code and instants",
        ".generation-output": "what a model wrote",
        ".monogram": "initials",
        ".batch-problems span": "found when the file was read, in the language of then",
        ".demo-answer, .demo-prompt dd, .history-snippet": "a recorded or a stored run",
        "textarea, option": "what a person wrote or chooses from a prompt template",
    }
)
# What hides a part of its text on purpose (see test_fit).
ALLOWED = ".truncate, .sr-only"


def strings_in(value: object) -> list[str]:
    """Return every text in a YAML document."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    return [value.strip()] if isinstance(value, str) else []


def known_texts() -> list[str]:
    """Return the texts that are data: of prompt templates, plans, the sample customers, names; the longest first."""
    templates = [text for path in FOLDER.glob("*.yaml") for text in strings_in(yaml.safe_load(Path(path).read_text()))]
    sold = [text for key in ("plans", "packs") for text in strings_in(yaml.safe_load(CATALOGUE_PATH.read_text())[key])]
    slugs = [path.stem for path in FOLDER.glob("*.yaml")]
    said = [*talks.TITLES, *talks.TAGS, *(asked for asked, _answer in talks.MESSAGES)]
    topics = [text for topic in texts.TOPICS for text in topic]
    persons = [*people.NAMES, *people.NAMES.values(), *(email.partition("@")[0] for email in people.NAMES)]
    persons += [word for email, name, *_more in team.PEOPLE for word in (email, name) if word]
    persons += [email for email, _role in team.INVITED]
    own = [
        team.NAME,
        "Keel",
        "UTC",
        "Everything about the tides",
        "A story about the moon",
        "Ferry times",
        "Tide tables, release 4",
        "$2 refunded",
        "An answer to Ada",
        "Call with Harbor Tours",
        "Release notes",
        "The sea at night",
        "spring-catalog-2026.csv",
        "KEEL-2041",
        "KEEL-2077",
    ]
    models = {*ALL_MODELS.split(","), *MODELS, "keel"}
    labels = [model_label(model) for model in models]
    searched = ["invoice", "nothinghasthiswordinit"]
    return sorted(
        {*templates, *sold, *slugs, *topics, *said, *persons, *own, texts.LONG_TITLE, *models, *labels, *searched},
        key=len,
        reverse=True,
    )


@pytest.fixture(scope="module")
def pseudo_url(shared_product):
    with web_process(shared_product, DJANGO_SETTINGS_MODULE="dev.pseudo_settings") as base_url:
        yield base_url


@pytest.fixture(scope="module", params=in_turn(PLAIN))
def accented(request, cast, pseudo_url):
    """Each page of the product in turn, in the pseudo-locale."""
    page: Page = request.param
    tab = cast.tab(page.who, base_url=pseudo_url)
    cast.open(page, tab)
    yield tab
    tab.close()


def test_every_text_of_a_page_comes_through_gettext(accented):
    found = ask(accented, "untranslated", {"known": known_texts(), "skipped": SKIPPED})

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "size", [pytest.param(PHONE, id="phone"), pytest.param(DESKTOP, id="desktop", marks=pytest.mark.long)]
)
def test_no_label_is_cut_off_when_words_are_longer(accented, size):
    pose(accented, size=size)
    found = ask(accented, "sideways") + ask(accented, "clippedLabels", ALLOWED)

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "accented_text"),
    [
        ("Save", "[Šåṽé ~]"),
        ("%(count)s credits", "[%(count)s çŕéðîţš ~~]"),
        ("<b>Stop</b> now", "[<b>Šţöþ</b> ñöŵ ~~]"),
        ("", ""),
    ],
)
def test_a_text_is_accented_and_longer_and_keeps_what_is_filled_in(text, accented_text):
    assert accent(text) == accented_text

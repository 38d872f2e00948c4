"""Nothing sticks out of a small phone, and nothing is cut off when a person makes everything twice as large."""

from tests.e2e.cast import SMALL_PHONE, pose
from tests.e2e.looking import ask

# 1280 pixels at 200 %.
ZOOMED = (640, 450)
# What hides a part of its text on purpose.
ALLOWED_CLIPPED = {
    ".truncate": "one line of a longer text that is whole on its own page",
    ".line-clamp-1, .line-clamp-2, .line-clamp-3": "the beginning of a longer text that is whole on its own page",
    ".sr-only, .visually-hidden": "for screen readers alone",
    ".history-title": "one line of a title that is whole on its own page",
    ".history-snippet": "the place in a text where a search found its words",
    "[aria-hidden=true]": "an illustration",
    "select": "the browser shows the whole choice when it opens",
}


def test_nothing_scrolls_sideways_on_a_small_phone(visit):
    pose(visit.tab, size=SMALL_PHONE)
    found = ask(visit.tab, "sideways")

    assert not found, "\n".join(found)


def test_nothing_is_cut_off_at_200_percent(visit):
    pose(visit.tab, size=ZOOMED)
    found = ask(visit.tab, "sideways") + ask(visit.tab, "clipped", ", ".join(ALLOWED_CLIPPED))

    assert not found, "\n".join(found)

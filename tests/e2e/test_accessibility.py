"""Every page of the catalogue as axe and the browser's own console see it, in both themes."""

from tests.e2e.cast import pose
from tests.e2e.looking import axe_findings


def test_axe_finds_nothing_serious(visit):
    pose(visit.tab)
    found = axe_findings(visit.tab)

    assert not found, "\n".join(found)


def test_contrast_holds_in_the_dark(visit):
    pose(visit.tab, theme="dark")
    found = axe_findings(visit.tab, rules=["color-contrast", "link-in-text-block"])

    assert not found, "\n".join(found)


def test_a_page_answers_as_it_should_and_the_browser_complains_about_nothing(visit):
    assert visit.status == visit.page.status
    assert not visit.complaints, "\n".join(visit.complaints)


def test_a_page_has_a_title_and_one_heading(visit):
    assert visit.tab.title().strip()
    # What a model wrote may have headings of its own.
    assert visit.tab.locator("h1:visible:not(.generation-output h1)").count() == 1

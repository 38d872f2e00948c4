"""Every mail of the product, as subject, HTML and text: complete, honest, and safe to open."""

import re
from html.parser import HTMLParser

import pytest
from django.template import Engine, TemplateDoesNotExist
from django.utils import translation

from apps.core import mail_rendering
from apps.core.mail_rendering import render
from dev.mails import list_samples
from tests.guards.source import ROOT

SITE = "https://keel.example"
HOSTILE = 'Ada <b>&amp; "Co"</b>\r\n\r\nBcc: everybody@example.com'
HOSTILE_ON_ONE_LINE = 'Ada <b>&amp; "Co"</b> Bcc: everybody@example.com'
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 8
# What other templates are made of.
NO_MAILS = {"mail/layout.html", "mail/security.html", "mail/billing.html"}


class Reading(HTMLParser):
    """What a mail program finds in HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links, self.tags, self.words = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.words += data


@pytest.fixture(params=[sample.name for sample in list_samples()])
def sample(request, settings):
    settings.SITE_URL = SITE
    return next(sample for sample in list_samples() if sample.name == request.param)


@pytest.fixture
def content(sample):
    return render(sample.template, sample.context)


def links_in_text(text: str) -> set[str]:
    return set(re.findall(r"https?://\S+", text))


def with_every_word(context: dict, word: str) -> dict:
    """The context, with this for whatever people could have written."""
    return {
        name: word if isinstance(value, str) and not name.endswith("_url") else value for name, value in context.items()
    }


def test_every_variable_of_a_mail_is_filled(sample, monkeypatch):
    monkeypatch.setattr(Engine.get_default(), "string_if_invalid", "UNFILLED(%s)")

    content = render(sample.template, sample.context)

    for part in content:
        assert "UNFILLED" not in part
        assert not re.search(r"\{[{%]|[}%]\}|\bNone\b", part)


def test_every_link_is_absolute_and_leads_to_the_site(content):
    links = Reading(content.html).links

    assert links
    assert [link for link in links if not link.startswith(f"{SITE}/")] == []


def test_text_and_html_have_the_same_links(content):
    assert links_in_text(content.text) == set(Reading(content.html).links)


def test_text_is_no_markup_and_says_what_the_html_says(content):
    words = mail_rendering.on_one_line(Reading(content.html).words)

    assert not re.search(r"</?[a-z]|&[a-z]+;|&#", content.text)
    for line in content.text.splitlines():
        assert line == line.strip()
        if line.endswith("."):
            assert re.sub(r"^\d\. ", "", line) in words


def test_a_mail_loads_nothing_and_runs_nothing(content):
    assert not {"img", "script", "link", "iframe", "form", "object", "video"} & set(Reading(content.html).tags)
    assert not re.search(r"\bsrc=|url\(|@import|\bon[a-z]+=", content.html)


def test_a_subject_is_one_short_line(content):
    assert 0 < len(content.subject) <= 60
    assert content.subject.isprintable()


def test_a_mail_has_one_heading_and_at_most_one_button(content):
    assert Reading(content.html).tags.count("h1") == 1
    assert content.html.count('<a class="mail-filled"') <= 1


def test_a_mail_says_before_it_is_opened_what_it_is_about(sample, content):
    hidden = re.search(r'<div style="display:none[^>]*>(.*?)&#847;', content.html, re.DOTALL)[1].strip()

    assert len(hidden) > 15 or sample.name == "plain"


def test_what_people_wrote_is_shown_as_they_wrote_it_and_is_no_markup(sample):
    content = render(sample.template, with_every_word(sample.context, HOSTILE))

    assert "<b>" not in content.html
    assert "&lt;b&gt;&amp;amp;" in content.html or HOSTILE_ON_ONE_LINE not in content.text
    assert "\nBcc" not in content.text
    assert "\nBcc" not in content.subject


def test_a_long_word_breaks_no_mail(sample):
    content = render(sample.template, with_every_word(sample.context, LONG))

    assert len(content.subject) <= 250
    assert content.html.count("overflow-wrap:anywhere") >= 3


def test_a_name_is_shown_in_text_without_entities():
    context = {"workspace_name": "Tom & Jerry <3", "available": 1, "threshold": 50, "billing_url": "http://x/"}

    content = render("mail/low_balance.html", context)

    assert content.subject == "1 credit left in Tom & Jerry <3"
    assert "Workspace: Tom & Jerry <3\n" in content.text
    assert "Tom &amp; Jerry &lt;3" in content.html


def test_a_mail_is_laid_out_in_the_direction_of_its_language(sample):
    with translation.override("ar"):
        html = render(sample.template, sample.context).html

    assert '<html lang="ar" dir="rtl">' in html
    assert '<html lang="en" dir="ltr">' in render(sample.template, sample.context).html


def test_the_brand_color_is_the_one_of_the_theme(content):
    colors = mail_rendering.palette()

    assert f"background:{colors['primary'].light}" in content.html
    assert f"background: {colors['primary'].dark} !important" in content.html


def test_every_template_of_a_mail_has_a_sample():
    folders = ["mail", "account/email", "mfa/email", "socialaccount/email"]
    templates = {f"{name}/{path.name}" for name in folders for path in (ROOT / "templates" / name).glob("*.html")}

    assert templates - NO_MAILS == {sample.template for sample in list_samples()}


def test_a_template_that_is_not_there_is_an_error():
    with pytest.raises(TemplateDoesNotExist):
        render("mail/nothing.html", {})

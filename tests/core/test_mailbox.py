"""The mailbox of a laptop: there in development, nowhere else, and harmless."""

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

from dev.mails import list_samples

SENDER = "Keel <hello@localhost>"


@pytest.fixture
def mailbox(settings, tmp_path):
    settings.VAR_DIR = tmp_path

    def send(text, *, html=""):
        backend = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=tmp_path / "mail")
        message = EmailMultiAlternatives("Hello", text, SENDER, ["ada@example.com"], connection=backend)
        if html:
            message.attach_alternative(html, "text/html")
        message.send()

    return send


def test_the_product_has_no_mailbox(mailbox):
    assert Client().get("/dev/mailbox/").status_code == 404


@pytest.mark.urls("config.urls_dev")
def test_a_mail_is_listed_and_its_link_can_be_clicked(mailbox, db):
    mailbox("Follow http://testserver/accounts/confirm-email/abc:def/ please.")
    visitor = Client()

    inbox = visitor.get("/dev/mailbox/")
    [link] = [part.split('"')[0] for part in inbox.text.split('href="')[1:] if part.startswith("/dev/mailbox/2")]
    mail = visitor.get(link)

    assert "ada@example.com" in inbox.text
    assert 'href="http://testserver/accounts/confirm-email/abc:def/"' in mail.text


@pytest.mark.urls("config.urls_dev")
def test_markup_in_a_mail_is_shown_as_text(mailbox, db):
    mailbox("<script>alert(1)</script>", html="<script>alert(2)</script>")
    visitor = Client()

    inbox = visitor.get("/dev/mailbox/")
    [link] = [part.split('"')[0] for part in inbox.text.split('href="')[1:] if part.startswith("/dev/mailbox/2")]

    assert "<script>alert" not in visitor.get(link).text


@pytest.mark.urls("config.urls_dev")
def test_an_empty_mailbox_says_so_and_an_unknown_mail_is_a_404(mailbox, db):
    visitor = Client()

    assert "No mail yet." in visitor.get("/dev/mailbox/").text
    assert visitor.get("/dev/mailbox/nothing.log/0/").status_code == 404


def address_of(visitor) -> str:
    """The page of the newest mail."""
    return next(
        part.split('"')[0]
        for part in visitor.get("/dev/mailbox/").text.split('href="')
        if part.startswith("/dev/mailbox/2")
    )


@pytest.mark.urls("config.urls_dev")
def test_the_html_of_a_mail_is_shown_in_a_frame_where_nothing_runs_and_nothing_is_loaded(mailbox, db):
    mailbox("Hello", html="<p style='color:red'>Hello</p><script>alert(1)</script>")
    visitor = Client()
    page = visitor.get(address_of(visitor))
    frame = visitor.get(f"{address_of(visitor)}html/")

    policy = dict(part.strip().partition(" ")[::2] for part in frame["Content-Security-Policy"].split(";"))
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert f'src="{address_of(visitor)}html/"' in page.text
    assert "<p style='color:red'>Hello</p>" in frame.text
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'self'")
    assert policy["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    assert not {"script-src", "img-src", "connect-src", "form-action"} & {k for k, v in policy.items() if v != "'none'"}
    assert frame["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.urls("config.urls_dev")
def test_a_mail_without_html_has_no_frame(mailbox, db):
    mailbox("Only text")
    visitor = Client()

    assert "<iframe" not in visitor.get(address_of(visitor)).text


@pytest.mark.urls("config.urls_dev")
def test_every_mail_of_the_product_can_be_looked_at(db):
    visitor = Client()
    listed = visitor.get("/dev/mails/").text
    names = [sample.name for sample in list_samples()]

    assert [name for name in names if f'href="/dev/mails/{name}/"' not in listed] == []
    for name in names:
        assert visitor.get(f"/dev/mails/{name}/").status_code == 200
        assert visitor.get(f"/dev/mails/{name}/html/").text.startswith("<!doctype html>")
    assert visitor.get("/dev/mails/nothing/").status_code == 404


def test_the_product_has_no_previews_of_mails(db):
    assert Client().get("/dev/mails/").status_code == 404

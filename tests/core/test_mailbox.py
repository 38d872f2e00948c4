"""The mailbox of a laptop: there in development, nowhere else, and harmless."""

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

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

"""Private links and files: what they show, to whom, and that nothing of it runs, names anybody or outlives its end."""

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts import mailed_links
from apps.accounts.models import User, Workspace
from apps.core import personal_data
from apps.core.text import storable
from apps.generation import exports, sharing
from apps.generation.models import Generation, ShareLink
from tests.factories import FundedMembershipFactory, TeamMembershipFactory
from tests.generation import talks
from tests.generation.test_markdown_safety import PAYLOADS

HOSTILE = storable("\n\n".join(PAYLOADS))


@pytest.fixture
def member(db):
    member = FundedMembershipFactory(user__name="Ada Secretname", workspace__name="Secretplace")
    cache.clear()
    return member


@pytest.fixture
def client(member):
    client = Client()
    client.force_login(member.user)
    return client


def link_to(generation, *, is_conversation=False) -> str:
    _link, secret = sharing.create(generation=generation, user_id=generation.user_id, is_conversation=is_conversation)
    return f"/shared/{secret}/"


def test_a_link_is_shown_once_and_leads_whoever_has_it_to_the_answer_alone(client, member):
    one = talks.first(member, text="Secretquestion", output="The **answer**.")

    made = client.post(f"/generations/{one.pk}/share-links/").text
    address = re.search(r'value="(http://testserver/shared/[^"]+)"', made)[1]
    shown = Client().get(address)
    kept = ShareLink.objects.get()

    assert "<strong>answer</strong>" in shown.text
    assert "AI-generated" in shown.text
    assert not re.search("Secret", shown.text)
    assert (shown["Referrer-Policy"], shown["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow")
    assert "no-store" in shown["Cache-Control"]
    assert "'unsafe-inline'" not in shown["Content-Security-Policy"]
    assert kept.digest == mailed_links.digest_of(address.split("/")[-2])
    assert address not in client.get(f"/generations/{one.pk}/share-links/").text


def test_a_link_to_a_conversation_shows_what_was_said_until_then_and_nothing_later(member):
    first = talks.first(member, text="Where it began", output="One.")
    second = talks.then(first, text="Go on", output="Two.")
    address = link_to(second, is_conversation=True)
    talks.then(second, text="Nolonger", output="Three.")

    shown = Client().get(address).text

    assert [word in shown for word in ("Where it began", "One.", "Go on", "Two.", "Nolonger", "Three.")] == [
        *[True] * 4,
        *[False] * 2,
    ]
    Generation.objects.filter(pk=first.pk).update(deleted_at=timezone.now())
    assert "Where it began" not in Client().get(address).text


@pytest.mark.parametrize("end", ["revoked", "deleted", "purged", "workspace", "suspended", "leaving", "erased"])
def test_a_link_that_has_ended_shows_nothing_to_anybody(client, member, end):
    one = talks.first(member)
    address, now = link_to(one), timezone.now()
    assert Client().get(address).status_code == 200

    match end:
        case "revoked":
            client.post(f"/generations/share-links/{ShareLink.objects.get().pk}/revocation/")
        case "deleted":
            client.post(f"/generations/{one.pk}/deletion/")
        case "purged":
            Generation.objects.update(deleted_at=now, purged_at=now, inputs={}, output="")
        case "workspace":
            Workspace.objects.update(suspended_at=now)
        case "suspended":
            User.objects.update(is_active=False, suspended_at=now)
        case "leaving":
            User.objects.update(deletion_due_at=now)
        case "erased":
            personal_data.erase_user(member.user)

    assert Client().get(address).status_code == 404
    assert client.get(address).status_code in {302, 404} if end == "leaving" else True


def test_revoking_twice_is_once_and_others_cannot(client, member):
    one = talks.first(member)
    link_to(one)
    link = ShareLink.objects.get()
    stranger = Client()
    stranger.force_login(FundedMembershipFactory().user)

    assert stranger.post(f"/generations/share-links/{link.pk}/revocation/").status_code == 404
    assert ShareLink.objects.get().revoked_at is None
    answers = [client.post(f"/generations/share-links/{link.pk}/revocation/").status_code for _twice in range(2)]
    assert answers == [302, 302]


def test_what_has_no_text_cannot_be_shared_and_an_answer_has_so_many_links(client, member):
    empty = talks.first(member, output="", status="canceled", finish_reason="canceled")
    one = talks.first(member)
    ShareLink.objects.bulk_create(
        ShareLink(workspace=member.workspace, generation=one, created_by=member.user, digest=str(number))
        for number in range(sharing.LINKS_MAX)
    )

    assert client.post(f"/generations/{empty.pk}/share-links/").status_code == 409
    assert client.post(f"/generations/{one.pk}/share-links/").status_code == 409
    assert ShareLink.objects.count() == sharing.LINKS_MAX


def test_who_asks_too_often_waits(member, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"shared": "3/m"}
    address = link_to(talks.first(member))

    assert [Client().get(address).status_code for _time in range(5)] == [200, 200, 200, 429, 429]


def test_hostile_texts_neither_run_nor_fetch_in_a_file_or_behind_a_link(client, member):
    first = talks.first(member, text=HOSTILE, output=HOSTILE)
    last = talks.then(first, text=HOSTILE + "\u202e", output=HOSTILE)

    file = client.get(f"{talks.url(first, 'html/')}?at={last.pk}")
    shown = Client().get(link_to(last, is_conversation=True))

    assert file["Content-Disposition"].startswith('attachment; filename="')
    assert file.text.count("AI-generated") == 1
    for html in (file.text, shown.text.partition("<main")[2].partition("</main>")[0]):
        assert not re.search(r"<(script|img|iframe|svg(?! class=\"icon)|form|input|object|base|link)\b", html)
        bare = re.sub(r'="[^"]*"', "", html)
        assert not re.search(r"<[^>]+\s(on\w+|style|src|srcdoc)\b", bare)
        assert not re.search(r'href="(?!https?://|mailto:)', html)
        assert "\u202e" not in html


def test_a_file_of_one_answer_does_not_tell_what_was_asked(client, member):
    one = talks.first(member, text="Secretquestion and more", output="Answer.")

    one.conversation.title = "Named"
    one.conversation.save()
    assert "Secretquestion" not in client.get(f"/generations/{one.pk}/html/").text
    told = client.get(talks.url(one, "markdown/")).text
    assert told.startswith("> Written by an AI model.")
    assert "**Text to summarize:** Secretquestion and more" in told
    assert "(no answer)" in exports.as_markdown([talks.first(member, output="")])


def test_the_links_of_a_team_are_everybodys_to_revoke(db):
    owner = TeamMembershipFactory()
    other = TeamMembershipFactory(workspace=owner.workspace, role="member")
    one = talks.first(owner)
    link_to(one)
    client = Client()
    client.force_login(other.user)

    shown = client.get(f"/generations/{one.pk}/share-links/").text
    client.post(f"/generations/share-links/{ShareLink.objects.get().pk}/revocation/")

    assert owner.user.display_name in shown
    assert ShareLink.objects.get().revoked_at is not None

"""Deleting: gone at once from every door, back with Undo, and after thirty days without its texts."""

import json
import re
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.billing.prove import prove
from apps.core import personal_data
from apps.core.ids import uuid7
from apps.generation import library, purging, tasks
from apps.generation.models import Attempt, Conversation, Generation
from tests.billing import parallel
from tests.factories import FundedMembershipFactory, GenerationFactory, MembershipFactory
from tests.generation import runs
from tests.product import wait_for

URL = "/generations/"
FROM_THE_LIST = {
    "HX-Request": "true",
    "HX-Target": "generation-list",
    "HX-Current-URL": f"http://testserver{URL}?q=tides",
}
FROM_A_TOAST = FROM_THE_LIST | {"HX-Target": "main"}
LONG_AGO = timedelta(days=purging.RESTORABLE_DAYS, minutes=1)


@pytest.fixture
def member(db):
    return MembershipFactory()


@pytest.fixture
def client(member):
    client = Client()
    client.force_login(member.user)
    return client


def finished(member, *, title="Tides", **fields):
    known = {"status": "succeeded", "finish_reason": "stop", "finished_at": timezone.now(), "output": "An answer."}
    inputs = {"text": title, "format": "Bullet points"}
    return GenerationFactory(membership=member, conversation__title=title, inputs=inputs, **known | fields)


def deletion(generation) -> str:
    return f"{URL}{generation.pk}/deletion/"


def restoration(generation) -> str:
    return f"{URL}{generation.pk}/restoration/"


def is_listed(client, generation, query="") -> bool:
    return f'id="generation-{generation.pk}"' in client.get(f"{URL}?{query}").text


def is_deleted(generation) -> bool:
    return Generation.objects.get(pk=generation.pk).deleted_at is not None


def delete(generation) -> list:
    return library.delete(workspace_id=generation.workspace_id, generation_ids=[generation.pk])


def restore(generation) -> list:
    return library.restore(workspace_id=generation.workspace_id, generation_ids=[generation.pk])


def purge(*, after=LONG_AGO) -> int:
    return purging.purge_all(now=timezone.now() + after)


def test_the_row_leaves_the_list_and_undo_brings_it_back(client, member):
    one, other = finished(member), finished(member)

    deleted = client.post(deletion(one), {"next": f"{URL}?q=tides"}, headers=FROM_THE_LIST)

    assert f'id="generation-{one.pk}"' not in deleted.text
    assert f'id="generation-{other.pk}"' in deleted.text
    assert f'hx-post="{restoration(one)}"' in deleted.text
    undone = client.post(restoration(one), headers=FROM_A_TOAST)
    assert f'id="generation-{one.pk}"' in undone.text
    assert f"delete:#toasts [data-code=undo-{one.pk}]" in undone.text
    assert 'value="tides"' in undone.text


def test_without_javascript_a_line_of_the_page_offers_undo(client, member):
    one = finished(member)

    page = client.post(deletion(one), {"next": f"{URL}?q=tides"}, follow=True)

    assert page.redirect_chain == [(f"{URL}?q=tides&undo={one.pk}", 302)]
    assert re.search(rf'<form method="post" action="{restoration(one)}">', page.text)
    back = client.post(restoration(one), {"next": f"{URL}?q=tides"}, follow=True)
    assert back.redirect_chain == [(f"{URL}?q=tides", 302)]
    assert is_listed(client, one)
    assert "Deleted." not in client.get(f"{URL}?undo={one.pk}").text


def test_where_to_go_next_is_never_another_site(client, member):
    for address in ("https://evil.example/?q=tides", "//evil.example/", "javascript:alert(1)", "/admin/"):
        response = client.post(deletion(finished(member)), {"next": address})

        assert response["Location"].startswith(URL)


def test_from_any_other_page_the_list_opens_with_undo(client, member):
    one = finished(member)
    elsewhere = {"HX-Request": "true", "HX-Target": "main", "HX-Current-URL": f"http://testserver{URL}{one.pk}/"}

    response = client.post(deletion(one), headers=elsewhere)

    assert json.loads(response["HX-Location"])["path"] == f"{URL}?undo={one.pk}"


def test_every_door_of_a_deleted_generation_is_shut(client, member):
    one = finished(member)
    doors = [f"{URL}{one.pk}/", f"{URL}{one.pk}/markdown/", f"/api/v1/generations/{one.pk}/"]
    assert {client.get(door).status_code for door in doors} == {200}

    delete(one)

    assert {client.get(door).status_code for door in doors} == {404}
    assert client.post(f"{URL}{one.pk}/cancellation/").status_code == 404
    assert client.get("/api/v1/generations/").json()["data"] == []
    assert not is_listed(client, one)
    assert is_listed(client, one, "view=deleted")
    assert is_listed(client, one, "view=deleted&q=tid")
    assert not is_listed(client, one, "q=tid")


def test_who_follows_the_ledger_to_a_deleted_text_is_told_and_can_restore_it(client, member):
    one = finished(member)
    delete(one)

    assert f'action="{restoration(one)}"' in client.get(f"{URL}{one.pk}/").text
    purge()

    page = client.get(f"{URL}{one.pk}/").text
    assert "What it cost stays in your ledger" in page
    assert restoration(one) not in page


def test_twice_gives_the_same_answer(client, member):
    one = finished(member)

    first, again = (client.post(deletion(one), headers=FROM_THE_LIST) for _ in range(2))
    at = Generation.objects.get().deleted_at
    assert (first.status_code, again.status_code) == (200, 200)
    assert client.post(deletion(one)).status_code == 302
    assert Generation.objects.get().deleted_at == at

    assert [client.post(restoration(one)).status_code for _ in range(2)] == [302, 302]
    assert not is_deleted(one)


def test_several_are_deleted_and_restored_together(client, member):
    chosen, kept = [finished(member) for _ in range(3)], finished(member)
    body = {"generation": [str(one.pk) for one in chosen], "next": URL}

    deleted = client.post(f"{URL}deletions/", body, headers=FROM_THE_LIST)

    assert "3 generations deleted." in deleted.text
    assert [is_deleted(one) for one in (*chosen, kept)] == [True, True, True, False]
    undo = re.search(r'hx-post="(/generations/restorations/\?[^"]*)"', deleted.text)[1].replace("&amp;", "&")
    assert "3 generations are restored." in client.post(undo, headers=FROM_A_TOAST).text
    assert not any(map(is_deleted, chosen))


def test_without_javascript_several_are_restored_from_their_view(client, member):
    chosen = [finished(member) for _ in range(2)]
    body = {"generation": [str(one.pk) for one in chosen], "next": f"{URL}?view=deleted"}

    page = client.post(f"{URL}deletions/", body | {"next": URL}, follow=True)
    assert "2 generations deleted." in page.text
    page = client.post(f"{URL}restorations/", body, follow=True)

    assert page.redirect_chain == [(f"{URL}?view=deleted", 302)]
    assert not any(map(is_deleted, chosen))


@pytest.mark.parametrize("door", ["deletions", "restorations"])
@pytest.mark.parametrize("body", [{}, {"generation": "x"}, {"generation": ["", "1"]}])
def test_selecting_nothing_is_said_and_changes_nothing(client, member, door, body):
    one = finished(member)

    assert "Nothing was selected" in client.post(f"{URL}{door}/", body, headers=FROM_THE_LIST).text
    assert "Nothing was selected" in client.post(f"{URL}{door}/", body, follow=True).text
    assert not is_deleted(one)


def test_generations_of_others_are_left_alone(client, member):
    foreign, mine = finished(MembershipFactory()), finished(member)

    assert client.post(deletion(foreign)).status_code == 404
    assert client.post(f"{URL}deletions/", {"generation": str(foreign.pk)}).status_code == 404
    client.post(f"{URL}deletions/", {"generation": [str(foreign.pk), str(mine.pk)]})
    assert (is_deleted(foreign), is_deleted(mine)) == (False, True)

    delete(foreign)
    assert client.post(restoration(foreign)).status_code == 404
    assert client.post(f"{URL}restorations/?generation={foreign.pk}").status_code == 404
    assert "Deleted." not in client.get(f"{URL}?undo={foreign.pk}").text
    assert is_deleted(foreign)


def test_what_waits_is_stopped_and_its_hold_is_released(customer):
    queued = runs.start(customer)

    delete(queued)

    ended = runs.fresh(queued)
    assert (ended.status, ended.hold.status, ended.deleted_at is None) == ("canceled", "released", False)


def test_what_runs_is_stopped_pays_for_its_text_and_comes_back_with_it(customer):
    generation = runs.start(customer, model="keel-endless")
    with runs.running(generation):
        wait_for(lambda: runs.has_sent(generation, characters=40), seconds=10)
        delete(generation)

    ended = runs.fresh(generation)
    assert (ended.status, ended.deleted_at is None) == ("canceled", False)
    assert ended.charged_credits > 0
    runs.assert_settled_once(ended)
    restore(generation)
    assert runs.fresh(generation).output


def test_a_purge_takes_the_texts_and_leaves_the_money(customer):
    generation = runs.run(runs.start(customer))
    Attempt.objects.update(error_detail="the provider says: Tides are long waves")
    charged, records = generation.charged_credits, runs.usage_of(generation)
    delete(generation)

    assert purge(after=LONG_AGO - timedelta(minutes=5)) == 0
    assert purge() == 1

    stub = runs.fresh(generation)
    assert (stub.inputs, stub.output, stub.conversation.title) == ({}, "", "")
    assert Attempt.objects.get().error_detail == ""
    assert (stub.charged_credits, runs.usage_of(stub)) == (charged, records)
    assert stub.hold.captured_amount == charged > 0


def test_a_purge_twice_purges_once_and_nothing_else(member):
    deleted, kept, recent = finished(member), finished(member), finished(member)
    delete(deleted)
    Generation.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now() - LONG_AGO)
    delete(recent)

    tasks.purge_deleted()
    first = Generation.objects.get(pk=deleted.pk).purged_at
    tasks.purge_deleted()

    assert Generation.objects.get(pk=deleted.pk).purged_at == first is not None
    assert {one.output for one in Generation.objects.exclude(pk=deleted.pk)} == {"An answer."}
    assert set(Generation.objects.filter(purged_at=None)) == {kept, recent}


def test_what_was_purged_is_nowhere_and_cannot_be_restored(client, member):
    one = finished(member)
    delete(one)
    purge()

    assert not is_listed(client, one, "view=deleted")
    assert client.post(restoration(one)).status_code == 404
    assert client.post(deletion(one)).status_code == 404
    assert restore(one) == []
    assert is_deleted(one)


def test_a_conversation_keeps_its_title_while_anything_of_it_is_left(member):
    first = finished(member)
    second = finished(member, conversation=first.conversation)
    delete(first)
    purge()
    assert Conversation.objects.get().title == "Tides"

    delete(second)
    purge()
    assert (Conversation.objects.get().title, Conversation.objects.get().deleted_at is None) == ("", False)


def test_a_purge_goes_batch_by_batch(member, monkeypatch):
    monkeypatch.setattr(purging, "BATCH", 2)
    monkeypatch.setattr(purging.purge_batch, "__kwdefaults__", {"limit": 2})
    for _ in range(5):
        delete(finished(member))

    assert purge() == 5


def test_restoring_and_purging_at_once_never_brings_back_an_empty_text(committed_db):
    made = [finished(MembershipFactory()) for _ in range(30)]
    for one in made:
        delete(one)
    Generation.objects.update(deleted_at=timezone.now() - LONG_AGO)

    work = [
        step
        for one in made
        for step in (partial(restore, one), partial(purging.purge_batch, now=timezone.now(), limit=5))
    ]
    answers = parallel.in_threads(work)

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert not Generation.objects.filter(deleted_at=None, output="").exists()
    assert not Generation.objects.filter(purged_at=None, output="").exists()
    assert Generation.objects.filter(purged_at=None).count() + Generation.objects.exclude(purged_at=None).count() == 30


def test_the_ledger_is_whole_after_all_of_it(committed_db):
    generation = GenerationFactory(membership=FundedMembershipFactory())
    delete(generation)
    purge()

    assert prove() == []


def test_personal_data_holds_what_is_deleted_until_it_is_erased(member):
    one = finished(member)
    delete(one)

    (exported,) = personal_data.export_user(member.user)["generation"]["generations"]
    assert (exported["title"], exported["output"], bool(exported["deleted_at"])) == ("Tides", "An answer.", True)

    personal_data.erase_user(member.user)
    erased = Generation.objects.get()
    assert (erased.inputs, erased.output, erased.conversation.title) == ({}, "", "")


def test_an_unknown_generation_is_not_there(client):
    assert client.post(f"{URL}{uuid7()}/deletion/").status_code == 404
    assert client.post(f"{URL}{uuid7()}/restoration/").status_code == 404


def test_nothing_is_deleted_by_looking(client, member):
    one = finished(member)

    assert {client.get(door).status_code for door in (deletion(one), restoration(one), f"{URL}deletions/")} == {405}
    assert not is_deleted(one)


@pytest.mark.usefixtures("committed_db")
def test_the_migrations_can_be_taken_back_and_put_on_again():
    one = finished(MembershipFactory())
    connections.close_all()

    call_command("migrate", "generation", "0001", verbosity=0)
    # With whatever stands on it.
    call_command("migrate", verbosity=0)

    assert Generation.objects.get().pk == one.pk

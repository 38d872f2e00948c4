"""Going on from an answer, running it once more, and what people do with a whole conversation."""

import re

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.core.db import workspace_scope
from apps.generation import context, conversations, estimates, library, purging, selectors, services
from apps.generation.models import Conversation, Generation
from apps.usage import rating
from tests.factories import FundedMembershipFactory, MembershipFactory
from tests.generation import runs, talks
from tests.guards import catalogue
from tests.guards.source import ROOT

HTMX = {"HX-Request": "true"}


@pytest.fixture
def member(db, unlimited_plans):
    return FundedMembershipFactory()


@pytest.fixture
def client(member):
    client = Client()
    client.force_login(member.user)
    return client


def newest() -> Generation:
    return Generation.objects.order_by("-pk")[0]


def test_a_follow_up_sends_what_was_said_and_pays_for_all_of_it(customer):
    client = Client()
    client.force_login(customer.user)
    before = talks.first(customer, output="They come twice a day. " * 400, request_model="keel-echo")

    answer = client.post(talks.url(before), talks.message(before))
    held = runs.fresh(newest()).hold.amount
    done = runs.run(newest())
    sent = runs.call_of(done)["messages"]

    assert (answer.status_code, done.status, done.output) == (302, "succeeded", "Shorter, please.")
    assert [one["role"] for one in sent] == ["system", "user", "assistant", "user"]
    assert (sent[2]["content"], sent[3]["content"]) == (before.output, "Shorter, please.")
    assert sent == [dict(one) for one in context.messages_of(done)]
    assert (done.parent_id, done.conversation_id) == (before.pk, before.conversation_id)
    alone = estimates.estimate_credits(
        template=context.prompts.find_template("follow-up"),
        inputs=done.inputs,
        model=done.request_model,
        at=done.created_at,
    )
    assert done.charged_credits <= held > alone
    assert rating.estimate_tokens_max(before.output) < context.most_tokens(context.messages_of(done))
    runs.assert_settled_once(done)


def test_another_version_stands_beside_the_first_with_the_same_past(client, member):
    parent = talks.first(member)
    original = talks.then(parent, context={"turns": [str(parent.pk)], "instructions": ["Plainly."]})

    for _twice in range(2):
        answer = client.post(f"/generations/{original.pk}/variants/", {"idempotency_key": "once"})
    made = newest()

    assert answer.status_code == 302
    assert Generation.objects.count() == 3
    assert (made.parent_id, made.variant_of_id, made.context) == (parent.pk, original.pk, original.context)
    assert made.inputs == original.inputs
    assert "Version 2" in client.get(answer.url.partition("#")[0]).text
    with pytest.raises(services.ParentRunningError):
        services.start_generation(**_again(made), variant_of=made)


def _again(one):
    return {
        "user": one.user,
        "workspace": one.workspace,
        "template": context.prompts.find_template("follow-up"),
        "inputs": one.inputs,
        "model": one.request_model,
        "idempotency_key": "again",
        "address": "203.0.113.7",
    }


@pytest.mark.parametrize(
    ("parent", "status"),
    [
        ({"status": "queued", "finish_reason": "", "finished_at": None, "output": ""}, 409),
        ({"deleted_at": timezone.now()}, 404),
    ],
)
def test_what_runs_or_is_gone_cannot_be_followed(client, member, parent, status):
    first = talks.first(member)
    second = talks.then(first, **parent)

    answer = client.post(talks.url(first), talks.message(second), headers=HTMX)

    assert answer.status_code == status
    assert Generation.objects.count() == 2


def test_without_javascript_a_refusal_brings_the_page_back_with_the_text(client, member):
    first = talks.first(member)
    running = talks.then(first, status="queued", finish_reason="", finished_at=None, output="")

    answer = client.post(talks.url(first), talks.message(running, text="Do not lose me."))

    assert answer.status_code == 409
    assert "Do not lose me." in answer.text
    assert str(services.ParentRunningError.sentence) in answer.text


def test_sent_twice_is_one_message_and_other_text_is_a_conflict(client, member):
    first = talks.first(member)
    sent = talks.message(first)

    answers = [client.post(talks.url(first), sent).status_code for _twice in range(2)]
    other = client.post(talks.url(first), sent | {"text": "Longer."}, headers=HTMX)

    assert (answers, other.status_code, Generation.objects.count()) == ([302, 302], 409, 2)


def test_a_message_of_another_conversation_is_not_followed_from_here(client, member):
    here, there = talks.first(member), talks.first(member)

    assert client.post(talks.url(here), talks.message(there), headers=HTMX).status_code == 404
    assert client.post(talks.url(here), talks.message(here, text=" "), headers=HTMX).status_code == 422
    assert Generation.objects.count() == 2


def test_deleted_and_failed_turns_are_not_told(member):
    first = talks.first(member, output="Kept.")
    failed = talks.then(first, status="failed", finish_reason="error", error_code="x", output="Half of it.")
    deleted = talks.then(failed, output="Gone.", deleted_at=timezone.now())
    last = talks.then(deleted, output="Newest.")

    told = [one.output for one in context.answered([first, failed, deleted, last])]

    assert told == ["Kept.", "Newest."]
    last.context = {"turns": [str(first.pk), str(deleted.pk)]}
    assert [one["content"] for one in context.messages_of(last) if one["role"] == "assistant"] == ["Kept."]


def test_the_page_shows_the_path_and_says_what_is_only_summarized(client, member):
    first = talks.first(member, output="Once upon a tide.")
    second = talks.then(first, text="<b>Go on</b>")
    other = talks.variant(second, output="Told otherwise.")
    third = talks.then(second, output="The end.", context={"summarized": [str(first.pk)], "left_out": 2})

    shown = client.get(talks.url(first)).text
    versions = client.get(f"{talks.url(first)}?at={other.pk}").text

    assert "&lt;b&gt;Go on&lt;/b&gt;" in shown
    assert "Version 1 of 2" in shown
    assert "1 earlier message is only summarized." in shown
    assert "2 before that are left out." in shown
    assert f'value="{third.pk}"' in shown
    assert "Told otherwise." in versions
    assert versions.count("Go on from this one") == 2
    assert "The end." not in versions


def test_a_message_can_be_changed_and_sent_again_from_its_place(client, member):
    first = talks.first(member)
    second = talks.then(first, text="Make it rhyme.")
    talks.then(second)

    shown = client.get(f"{talks.url(first)}?edit={second.pk}").text

    assert "Make it rhyme.</textarea>" in shown
    assert f'name="parent" value="{first.pk}"' in shown


def test_title_tags_pin_and_archive(client, member):
    one = talks.first(member)
    labeled = client.post(talks.url(one, "label/"), {"title": "Ebb", "tags": "Spring,  harbor , spring"})
    client.post(talks.url(one, "pin/"), {"on": "1"})
    pinned = client.get("/generations/").text
    tagged = client.get("/generations/?tag=harbor").text
    client.post(talks.url(one, "archive/"), {"on": "1"})
    kept = Conversation.objects.get()

    assert labeled.status_code == 302
    assert (kept.title, kept.tags, kept.pinned_at) == ("Ebb", ["spring", "harbor"], None)
    assert 'class="pinned-card"' in pinned
    row = f'id="generation-{one.pk}"'
    assert row in tagged
    assert row not in client.get("/generations/?tag=other").text
    assert row not in client.get("/generations/").text
    assert row in client.get("/generations/?view=archived").text


@pytest.mark.parametrize("sent", [{"title": " "}, {"title": "x", "tags": ",".join("abcdefghi")}, {"title": "x" * 121}])
def test_odd_titles_and_tags_are_refused_beside_the_field(client, member, sent):
    one = talks.first(member)

    answer = client.post(talks.url(one, "label/"), sent)

    assert answer.status_code == 422
    assert "field-error" in answer.text
    assert Conversation.objects.get().renamed_at is None


def test_a_title_of_ones_own_is_found_by_its_words_and_nobody_elses(client, member):
    one, other = talks.first(member), talks.first(FundedMembershipFactory())
    for each in (one, other):
        conversations.label(
            workspace_id=each.workspace_id, conversation_id=each.conversation_id, title="Narwhal letters", tags=[]
        )

    found = client.get("/generations/?q=narw").text

    assert f'id="generation-{one.pk}"' in found
    assert f'id="generation-{other.pk}"' not in found


def test_deleting_a_conversation_deletes_all_of_it_and_can_be_taken_back(client, member):
    first = talks.first(member)
    second = talks.then(first)

    answer = client.post(talks.url(first, "deletion/"))
    shut = client.get(talks.url(first)).status_code, client.post(talks.url(first, "deletion/")).status_code
    library.restore(workspace_id=member.workspace_id, generation_ids=[first.pk, second.pk])

    assert answer.url == f"/generations/?undo={second.pk}%2C{first.pk}"
    assert shut == (404, 404)
    assert client.get(talks.url(first)).status_code == 200


def test_a_purge_takes_title_and_tags_with_the_words_they_were_made_of(member):
    first = talks.first(member, text="Secret words", deleted_at=timezone.now() - timezone.timedelta(days=31))
    second = talks.then(first, text="Other words")
    Conversation.objects.update(tags=["mine"])

    purging.purge_all(now=timezone.now())
    kept = Conversation.objects.get()
    assert (kept.title, kept.tags) == ("Other words", ["mine"])

    Generation.objects.filter(pk=second.pk).update(deleted_at=timezone.now() - timezone.timedelta(days=31))
    purging.purge_all(now=timezone.now())
    kept = Conversation.objects.get()
    assert (kept.title, kept.tags) == ("", [])


def test_the_queue_is_counted_over_everybody_from_its_index(member):
    others = [talks.first(FundedMembershipFactory(), **_waiting()) for _number in range(2)]
    mine = talks.first(member, **_waiting())

    assert (selectors.count_before(mine), selectors.count_before(others[0])) == (2, 0)
    client = Client()
    client.force_login(member.user)
    assert "2 before you" in client.get(f"/generations/{mine.pk}/position/").text
    Generation.objects.filter(pk=mine.pk).update(status="succeeded", finish_reason="stop", finished_at=timezone.now())
    assert client.get(f"/generations/{mine.pk}/position/").status_code == 286


def _waiting():
    return {"status": "queued", "finish_reason": "", "finished_at": None, "output": "", "created_at": timezone.now()}


def test_marked_conversations_and_own_titles_are_found_by_index(committed_db):
    member = FundedMembershipFactory()
    Conversation.objects.bulk_create(
        Conversation(workspace=member.workspace, title=f"Talk {number} of narwhal{number}", renamed_at=timezone.now())
        for number in range(1_500)
    )
    text = (ROOT / "apps/generation/sql/find_with_titles.sql").read_text()
    titles = re.search(r"MATERIALIZED \((.*?NULL)\)", text, re.DOTALL)[1]
    asked = re.sub(r"\b(of_workspace|wanted)\b", r"%(\1)s", titles)

    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE generation_conversation, generation_generation")
        cursor.execute(f"EXPLAIN {asked}", {"of_workspace": member.workspace_id, "wanted": "narwhal77"})
        assert "conversation_title_search" in str(cursor.fetchall())
    with workspace_scope(member.workspace_id):
        catalogue.rows("SELECT set_config('enable_seqscan', 'off', true)")
        for name, marked in (("tagged", "with_tag"), ("archived", "archived")):
            found = getattr(conversations, marked)(member.workspace_id, *(["x"] if name == "tagged" else []))
            assert f"conversation_{name}" in found.explain()


@pytest.mark.parametrize(("headers", "target"), [({}, None), (HTMX, "#paywall")])
def test_a_message_that_cannot_be_paid_meets_the_ways_to_pay_and_keeps_its_text(headers, target, db, settings):
    settings.STRIPE_SECRET_KEY = "sk_test_nobody_asks"
    poor = MembershipFactory()
    client = Client()
    client.force_login(poor.user)
    before = talks.first(poor)

    answer = client.post(talks.url(before), talks.message(before, text="Shorter by half."), headers=headers)

    assert (answer.status_code, answer.get("HX-Retarget")) == (402, target)
    page = answer.content.decode()
    assert 'id="paywall-title"' in page
    assert f'name="next" value="{talks.url(before)}"' in page
    assert headers or "Shorter by half." in page
    assert Generation.objects.count() == 1

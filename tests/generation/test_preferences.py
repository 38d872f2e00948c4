"""What a person prefers goes along as our own sentences; what they think of an answer is theirs to change."""

import pytest
from django.test import Client

from apps.core import personal_data
from apps.generation import context, preferences, prompts
from apps.generation.models import Feedback, Generation, Preference, PromptTemplateVersion
from tests.factories import FundedMembershipFactory
from tests.generation import runs, talks

SUMMARY = {"template": "summary", "text": runs.TEXT, "format": "Bullet points", "model": "keel-demo"}
CHOSEN = {"tone": "formal", "language": "de", "template": "summary"}


@pytest.fixture
def member(db, unlimited_plans):
    return FundedMembershipFactory()


@pytest.fixture
def client(member):
    client = Client()
    client.force_login(member.user)
    return client


def test_what_is_chosen_is_shown_in_the_composer_and_goes_to_the_system_alone(client, member):
    saved = client.post("/settings/writing/", CHOSEN)
    opened = client.get("/generations/new/").text
    client.post("/generations/", SUMMARY | {"idempotency_key": "one"})
    sent = context.messages_of(Generation.objects.select_related("template_version").get())

    assert saved.status_code == 302
    assert "Tone: Formal" in opened
    assert "Language: German" in opened
    assert 'id="template-summary"' in opened.partition('aria-current="true"')[0].rpartition("<a ")[2]
    assert "Write in a formal tone" in sent[0]["content"]
    assert "Answer in German" in sent[0]["content"]
    assert "formal tone" not in sent[-1]["content"]
    hold = Generation.objects.get().hold.amount
    assert hold > 0


@pytest.mark.parametrize(
    "sent", [{"tone": "rude"}, {"tone": "formal", "language": "xx"}, CHOSEN | {"template": "follow-up"}]
)
def test_only_our_own_choices_are_taken(client, member, sent):
    assert client.post("/settings/writing/", sent).status_code == 422
    assert not Preference.objects.exists()


def test_every_choice_has_its_sentence():
    for tone in Preference.Tone:
        for language in Preference.Language:
            said = preferences.sentences(Preference(tone=tone, language=language))
            assert len(said) == (tone != "as_asked") + (language != "as_asked")


def test_programs_are_not_written_for_by_a_persons_taste(member):
    preferences.save(user_id=member.user_id, tone="formal", language="de", template="")

    assert runs.start(member, model="keel-demo").context == {}


def test_a_template_that_is_not_listed_is_in_no_list_and_no_composer(client, member):
    assert prompts.find_template("follow-up") is not None
    assert "follow-up" not in {template.slug for template in prompts.list_templates()}
    assert client.get("/generations/new/?template=follow-up").status_code == 404
    assert client.post("/generations/", {"template": "follow-up", "text": "x"}).status_code == 404
    follow_up = talks.then(talks.first(member))
    assert "does not exist any more" in client.get(f"/generations/new/?from={follow_up.pk}").text


def test_a_verdict_is_given_changed_explained_and_taken_back(client, member):
    one = talks.first(member)
    url, htmx = f"/generations/{one.pk}/feedback/", {"HX-Request": "true"}

    assert client.post(url, {"verdict": "up"}).status_code == 302
    shown = client.post(url, {"verdict": "down", "reason": "  Too\nlong. "}, headers=htmx).text
    kept = Feedback.objects.get()
    assert (kept.verdict, kept.reason, kept.user_id) == ("down", "Too long.", member.user_id)
    assert 'aria-pressed="true" title="Bad answer"' in shown
    assert 'value="Too long."' in client.get(f"/generations/{one.pk}/").text
    client.post(url, {"verdict": ""})
    assert not Feedback.objects.exists()


def test_staff_see_how_each_version_of_a_template_is_received(admin_client, member):
    for verdict in ("up", "up", "down"):
        one = talks.first(member)
        Feedback.objects.create(generation=one, user=member.user, verdict=verdict)
    version = PromptTemplateVersion.objects.get(slug="summary")

    shown = admin_client.get(f"/admin/generation/prompttemplateversion/{version.pk}/change/").text

    assert "2 good, 1 bad" in shown


def test_a_person_takes_along_and_loses_what_they_chose_and_thought(member):
    one = talks.first(member)
    preferences.save(user_id=member.user_id, tone="formal", language="de", template="")
    Feedback.objects.create(generation=one, user=member.user, verdict="down", reason="Too long.")

    known = personal_data.export_user(member.user)["generation"]
    personal_data.erase_user(member.user)

    assert known["preferences"] == [{"tone": "formal", "language": "de", "template": ""}]
    assert [given["reason"] for given in known["feedback"]] == ["Too long."]
    assert (Preference.objects.count(), Feedback.objects.count()) == (0, 0)

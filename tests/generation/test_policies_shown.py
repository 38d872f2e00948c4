"""What was found in a text is said, on the page and to programs; what is refused is said at its field."""

from dataclasses import replace

import pytest

from apps.generation import prompts
from apps.generation.models import Generation
from apps.generation.policies import Action, Policies, Policy
from tests.generation import runs
from tests.generation.findings_corpus import FOUND

KEY = FOUND["api_key"][0]
TEXT = f"Write to ada@example.com and bob@example.com, and use {KEY} for it. " + "word " * 25
FORM = {"template": "summary", "text": TEXT, "format": "Bullet points", "model": "keel-echo"}


@pytest.fixture
def refusing(monkeypatch):
    """The summary refuses secrets, and what is not said is as ever."""
    refused = Policies(secrets=Policy(input=Action.REFUSE, output=Action.WARN))
    summary = replace(prompts.get_file("summary"), policies=refused)
    monkeypatch.setitem(prompts._templates(), "summary", summary)


def test_a_refusal_stands_at_its_field_and_the_text_stays(refusing, customer, client):
    client.force_login(customer.user)

    answer = client.post("/generations/", FORM | {"idempotency_key": "once"})

    form = answer.context["form"]
    assert answer.status_code == 422
    assert list(form.errors) == ["text"]
    assert "1 API key, which is not sent to the model" in form.errors["text"][0]
    assert form["text"].value() == TEXT
    assert KEY in answer.content.decode()
    assert not Generation.objects.exists()


def test_a_program_is_told_the_field_and_what_is_in_it(refusing, customer, client):
    client.force_login(customer.user)
    body = {"template": "summary", "model": "keel-echo", "inputs": {"text": TEXT, "format": "Bullet points"}}

    answer = client.post(
        "/api/v1/generations/", body, content_type="application/json", headers={"Idempotency-Key": "once"}
    )

    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("text", "input_refused")]
    assert KEY not in answer.content.decode()


def test_the_page_and_the_api_say_what_was_masked_and_what_was_sent(customer, client):
    client.force_login(customer.user)

    generation = runs.run(runs.start(customer, text=TEXT))
    page = client.get(f"/generations/{generation.pk}/").content.decode()
    answer = client.get(f"/api/v1/generations/{generation.pk}/").json()

    assert "Masked before it was sent to the model: 1 API key." in page
    assert "Sent as written, with 2 e-mail addresses in it." in page
    assert answer["findings"] == {"input": {"mask": {"api_key": 1}, "warn": {"email": 2}}}
    assert KEY in answer["inputs"]["text"]
    assert KEY not in str(runs.calls())

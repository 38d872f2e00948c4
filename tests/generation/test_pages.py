"""The composer and the page of a generation: what they say, what they ask of the database, and that text survives."""

import html
import re

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.billing.models import Hold
from apps.generation import estimates, prompts, reports
from apps.generation.gateway import errors
from apps.generation.models import Attempt, Conversation, Generation
from apps.generation.reports import NextStep
from tests.factories import FundedMembershipFactory, GenerationFactory, MembershipFactory
from tests.queries import asked, asks_at_most

QUERIES_MAX = 15
LISTED = [template for template in prompts.list_files() if template.listed]
INPUTS = {"product": "A tide table", "details": "It is new & <b>bold</b> for sailors.", "tone": "Friendly"}


@pytest.fixture
def member(db, settings):
    settings.GENERATION_MODELS = ["keel-demo", "keel-echo"]
    return FundedMembershipFactory(credits=5000)


@pytest.fixture
def client(member):
    return logged_in(member)


def logged_in(member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def page(client, address, **query) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def composer(client, **query) -> str:
    return page(client, "/generations/new/", **query)


def shown(text: str, name: str) -> str:
    """Return what a text field of the composer shows."""
    found = re.search(rf'<textarea name="{name}"[^>]*>\n?([^<]*)</textarea>', text)
    found = found or re.search(rf'<input type="text" name="{name}"(?: value="([^"]*)")?', text)
    return html.unescape(found[1] or "")


def submission(**more) -> dict[str, str]:
    return {"template": "product-announcement", "idempotency_key": "key", "model": "keel-demo", **INPUTS, **more}


def ended(member, *, template="summary", **columns) -> Generation:
    version = prompts.ensure_version(prompts.get_template(template))
    finished = {"finished_at": timezone.now(), "started_at": timezone.now()} | columns
    return GenerationFactory(membership=member, template_version=version, **finished)


def sizes_of(inputs: dict[str, str]) -> dict[str, int]:
    return {name: len(text.encode()) for name, text in inputs.items()}


# The estimate


@given(data=st.data())
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("template", prompts.list_files(), ids=lambda template: template.slug)
def test_the_estimate_by_size_sees_a_prompt_as_long_as_the_text_itself_makes(template, data):
    texts = {field.name: data.draw(st.text(st.characters(codec="utf-8"), max_size=99)) for field in template.fields}

    def prompt_bytes(inputs):
        return [len(message["content"].encode()) for message in template.messages(inputs)]

    assert prompt_bytes(estimates.stand_ins(template, sizes_of(texts))) == prompt_bytes(texts)


def test_a_long_text_is_estimated_as_it_is_held(member, client):
    inputs = INPUTS | {"details": "wörd " * 799}

    asked = page(client, "/generations/estimate/", template="product-announcement", **sizes_of(inputs))
    client.post("/generations/", submission(**inputs))

    assert f'data-amount="{Hold.objects.get().amount}"' in asked
    assert Hold.objects.get().amount > 5


def test_the_estimate_says_the_very_amount_that_is_then_held(member, client):
    asked = page(client, "/generations/estimate/", template="product-announcement", **sizes_of(INPUTS))
    client.post("/generations/", submission())

    assert f'data-amount="{Hold.objects.get().amount}"' in asked


def test_an_estimate_writes_nothing_and_costs_few_queries(member, client):
    with asked() as queries:
        page(client, "/generations/estimate/", template="summary", text="12000")

    assert len(queries) <= QUERIES_MAX
    assert not [query for query in queries if re.match(r"INSERT|UPDATE|DELETE", query)]


@pytest.mark.parametrize("size", ["-1", "x", "9" * 5000, "", "٣", "1e9"])
def test_sizes_that_make_no_sense_count_as_what_is_possible(client, size):
    assert "data-amount=" in page(client, "/generations/estimate/", template="summary", text=size)


@pytest.mark.parametrize(("query", "status"), [({"template": "gone"}, 404), ({}, 404), ({"model": "gpt-7"}, 422)])
def test_an_estimate_of_what_is_not_offered_is_refused(client, query, status):
    assert (
        client.get("/generations/estimate/", {"template": "summary"} | query if "model" in query else query).status_code
        == status
    )


def test_who_has_too_little_is_shown_the_way_to_credits_before_sending(db):
    text = composer(logged_in(FundedMembershipFactory(credits=2)))

    assert "data-unaffordable" in text
    assert "You have 2 credits left" in text
    assert 'id="get-credits"' in text


def test_who_has_enough_is_told_what_is_held(client):
    text = composer(client)

    assert "Holds up to <strong>" in text
    assert "data-unaffordable" not in text


# Opening the composer


def test_a_first_visit_welcomes_with_an_example_that_one_click_sends(client):
    text = composer(client)

    assert "Welcome! You have 5000 credits." in text
    assert shown(text, "product") == prompts.get_template("product-announcement").example["product"]


def test_later_visits_begin_empty(member, client):
    GenerationFactory(membership=member)

    text = composer(client)

    assert "Welcome!" not in text
    assert (shown(text, "product"), shown(text, "details")) == ("", "")


def test_an_example_is_filled_in_on_demand_and_its_draft_stays_away(member, client):
    GenerationFactory(membership=member)

    text = composer(client, template="summary", example="1")

    assert shown(text, "text").strip() == prompts.get_template("summary").example["text"]
    assert "data-keeps-draft" not in text


def test_run_again_takes_over_every_input_exactly(member, client):
    earlier = ended(
        member, template="product-announcement", inputs=INPUTS, status="succeeded", finish_reason="stop",
        request_model="keel-echo",
    )  # fmt: skip

    text = composer(client, **{"from": str(earlier.pk)})

    assert (shown(text, "product"), shown(text, "details")) == (INPUTS["product"], INPUTS["details"])
    assert re.search(r'<option value="keel-echo"[^>]* selected', text)


def test_run_again_of_a_template_that_is_gone_says_so(member, client):
    version = prompts.ensure_version(prompts.get_template("summary"))
    gone = version.__class__.objects.create(slug="gone", number=1, fingerprint="x", content=version.content)
    earlier = GenerationFactory(membership=member, template_version=gone)

    assert "does not exist any more" in composer(client, **{"from": str(earlier.pk)})


def test_run_again_of_a_foreign_deleted_or_odd_generation_is_not_found(member, client):
    foreign = GenerationFactory()
    deleted = GenerationFactory(membership=member, deleted_at=timezone.now())

    asked = [client.get("/generations/new/", {"from": str(pk)}) for pk in (foreign.pk, deleted.pk, "x", "")]

    assert [answer.status_code for answer in asked] == [404] * 4


def test_choosing_a_template_with_htmx_swaps_the_composer_alone(client):
    headers = {"HX-Request": "true", "HX-Target": "composer"}

    text = client.get("/generations/new/", {"template": "summary"}, headers=headers).content.decode()

    assert text.lstrip().startswith('<div id="composer"')
    assert "<html" not in text


@pytest.mark.parametrize("template", LISTED, ids=lambda template: template.slug)
def test_models_have_readable_names_and_a_price(client, template):
    text = composer(client, template=template.slug)

    assert re.search(r'<option value="keel-echo"[^>]*>Keel echo</option>', text)
    assert '<div class="field-help" id="id_model_helptext">5 credits per 1,000 tokens written</div>' in text


def test_a_choice_of_one_model_is_no_choice(client, settings):
    settings.GENERATION_MODELS = ["keel-demo"]

    assert 'name="model"' not in composer(client)


# Typed text survives


def test_without_htmx_a_refusal_brings_back_what_was_typed(db):
    poor = logged_in(FundedMembershipFactory(credits=1))

    answer = poor.post("/generations/", submission())
    text = answer.content.decode()

    assert answer.status_code == 402
    assert shown(text, "details") == INPUTS["details"]
    assert Generation.objects.count() == Conversation.objects.count() == 0


def test_without_htmx_too_many_at_once_keeps_the_text_and_says_when(client, settings):
    settings.GENERATION_LIMITS = {"user": 1, "workspace": 1, "address": 100_000}
    client.post("/generations/", submission())

    answer = client.post("/generations/", submission(idempotency_key="other"))

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert shown(answer.content.decode(), "product") == INPUTS["product"]


def test_with_htmx_a_refusal_is_a_toast_that_leaves_the_form_alone(client, settings):
    settings.GENERATION_LIMITS = {"user": 1, "workspace": 1, "address": 100_000}
    client.post("/generations/", submission())

    answer = client.post("/generations/", submission(idempotency_key="other"), headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Retarget"]) == (429, "#toasts")


def test_the_composer_says_what_is_left_of_a_minute_where_it_is_little(client, settings):
    settings.GENERATION_LIMITS = {"workspace": 10}
    assert "in this minute" not in composer(client)
    told = []
    for number in range(10):
        client.post("/generations/", submission(idempotency_key=f"key-{number}"))
        told.append("in this minute" in client.get("/generations/estimate/?template=summary&text=40").text)

    assert told == [False] * 7 + [True, True, False]
    assert "You can start the next one in" in composer(client)


def test_with_htmx_an_invalid_form_comes_back_with_its_text(client):
    answer = client.post("/generations/", submission(details="short"), headers={"HX-Request": "true"})
    text = answer.content.decode()

    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#composer-form")
    assert shown(text, "details") == "short"
    assert 'aria-invalid="true"' in text


def test_a_started_run_brings_its_panel_a_new_key_and_fresh_credits(member, client):
    answer = client.post("/generations/", submission(), headers={"HX-Request": "true"})
    text, hold = answer.content.decode(), Hold.objects.get().amount

    assert answer["HX-Push-Url"] == f"/generations/{Generation.objects.get().pk}/"
    assert 'id="generation-panel"' in text
    assert f'[data-credits=available]">{5000 - hold:,}<' in text
    assert 'value="key"' not in text


# The page of a generation


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"status": "succeeded", "finish_reason": "stop", "output": "# Hello"}, "Done"),
        ({"status": "succeeded", "finish_reason": "length", "output": "Half"}, "limit of 800 tokens"),
        ({"status": "canceled", "output": "Some"}, "kept, and only that was charged"),
        ({"status": "canceled"}, "Nothing was charged"),
        ({"status": "failed", "error_code": "idle_timeout", "output": "Some"}, "What arrived is kept"),
    ],
)
def test_every_end_explains_itself(member, client, columns, says):
    text = page(client, f"/generations/{ended(member, **columns).pk}/")

    assert says in text
    assert "data-live" not in text
    assert f'data-status="{columns["status"]}"' in text


@pytest.mark.parametrize("code", sorted(errors._SENTENCES))
def test_every_failure_has_its_sentence_and_a_next_step(member, client, code):
    failed = ended(member, status="failed", error_code=code)

    text = html.unescape(page(client, f"/generations/{failed.pk}/"))

    assert str(errors.sentence_for(code)) in text
    assert f"/generations/new/?from={failed.pk}" in text


def test_the_next_step_fits_the_failure():
    steps = {code: reports.next_step(Generation(error_code=code)) for code in errors._SENTENCES}

    assert steps["content_filtered"] == steps["context_length_exceeded"] == NextStep.CHANGE_TEXT
    assert steps["provider_quota_exhausted"] == steps["model_not_found"] == NextStep.CONTACT
    assert steps["idle_timeout"] == steps["worker_lost"] == steps["queue_timeout"] == NextStep.RUN_AGAIN


def test_the_cost_is_told_to_the_credit(member, client):
    done = ended(member, status="succeeded", finish_reason="stop", output="Text", charged_credits=3)
    Attempt.objects.create(generation=done, number=1, provider="openai", input_tokens=1200, output_tokens=34)

    text = page(client, f"/generations/{done.pk}/")

    assert "Held 10, charged 3, returned 7" in text
    assert "<dd>1,200</dd>" in text
    assert 'href="/billing/"' in text


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "succeeded", "finish_reason": "stop"},
        {"status": "canceled"},
        {"status": "failed", "error_code": "idle_timeout"},
    ],
)
def test_what_has_ended_can_be_deleted_from_its_page(member, client, columns):
    one = ended(member, **columns)
    address = f"/generations/{one.pk}/"

    assert f'<form method="post" action="{address}deletion/"' in page(client, address)
    answer = client.post(f"{address}deletion/", follow=True)

    assert answer.redirect_chain == [(f"/generations/?undo={one.pk}", 302)]
    assert f'<form method="post" action="{address}restoration/">' in answer.text
    assert client.get(address).status_code == 404


def test_what_still_runs_is_stopped_and_not_deleted(member, client):
    running = GenerationFactory(membership=member, status="running", lease_expires_at=timezone.now())

    text = page(client, f"/generations/{running.pk}/")

    assert "cancellation/" in text
    assert "deletion/" not in text


def test_what_was_asked_is_shown_with_its_labels_and_escaped(member, client):
    asked = ended(member, template="product-announcement", inputs=INPUTS, status="canceled")

    text = page(client, f"/generations/{asked.pk}/")

    assert "What should it say?" in text
    assert "It is new &amp; &lt;b&gt;bold&lt;/b&gt; for sailors." in text


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({}, "Waiting for a worker"),
        ({"status": "running", "lease_expires_at": timezone.now()}, "Thinking"),
        ({"status": "running", "lease_expires_at": timezone.now(), "cancel_requested_at": timezone.now()}, "Stopping…"),
    ],
)
def test_a_run_that_goes_on_shows_its_stage_and_its_stream(member, client, columns, says):
    text = page(client, f"/generations/{GenerationFactory(membership=member, **columns).pk}/")

    assert f"<b data-stage-text>{says}</b>" in text
    assert "data-live" in text
    assert 'id="stop-button"' in text


def test_only_one_element_speaks_about_a_run(member, client):
    text = page(client, f"/generations/{GenerationFactory(membership=member).pk}/")
    region = text[text.index("<main") : text.index("</main>")]

    assert len(re.findall(r'role="(?:status|alert)"|aria-live', region)) == 1
    assert 'id="generation-announcer" class="sr-only" role="status"' in region


@pytest.mark.parametrize("address", ["/generations/new/", "/generations/new/?from={pk}", "/generations/{pk}/"])
def test_no_page_asks_the_database_too_much(member, client, address):
    done = ended(member, status="succeeded", finish_reason="stop", output="Text")

    with asks_at_most(QUERIES_MAX):
        page(client, address.format(pk=done.pk))


def test_another_tenant_sees_nothing_of_it(member):
    mine = ended(member, status="canceled")

    assert logged_in(MembershipFactory()).get(f"/generations/{mine.pk}/").status_code == 404

"""The REST door: the same rules as the pages, in JSON, with problem+json for every refusal."""

import pytest
from django.test import Client

from apps.accounts import consent
from apps.accounts.models import User
from apps.accounts.services import create_personal_workspace
from apps.billing import ledger
from apps.generation import selectors
from apps.generation.models import Generation

URL = "/api/v1/generations/"
JSON = "application/json"
# The id of no generation, the same in each process that collects these tests.
NOBODYS = "01a1fef8-107d-70bd-b822-abc409a9932b"


def new_client(email: str, *, credits: int = 0) -> Client:
    user = User.objects.create_user(email, "a-password", consent_version=consent.VERSION)
    workspace = create_personal_workspace(user=user)
    if credits:
        ledger.grant(workspace_id=workspace.pk, amount_credits=credits, source="plan", idempotency_key="test")
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def without_limits(settings, unlimited_plans):
    """Limits count in Redis, where they outlive a test."""
    settings.GENERATION_LIMITS = {"user": 1000, "workspace": 1000, "address": 1000}


@pytest.fixture
def owner(db) -> Client:
    return new_client("owner@example.com", credits=1_000_000)


@pytest.fixture
def stranger(db) -> Client:
    return new_client("stranger@example.com", credits=1_000_000)


def body(**changes) -> dict:
    inputs = {"text": "word " * 25, "format": "Bullet points"}
    return {"template": "summary", "inputs": inputs, **changes}


def post(client: Client, content: object, *, key: str | None = "key-1"):
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(URL, content, content_type=JSON, headers=headers)


def assert_problem(response, *, status: int, code: str) -> dict:
    assert response.status_code == status, response.text
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"]
    return problem


def test_a_generation_starts_and_says_where_it_is(owner):
    response = post(owner, body())

    assert response.status_code == 201, response.text
    started = response.json()
    assert response["Location"] == f"{URL}{started['id']}/"
    assert (started["status"], started["template"], started["output"]) == ("queued", "summary", "")
    assert started["inputs"]["format"] == "Bullet points"
    assert Generation.objects.get().idempotency_key == "key-1"
    assert owner.get(response["Location"]).json() == started


def test_the_same_key_and_content_is_one_generation(owner):
    first, second = post(owner, body()), post(owner, body())

    assert second.status_code == 201
    assert second.json()["id"] == first.json()["id"]
    assert Generation.objects.count() == 1


def test_the_same_key_with_other_content_is_a_conflict(owner):
    post(owner, body())

    other = post(owner, body(inputs={"text": "other " * 25, "format": "Bullet points"}))

    assert_problem(other, status=409, code="idempotency_conflict")
    assert Generation.objects.count() == 1


def test_the_same_key_of_two_workspaces_is_two_generations(owner, stranger):
    first, second = post(owner, body()), post(stranger, body())

    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("key", [None, ""])
def test_nothing_starts_without_an_idempotency_key(owner, key):
    assert_problem(post(owner, body(), key=key), status=400, code="idempotency_key_missing")
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"inputs": {"text": "too few words", "format": "Bullet points"}}, "text"),
        ({"inputs": {"text": "word " * 25, "format": "Interpretive dance"}}, "format"),
        ({"inputs": {"text": "word " * 25}}, "format"),
        ({"inputs": {"text": ["word"] * 25, "format": "Bullet points"}}, "text"),
        ({"inputs": {"text": 5, "format": "Bullet points"}}, "text"),
        ({"inputs": {"text": "word " * 25, "format": "Bullet points", "charged_credits": "0"}}, "charged_credits"),
        ({"inputs": {"text": "word " * 25, "format": "Bullet points", "model": "x"}}, "model"),
        ({"inputs": ["text"]}, "inputs"),
        ({"model": "gpt-unheard-of"}, "model"),
        ({"model": "\ud800"}, "model"),
        ({"model": True}, "model"),
        ({"template": 5}, "template"),
        ({"template": ["summary"]}, "template"),
    ],
)
def test_bad_input_is_refused_with_the_field_and_its_reason(owner, changes, field):
    problem = assert_problem(post(owner, body(**changes)), status=422, code="invalid_input")

    (error,) = problem["errors"]
    assert error["field"] == field
    assert error["code"]
    assert error["detail"]
    assert not Generation.objects.exists()


def test_a_key_that_is_too_long_is_refused(owner):
    problem = assert_problem(post(owner, body(), key="k" * 65), status=422, code="invalid_input")

    assert problem["errors"][0]["field"] == "idempotency_key"


def test_a_template_that_does_not_exist_is_not_found(owner):
    assert_problem(post(owner, body(template="../etc/passwd")), status=404, code="unknown_template")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000, b'{"a":' * 100_000]
)
def test_a_body_that_is_no_json_object_is_refused(owner, content):
    response = owner.generic("POST", URL, content, content_type=JSON, headers={"Idempotency-Key": "k"})

    if content:
        assert_problem(response, status=400, code="parse_error")
    else:
        assert_problem(response, status=422, code="invalid_input")


def test_a_body_that_is_too_large_is_refused(owner, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    assert_problem(post(owner, body(padding="x" * 1000)), status=413, code="too_large")


def test_a_form_is_no_json(owner):
    response = owner.post(URL, {"template": "summary"}, headers={"Idempotency-Key": "k"})

    assert_problem(response, status=415, code="unsupported_media_type")


def test_more_than_the_balance_is_refused(db):
    poor = new_client("poor@example.com")

    assert_problem(post(poor, body()), status=402, code="insufficient_credits")
    assert not Generation.objects.exists()


@pytest.mark.parametrize("path", [URL, f"{URL}{NOBODYS}/", f"{URL}{NOBODYS}/cancellation/", "/api/v1/balance/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_login_nothing_is_told(db, method, path):
    response = Client().generic(method, path, b"{}", content_type=JSON)

    assert_problem(response, status=401, code="not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_session_alone_may_not_write(owner):
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = owner.cookies

    assert_problem(post(careful, body()), status=403, code="csrf_failed")
    assert careful.get(URL).status_code == 200


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", "cancellation/")])
def test_what_belongs_to_others_does_not_exist(owner, stranger, method, suffix):
    mine = post(owner, body()).json()["id"]

    assert_problem(stranger.generic(method, f"{URL}{mine}/{suffix}"), status=404, code="not_found")
    assert Generation.objects.get().status == "queued"


def test_a_list_holds_ones_own_newest_first_without_texts(owner, stranger):
    ids = [post(owner, body(), key=f"key-{number}").json()["id"] for number in range(3)]
    post(stranger, body())

    listed = owner.get(URL).json()

    assert [item["id"] for item in listed["data"]] == ids[::-1]
    assert listed["next"] is None
    assert not {"inputs", "output"} & listed["data"][0].keys()


def test_a_list_goes_on_where_the_page_before_ended(owner, monkeypatch):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 2)
    ids = [post(owner, body(), key=f"key-{number}").json()["id"] for number in range(3)]

    first = owner.get(URL).json()
    second = owner.get(first["next"]).json()

    assert [item["id"] for item in first["data"] + second["data"]] == ids[::-1]
    assert second["next"] is None


def test_a_cursor_that_is_none_is_refused(owner):
    problem = assert_problem(owner.get(URL, {"before": "yesterday"}), status=422, code="invalid_input")

    assert problem["errors"][0]["field"] == "before"


def test_a_queued_generation_is_canceled_at_once_and_costs_nothing(owner):
    started = post(owner, body()).json()

    response = owner.post(f"{URL}{started['id']}/cancellation/")

    assert response.status_code == 202
    assert (response.json()["status"], response.json()["charged_credits"]) == ("canceled", 0)
    assert owner.get("/api/v1/balance/").json()["held"] == 0


def test_the_balance_tells_what_is_held(owner):
    post(owner, body())

    balance = owner.get("/api/v1/balance/").json()

    assert balance.keys() == {"balance", "held", "available", "debt"}
    assert balance["held"] > 0
    assert balance["available"] == balance["balance"] - balance["held"] == 1_000_000 - balance["held"]


def test_a_method_that_an_address_does_not_know_is_refused(owner):
    response = owner.delete(URL)

    assert_problem(response, status=405, code="method_not_allowed")
    assert "POST" in response["Allow"]


def test_a_start_says_what_is_left_and_the_last_one_when_there_is_more(owner, settings):
    settings.GENERATION_LIMITS = {"user": 1000, "workspace": 2, "address": 1000}

    left = [post(owner, body(), key=key)["RateLimit"] for key in ("first", "first", "second")]
    refused = post(owner, body(), key="third")

    assert [value.split(";t=")[0] for value in left] == ['"workspace";r=1', '"workspace";r=1', '"workspace";r=0']
    assert_problem(refused, status=429, code="generation_limit")
    assert refused["RateLimit-Policy"] == '"workspace";q=2;w=60'
    assert refused["RateLimit"] == f'"workspace";r=0;t={refused["Retry-After"]}'

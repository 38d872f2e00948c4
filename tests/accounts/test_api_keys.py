"""API keys: shown once, kept as a hash, good for what they were made for, dead at once when they are to be."""

import re
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts import api_keys, api_login, personal_data, services
from apps.accounts.models import ApiKey, Membership, User, Workspace
from apps.accounts.scopes import BILLING_READ, GENERATIONS_READ, GENERATIONS_WRITE, SCOPES
from apps.core.db import system_scope
from apps.core.ids import uuid7
from apps.core.models import AuditEntry
from tests.accounts.conftest import new_visitor
from tests.billing import parallel
from tests.factories import FundedMembershipFactory, GenerationFactory, MembershipFactory

BALANCE, RUNS = "/api/v1/balance/", "/api/v1/generations/"
BODY = {"template": "summary", "inputs": {"text": "word " * 25, "format": "Bullet points"}}


@pytest.fixture(autouse=True)
def _forget_trusted():
    api_login._trusted.clear()


@pytest.fixture
def member(db) -> Membership:
    return FundedMembershipFactory()


def make_key(member, *, scopes=tuple(SCOPES), **wanted) -> api_keys.NewApiKey:
    known = {"name": "Test", "idempotency_key": str(uuid7()), "actor": "test", "needs_plan": False}
    return api_keys.create_key(user=member.user, workspace_id=member.workspace_id, scopes=scopes, **(known | wanted))


def ask(token: str, path: str = BALANCE, *, client: Client | None = None, method: str = "get", **more):
    client = client or new_visitor()
    return getattr(client, method)(
        path, headers={"Authorization": f"Bearer {token}", **more.pop("headers", {})}, **more
    )


def test_a_key_lets_a_program_in_without_a_session_or_a_csrf_token(member):
    answer = ask(make_key(member).token)

    assert answer.status_code == 200
    assert answer.json()["available"] == 1_000_000


def test_a_program_starts_a_generation_in_the_keys_workspace(member):
    strict = Client(enforce_csrf_checks=True, REMOTE_ADDR="198.51.100.77")
    send = partial(ask, make_key(member).token, RUNS, client=strict, method="post", content_type="application/json")

    answer = send(data=BODY, headers={"Idempotency-Key": "one"})

    assert answer.status_code == 201, answer.text
    assert member.workspace.generations.get().user == member.user


def test_the_secret_is_random_and_only_its_hash_is_kept(member):
    made, other = make_key(member), make_key(member)

    secret = made.token.rpartition("_")[2]
    assert re.fullmatch(r"keel_[0-9a-f]{12}_[0-9a-f]{48}", made.token)
    assert len(secret) * 4 >= 128
    assert secret != other.token.rpartition("_")[2]
    row = ApiKey.objects.values().get(pk=made.key.pk)
    assert secret not in str(row)
    assert secret not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    "token", ["", "x", "keel_", "keel_0_0", f"keel_{'0' * 12}_{'0' * 48}", "keel_é", "Basic abc", f"{'a' * 70}"]
)
def test_what_is_no_key_is_refused(db, token):
    answer = ask(token)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_api_key")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


def test_the_prefix_of_one_key_with_the_secret_of_another_is_no_key(member):
    one, other = make_key(member).token.split("_"), make_key(member).token.split("_")

    assert ask("_".join([one[0], one[1], other[2]])).status_code == 401


def test_a_wrong_key_never_falls_back_to_the_session(member):
    browser = new_visitor()
    browser.force_login(member.user)

    assert ask("keel_wrong", client=browser).status_code == 401


def revoked(made, member):
    api_keys.revoke_key(workspace_id=member.workspace_id, key_id=made.key.pk, actor="test")


def expired(made, member):
    with system_scope():
        ApiKey.objects.filter(pk=made.key.pk).delete()
        made.key.expires_at = timezone.now() - timedelta(seconds=1)
        made.key.save(force_insert=True)


def suspended(made, member):
    User.objects.filter(pk=member.user_id).update(is_active=False, suspended_at=timezone.now())


def inactive(made, member):
    User.objects.filter(pk=member.user_id).update(is_active=False)


def left(made, member):
    Membership.objects.filter(pk=member.pk).delete()
    MembershipFactory(user=member.user)


def workspace_deleted(made, member):
    Workspace.objects.filter(pk=member.workspace_id).update(kind="team", deleted_at=timezone.now())


def erased(made, member):
    services.erase_account(user=member.user)


@pytest.mark.parametrize("end", [revoked, expired, suspended, inactive, left, workspace_deleted, erased])
def test_a_key_ends_at_once(member, end):
    made = make_key(member)
    assert ask(made.token).status_code == 200

    end(made, member)

    assert ask(made.token).status_code == 401


def test_a_key_never_does_more_than_the_person_who_made_it_may(member):
    token = make_key(member).token
    Membership.objects.filter(pk=member.pk).update(role="billing")

    assert (ask(token, RUNS).status_code, ask(token, BALANCE).status_code) == (403, 200)


NEEDED = [
    ("get", BALANCE, BILLING_READ),
    ("get", RUNS, GENERATIONS_READ),
    ("head", RUNS, GENERATIONS_READ),
    ("get", f"{RUNS}{{run}}/", GENERATIONS_READ),
    ("post", RUNS, GENERATIONS_WRITE),
    ("post", f"{RUNS}{{run}}/cancellation/", GENERATIONS_WRITE),
]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("method", "path", "needed"), NEEDED)
def test_a_key_does_what_its_scope_says_and_nothing_else(member, method, path, needed, scope):
    run = GenerationFactory(membership=member)
    made = make_key(member, scopes=[scope])

    answer = ask(made.token, path.format(run=run.pk), method=method)

    assert (answer.status_code == 403) == (scope != needed)


def test_a_view_that_names_no_scope_is_closed_to_keys(member, monkeypatch):
    monkeypatch.setattr("apps.generation.api.Balance.scopes", {})

    assert ask(make_key(member).token).json()["code"] == "missing_scope"


def test_a_session_needs_no_scope(member):
    browser = new_visitor()
    browser.force_login(member.user)

    assert browser.get(BALANCE).status_code == 200


def test_a_key_sees_its_own_workspace_and_no_other_of_its_person(member):
    team = FundedMembershipFactory(user=member.user, workspace__kind="team", credits=5)
    mine, foreign = GenerationFactory(membership=team), GenerationFactory(membership=member)
    token = make_key(team).token

    assert [run["id"] for run in ask(token, RUNS).json()["data"]] == [str(mine.pk)]
    assert ask(token, f"{RUNS}{foreign.pk}/").status_code == 404


def test_a_customers_key_works_with_a_plan_that_has_the_api_only(member):
    answer = ask(make_key(member, needs_plan=True).token)

    assert (answer.status_code, answer.json()["code"]) == (403, "api_not_in_plan")


def test_last_use_is_written_at_most_once_a_minute(member):
    made = make_key(member)
    ask(made.token)
    first = ApiKey.objects.get(pk=made.key.pk).last_used_at

    ask(made.token)

    assert first is not None
    assert ApiKey.objects.get(pk=made.key.pk).last_used_at == first


def test_a_key_has_a_limit_of_its_own(member):
    slow, other = make_key(member, requests_per_minute=2), make_key(member)

    statuses = [ask(slow.token).status_code for _ in range(4)]

    assert statuses == [200, 200, 429, 429]
    assert ask(other.token).status_code == 200


def test_guesses_are_refused_before_anything_is_looked_up(member, settings, django_assert_num_queries):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_key_guess": "5/m"}
    guesser = new_visitor()
    guesses = [f"keel_{number:012x}_{number:048x}" for number in range(8)]

    statuses = [ask(guess, client=guesser).status_code for guess in guesses]

    assert statuses == [401] * 5 + [429] * 3
    with django_assert_num_queries(0):
        ask(guesses[0], client=guesser)


def test_a_spoofed_address_does_not_make_more_guesses(member, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_key_guess": "5/m"}
    guesser = new_visitor()

    answers = [
        ask(f"keel_{n:012x}_{n:048x}", client=guesser, headers={"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(12)
    ]

    assert [answer.status_code for answer in answers].count(401) == 5


def test_guesses_beside_it_do_not_lock_out_a_program_that_works(member, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_key_guess": "3/m"}
    shared, token = new_visitor(), make_key(member).token
    ask(token, client=shared)

    for number in range(5):
        ask(f"keel_{number:012x}_{number:048x}", client=shared)

    assert ask(token, client=shared).status_code == 200


def test_one_form_makes_one_key(member):
    first = make_key(member, idempotency_key="form")
    second = make_key(member, idempotency_key="form")

    assert (second.key.pk, second.token) == (first.key.pk, "")
    assert AuditEntry.objects.filter(action="api_key_created").count() == 1


def test_one_form_sent_at_once_makes_one_key(committed_db):
    member = FundedMembershipFactory()

    made = parallel.in_threads([partial(make_key, member, idempotency_key="form")] * 5)

    assert len({one.key.pk for one in made}) == 1
    assert len([one for one in made if one.token]) == 1


def test_a_workspace_has_so_many_keys_and_no_more(member, monkeypatch):
    monkeypatch.setattr(api_keys, "KEYS_MAX", 2)
    keys = [make_key(member) for _ in range(2)]

    with pytest.raises(api_keys.TooManyApiKeysError):
        make_key(member)

    revoked(keys[0], member)
    assert make_key(member).token


def test_another_workspaces_key_is_not_revoked(member):
    made = make_key(member)

    with pytest.raises(api_keys.ApiKeyNotFoundError):
        api_keys.revoke_key(workspace_id=MembershipFactory().workspace_id, key_id=made.key.pk, actor="test")

    assert ask(made.token).status_code == 200


@pytest.mark.parametrize(
    "change", ["scopes = '{billing:read}'", "secret_hash = 'x'", "user_id = 1", "expires_at = NULL"]
)
def test_the_app_role_cannot_change_what_a_key_is(member, change):
    made = make_key(member)

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        ApiKey.objects.raw(f"UPDATE accounts_apikey SET {change} RETURNING id")._fetch_all()

    assert made.key


def test_the_command_prints_the_key_as_its_last_word(member, capsys):
    call_command("create_api_key", member.user.email.upper())

    assert ask(capsys.readouterr().out.split()[-1]).status_code == 200


def test_the_command_makes_no_key_for_nobody(db):
    with pytest.raises(CommandError):
        call_command("create_api_key", "nobody@example.com")


def test_a_person_takes_their_keys_along_without_the_secrets(member):
    made = make_key(member)

    told = personal_data.export(member.user)

    assert [key["prefix"] for key in told["api_keys"]] == [made.key.prefix]
    assert made.token.rpartition("_")[2] not in str(told)
    assert made.key.secret_hash not in str(told)


def test_the_admin_shows_no_hash_and_revokes(member, client):
    made = make_key(member)
    client.force_login(User.objects.create_superuser("root@example.com", "x"))
    page = client.get(f"/admin/accounts/apikey/{made.key.pk}/change/")

    client.post("/admin/accounts/apikey/", {"action": "revoke_selected", "_selected_action": [str(made.key.pk)]})

    assert made.key.prefix in page.text
    assert made.key.secret_hash not in page.text
    assert ask(made.token).status_code == 401

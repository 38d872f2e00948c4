"""What staff stop is stopped at once: at the start, before each call, and in the middle of an answer if they say so."""

import pytest
from django.core.management import CommandError, call_command

from apps.generation import batch_words, leases, prompts, switches
from apps.generation.gateway.types import Permit
from apps.generation.models import Batch, Generation, Switch
from apps.generation.switches import GenerationPausedError, Work
from tests.generation import chains, runs
from tests.generation.batch_files import feed, fresh, started
from tests.generation.chains import FIRST, SECOND
from tests.product import wait_for

pytestmark = pytest.mark.usefixtures("nothing_kept")
REASON = "We are looking at odd answers. Back at noon."
ASKED, STAND_IN = "keel-asked", "keel-stand-in"
OF_THE_RUN = ["stop:all", "stop:feature:composer", "stop:template:summary", "stop:model:keel-echo"]
OF_THE_RUN += ["stop:provider:openai"]
OF_OTHERS = ["stop:feature:batch", "stop:template:task-list", "stop:model:keel-demo", "stop:provider:first", "all"]
STOP_SECONDS = 2


def stop(name: str, *, stops_running: bool = False) -> Switch:
    kept, _made = Switch.objects.update_or_create(
        name=name, defaults={"active": True, "reason": REASON, "stops_running": stops_running}
    )
    return kept


@pytest.fixture
def two_models(customer, settings, tmp_path):
    """A model, and one of another provider that stands in for it."""
    stand_in = chains.model(STAND_IN, provider=SECOND)
    chains.offer(settings, tmp_path, chains.model(ASKED, fallbacks=[STAND_IN]), stand_in)


@pytest.mark.parametrize("name", OF_THE_RUN)
def test_what_is_stopped_is_not_started_and_what_was_queued_calls_nobody(name, customer):
    queued = runs.start(customer)
    stop(name)

    with pytest.raises(GenerationPausedError, match=REASON) as refused:
        runs.start(customer)
    ended = runs.run(queued)

    assert (refused.value.status, refused.value.code, refused.value.retry_after_seconds) == (
        503,
        "generation_paused",
        60,
    )
    assert (ended.status, ended.error_code, ended.charged_credits) == ("failed", "generation_paused", 0)
    assert ended.stop_reason.endswith(REASON)
    assert (runs.calls(), ended.attempts.count()) == ([], 0)
    runs.assert_settled_once(ended)


def test_what_others_are_stopped_for_and_what_was_let_go_runs(customer):
    for name in OF_OTHERS:
        stop(name)
    Switch.objects.create(name="stop:all", active=False)

    assert runs.run(runs.start(customer)).status == "succeeded"


def test_the_deployment_stops_everything_whatever_the_table_says(customer, settings):
    queued = runs.start(customer)
    settings.GENERATION_DISABLED = True

    with pytest.raises(GenerationPausedError):
        runs.start(customer)

    assert runs.run(queued).error_code == "generation_paused"
    assert runs.calls() == []


def test_a_switch_acts_without_redis(customer, own_valkey):
    own_valkey.stop()
    stop("stop:all")

    with pytest.raises(GenerationPausedError):
        runs.start(customer)


@pytest.mark.parametrize("name", [f"stop:model:{ASKED}", f"stop:provider:{FIRST}"])
def test_another_model_answers_in_the_place_of_one_that_is_stopped(name, customer, two_models):
    stop(name)

    ended = runs.run(runs.start(customer, model=ASKED))

    assert ended.status == "succeeded"
    assert [call["provider"] for call in runs.calls()] == [SECOND]
    assert list(ended.attempts.values_list("request_model", flat=True)) == [STAND_IN]
    runs.assert_settled_once(ended)


def test_where_nothing_is_left_that_may_answer_the_run_is_refused(customer, two_models):
    stop(f"stop:model:{ASKED}")
    queued = runs.start(customer, model=ASKED)
    stop(f"stop:provider:{SECOND}")

    with pytest.raises(GenerationPausedError):
        runs.start(customer, model=ASKED)

    assert runs.run(queued).error_code == "generation_paused"
    assert runs.calls() == []


def test_a_stop_between_two_attempts_makes_no_further_call(customer, monkeypatch):
    generation = runs.start(customer, model="keel-500")
    monkeypatch.setattr("apps.generation.calls.delay_before_retry", lambda **_facts: stop("stop:all") and 0.0)

    ended = runs.run(generation)

    assert (ended.error_code, len(runs.calls())) == ("generation_paused", 1)
    runs.assert_settled_once(ended)


@pytest.mark.parametrize("name", ["stop:all", "stop:feature:composer", "stop:template:summary", "stop:provider:openai"])
def test_a_running_answer_ends_if_the_switch_says_so_and_is_kept_and_charged(name, customer, client, settings):
    settings.GENERATION_DEADLINES = dict.fromkeys(["queue", "first_token", "idle", "total"], 60.0)
    generation = runs.start(customer, model="keel-trickle")
    with runs.running(generation):
        wait_for(lambda: runs.has_sent(generation, characters=7), seconds=10)
        stop(name, stops_running=True)
        wait_for(lambda: runs.call_of(generation)["state"] == "aborted", seconds=STOP_SECONDS)

    ended = runs.fresh(generation)
    assert (ended.status, ended.error_code) == ("canceled", "")
    assert ended.output.startswith("drop 0 ")
    assert ended.charged_credits > 0
    client.force_login(customer.user)
    assert REASON in client.get(f"/generations/{ended.pk}/").text
    runs.assert_settled_once(ended)


def test_a_running_answer_is_left_alone_unless_the_switch_names_it_and_says_so(customer, settings):
    settings.GENERATION_DEADLINES = dict.fromkeys(["queue", "first_token", "idle"], 60.0) | {"total": 4.0}
    generation = runs.start(customer, model="keel-trickle")
    with runs.running(generation):
        wait_for(lambda: runs.has_sent(generation, characters=7), seconds=10)
        stop("stop:all")
        stop("stop:template:task-list", stops_running=True)
        stop("stop:model:keel-demo", stops_running=True)

    assert runs.fresh(generation).error_code == "total_timeout"


def test_the_keeper_needs_no_query_of_its_own(customer, django_assert_num_queries):
    lease = leases.claim(runs.start(customer).pk)
    stop("stop:all", stops_running=True)

    with django_assert_num_queries(1):
        kept, stops = leases._renew([lease])

    assert kept == {lease.generation_id: False}
    assert [one.name for one in stops] == ["stop:all"]


def test_moderation_by_a_stopped_provider_sends_nothing(customer, settings, two_models):
    settings.MODERATION = "provider"
    stop("stop:provider:openai")

    ended = runs.run(runs.start(customer, model=ASKED))

    assert (ended.error_code, runs.calls()) == ("generation_paused", [])


def test_a_command_that_tries_out_templates_calls_nobody_either(quick, db, settings):
    settings.GENERATION_DISABLED = True
    runs.empty_journal()

    with pytest.raises(CommandError, match="have failed"):
        call_command("eval_prompts", "summary", model="keel-demo-fast")

    assert runs.calls() == []


def test_a_permit_is_good_for_one_call_of_its_provider(db):
    permit = switches.permit(Work(), model="keel-echo")

    with pytest.raises(PermissionError):
        permit.use("another")
    permit.use("openai")
    with pytest.raises(PermissionError):
        permit.use("openai")
    assert isinstance(permit, Permit)


def test_deciding_is_one_query_each_time(db, django_assert_num_queries):
    work = Work("composer", "summary", ("keel-echo", "keel-demo"))

    with django_assert_num_queries(1):
        assert switches.find_stop(work) is None
    with django_assert_num_queries(1):
        switches.permit(work, model="keel-echo")


def test_a_batch_stands_still_says_why_and_goes_on_by_itself(customer):
    batch = started(customer, 12)
    assert feed(batch) == 10
    stop("stop:feature:batch")
    for generation in Generation.objects.filter(status="queued"):
        assert runs.run(generation).error_code == "generation_paused"

    assert feed(batch) == 0
    waiting = fresh(batch)
    Switch.objects.update(active=False)
    Batch.objects.update(waits_until=None)

    assert (waiting.status, waiting.reason) == ("running", "generation_paused")
    assert "paused on our side" in str(batch_words.explain(waiting.reason))
    assert feed(batch) == 2
    assert runs.calls() == []


def test_the_page_says_what_is_paused_disables_the_button_and_asks_again(customer, client):
    client.force_login(customer.user)
    started = runs.run(runs.start(customer))
    stop("stop:all")

    composer, estimate, history, talk = (
        client.get(address).text
        for address in (
            "/generations/new/?template=summary",
            "/generations/estimate/?template=summary&text=100",
            "/generations/",
            f"/conversations/{started.conversation_id}/",
        )
    )

    assert all(REASON in page for page in (composer, estimate, history, talk))
    assert "every 10s" in composer
    assert "disabled" in composer[composer.index('id="composer-submit"') :].partition(">")[0]
    assert 'hx-swap-oob="true"' in estimate[estimate.index('id="composer-submit"') :].partition(">")[0]
    for kept in Switch.objects.all():
        kept.delete()
    lifted = client.get("/generations/estimate/?template=summary&text=100&paused=1").text
    assert "disabled" not in lifted[lifted.index('id="composer-submit"') :].partition(">")[0]
    assert Generation.objects.count() == 1
    assert prompts.get_template("summary").name in composer

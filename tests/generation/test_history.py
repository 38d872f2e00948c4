"""The history: found by words and filters, page by page, and the address says all of it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from apps.core.db import system_scope, workspace_scope
from apps.generation import prompts, search, selectors
from apps.generation.history import Filters
from apps.generation.models import Generation
from apps.generation.search import Piece
from apps.generation.titles import TITLE_CHARACTERS, make_title
from tests.factories import FundedMembershipFactory, GenerationFactory
from tests.generation import many
from tests.guards import catalogue
from tests.guards.source import ROOT
from tests.queries import asked

URL = "/generations/"
QUERIES_MAX = 12
PAGE = selectors.PAGE_SIZE + 1
# What the function of the search asks.
FIND = re.search(r"SELECT generation\.id.*?(?=;)", (ROOT / "apps/generation/sql/find.sql").read_text(), re.DOTALL)[0]
FIND = re.sub(r"\b(of_workspace|wanted)\b", r"%(\1)s", FIND)
HTMX = {"HX-Request": "true", "HX-Target": "generation-list"}


@pytest.fixture
def member(db):
    return FundedMembershipFactory()


@pytest.fixture
def page(member):
    """Ask for the list as its owner."""
    client = Client()
    client.force_login(member.user)

    def ask(query="", **headers):
        response = client.get(f"{URL}?{query}", headers=headers)
        assert response.status_code == 200, response.text
        return response

    return ask


def finished(member, *, title="Test", output="An answer.", status="succeeded", **fields):
    known = {"finish_reason": "stop", "finished_at": timezone.now(), "error_code": "x" if status == "failed" else ""}
    if status in {"queued", "running"}:
        known = {"lease_expires_at": timezone.now() if status == "running" else None}
    inputs = {"text": title, "format": "Bullet points"}
    return GenerationFactory(
        membership=member,
        conversation__title=title,
        **{"inputs": inputs, "output": output, "status": status} | known | fields,
    )


def ids(response) -> list[str]:
    return re.findall(r'<li class="history-row" id="generation-([0-9a-f-]{36})"', response.text)


def found(page, query) -> set[str]:
    return set(ids(page(query)))


def only(*generations) -> set[str]:
    return {str(generation.pk) for generation in generations}


def link(response, words) -> str:
    return re.search(rf'href="{URL}\?([^"]*)"[^>]*>(?:<svg.*?</svg>)?{words}', response.text)[1].replace("&amp;", "&")


@pytest.mark.parametrize(
    "words",
    ["tides", "TIDES moon", "moo", "lighthouse", "Ébène", "ébè", "and/or", "or", "don't", "x@example.com", "月", "3.5"],
)
def test_words_of_title_inputs_and_output_are_found(page, member, words):
    wanted = finished(
        member, title="Tides of the moon", output="A lighthouse—and/or “Ébène”. Don't x@example.com 月亮 3.5"
    )
    finished(member, title="Something else")

    assert found(page, f"q={words}") == only(wanted)


@pytest.mark.parametrize("words", ["ides", "moo tides", "tides sun", "%", "generation_query", "'", "\\", "a' | 'b"])
def test_other_words_are_not_found(page, member, words):
    finished(member, title="Tides of the moon")

    assert found(page, f"q={words}+nothing") == set()


def test_words_of_other_workspaces_are_not_found(page, member):
    finished(FundedMembershipFactory(), title="Tides")

    assert found(page, "q=tides") == set()
    assert found(page, "") == set()


def test_what_still_runs_is_found_by_its_status(page, member):
    running = finished(member, title="Tides", output="", status="running")

    assert found(page, "q=tides") == set()
    assert found(page, "q=tides&status=running") == only(running)


@pytest.mark.parametrize("status", Generation.Status.values)
def test_a_status_is_filtered(page, member, status):
    made = {value: finished(member, status=value, output="") for value in Generation.Status.values}

    assert found(page, f"status={status}") == only(made[status])


def test_a_template_and_a_model_are_filtered(page, member):
    version = prompts.ensure_version(prompts.get_template("customer-reply"))
    reply = finished(member, template_version=version)
    retired = finished(member, request_model="a-model-of-last-year")

    assert found(page, "template=customer-reply") == only(reply)
    assert found(page, "model=a-model-of-last-year") == only(retired)
    assert found(page, "template=customer-reply&model=a-model-of-last-year") == set()


def test_days_are_those_of_the_persons_own_zone(page, member):
    member.user.time_zone = "Pacific/Auckland"
    member.user.save()
    # Noon and midnight in Auckland, a day apart in UTC.
    inside = finished(member, created_at=datetime(2026, 5, 9, 12, 0, tzinfo=UTC))
    outside = finished(member, created_at=datetime(2026, 5, 10, 12, 0, tzinfo=UTC))

    assert found(page, "since=2026-05-10&until=2026-05-10") == only(inside)
    assert found(page, "since=2026-05-11") == only(outside)
    assert found(page, "until=2026-05-10") == only(inside)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("status=lost", "Status"),
        ("template=poem", "Template"),
        ("since=yesterday", "From"),
        ("until=9999-12-31", "To"),
        ("since=2026-05-02&until=2026-05-01", "To"),
        ("q=%21%3F", "Search"),
        (f"q={'a' * 201}", "Search"),
        (f"model={'a' * 129}", "Model"),
    ],
)
def test_what_makes_no_sense_is_named_and_not_applied(page, member, query, name):
    one = finished(member, created_at=datetime(2026, 5, 9, tzinfo=UTC))

    response = page(query)

    assert set(ids(response)) == only(one)
    assert f"are not applied: {name}." in response.text


@pytest.mark.parametrize("query", ["before=x", "after=x", "page=3", "undo=x,,y", "view=all", "before=", "q=&status="])
def test_other_nonsense_changes_nothing(page, member, query):
    one = finished(member)

    assert found(page, query) == only(one)


def test_pages_lead_to_and_fro_and_keep_the_filters(page, member, monkeypatch):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 2)
    made = [str(finished(member, title=f"Tides {number}").pk) for number in range(5)][::-1]
    finished(member, title="Else")

    newest = page("q=tides&status=succeeded")
    middle = page(link(newest, "Older"))
    oldest = page(link(middle, "Older"))

    assert [ids(newest), ids(middle), ids(oldest)] == [made[:2], made[2:4], made[4:]]
    assert ids(page(link(oldest, "Newer"))) == made[2:4]
    assert ids(page(link(middle, "Newer"))) == made[:2]
    assert [word in each.text for each, word in ((newest, "Newer<"), (oldest, "Older<"))] == [False, False]
    assert "status=succeeded" in link(middle, "Older")


def test_a_page_that_has_lost_its_rows_is_the_newest_one(page, member):
    one = finished(member)

    assert found(page, f"before={one.pk}") == only(one)
    assert found(page, f"after={one.pk}") == only(one)


def test_a_fragment_is_the_list_alone_and_tells_its_address(page, member):
    finished(member, title="Tides")

    response = page("q=tides&status=&template=", **HTMX)

    assert response["HX-Push-Url"] == f"{URL}?q=tides"
    assert '<section id="generation-list"' in response.text
    assert "<main" not in response.text
    assert "1 generation is shown." in response.text


def test_a_page_in_the_place_of_another_speaks_to_nothing_that_is_not_there_yet(page, member):
    finished(member, title="Tides")

    assert "hx-swap-oob" not in page(**HTMX | {"HX-Target": "main"}).text


def test_letters_of_a_search_are_no_steps_back(page, member):
    response = page("q=tid", **HTMX, **{"HX-Trigger-Name": "q"})

    assert response["HX-Replace-Url"] == f"{URL}?q=tid"
    assert "HX-Push-Url" not in response


def test_filters_in_effect_can_be_taken_away_one_by_one(page, member):
    finished(member, title="Tides")

    response = page("q=tides&status=succeeded&since=2026-01-01")

    removals = re.findall(r'history-chip" href="/generations/\?([^"]*)"', response.text)
    assert [address.replace("&amp;", "&") for address in removals] == [
        "status=succeeded&since=2026-01-01",
        "q=tides&since=2026-01-01",
        "q=tides&status=succeeded",
    ]


def test_nothing_found_is_not_nothing_yet(page, member):
    assert "Nothing here yet" in page().text
    finished(member)

    assert "Nothing matches" in page("q=narwhal").text
    assert "Nothing was deleted lately" in page("view=deleted").text


def test_found_words_are_marked_and_markup_of_texts_stays_text(page, member):
    finished(member, title="<b>Tides</b>", output="before <script>x</script> the tide")

    text = page("q=tide").text

    assert "&lt;b&gt;<mark>Tides</mark>&lt;/b&gt;" in text
    assert "&lt;script&gt;x&lt;/script&gt; the <mark>tide</mark>" in text


def test_a_snippet_is_plain_text_with_the_match_marked(page, member):
    finished(
        member,
        output="# Opening hours in the holidays\n\nOpen **from _nine_**, see [the <i>plan</i>](https://a.example/wharf)",
    )

    assert "Opening hours in the holidays · Open from nine, see the &lt;i&gt;plan&lt;/i&gt;" in page().text
    assert "holidays · <mark>Open</mark> from nine, see the &lt;i&gt;" in page("q=open").text
    assert "](https://a.example/<mark>wharf</mark>)" in page("q=wharf").text


@pytest.mark.parametrize("query", ["", "q=word", "view=deleted", "status=succeeded&since=2026-01-01"])
def test_the_number_of_queries_does_not_grow_with_the_rows(page, member, query):
    deleted_at = timezone.now() if "deleted" in query else None

    def count(rows: int) -> int:
        for _ in range(rows):
            finished(member, output="word " * 9, deleted_at=deleted_at)
        return min(queries_of(page, query) for _ in range(3))

    few, more = count(1), count(12)

    assert few == more <= QUERIES_MAX


def queries_of(page, query) -> int:
    with asked() as found:
        assert ids(page(query))
    return len(found)


def test_a_snippet_shows_the_match_and_cuts_between_words():
    text = "first words " * 40 + "the needle is here " + "last words " * 40

    pieces = search.snippet([text], wanted="needle")

    assert Piece("needle", True) in pieces
    shown = "".join(piece.text for piece in pieces)
    assert (shown[:2], shown[-2:]) == ("… ", " …")
    assert len(shown) <= search.SNIPPET_CHARACTERS + 4
    assert shown[2:-2] in text


@given(text=st.text(max_size=600), wanted=st.text(max_size=20))
def test_any_text_has_a_snippet(text, wanted):
    shown = "".join(piece.text for piece in search.snippet([text], wanted=wanted))

    assert len(shown) <= search.SNIPPET_CHARACTERS + 4
    assert bool(shown) <= bool(text.strip())


@pytest.mark.parametrize(
    ("inputs", "title"),
    [
        ({"text": "# Tides\nand more", "format": "x"}, "Tides and more"),
        ({"message": "Hi,\n\nwhere is my lamp?"}, "Hi, where is my lamp?"),
        ({"message": " \n ", "points": "A refund"}, "A refund"),
        ({}, ""),
        ({"text": "x" * 200}, "x" * (TITLE_CHARACTERS - 1) + "…"),
        ({"text": "word, " * 40}, "word, " * 12 + "word…"),
    ],
)
def test_a_title_is_the_first_words_of_what_was_asked(inputs, title):
    assert make_title(inputs) == title


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=300), max_size=3))
def test_a_title_fits_and_holds_only_words_of_the_inputs(inputs):
    title = make_title(inputs)

    assert len(title) <= TITLE_CHARACTERS
    assert all(any(word in text for text in inputs.values()) for word in title.removesuffix("…").split())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rows", [2_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_list_and_search_use_their_indexes(committed_db, rows):
    mine, other = FundedMembershipFactory(), FundedMembershipFactory()
    many.finished(mine, rows // 10)
    many.finished(other, rows - rows // 10, seed=2)
    many.analyze()

    plan = selectors.find_ids(workspace_id=mine.workspace_id, filters=Filters()).order_by("-id")[:PAGE].explain()
    assert uses(plan, "generation_history")
    for words in ("narwhal", "narw"):
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"EXPLAIN {FIND}", {"of_workspace": mine.workspace_id, "wanted": words})
            assert uses("\n".join(line for (line,) in cursor.fetchall()), "generation_search")
        found = selectors.get_history_page(workspace_id=mine.workspace_id, filters=Filters(q=words))
        assert found.generations


def uses(plan, index):
    assert "Seq Scan" not in plan, plan
    return re.search(rf"(using|Scan on) {index}\b", plan)


@pytest.mark.parametrize("scope", [workspace_scope, lambda _id: system_scope()])
def test_a_search_answers_for_its_scope_alone(member, scope):
    finished(member, output="narwhal")
    ask = "SELECT count(*) FROM generation_find(%s, 'narwhal')"

    with scope(member.workspace_id):
        assert catalogue.rows(ask, member.workspace_id) == [(1,)]
    with workspace_scope(FundedMembershipFactory().workspace_id):
        assert catalogue.rows(ask, member.workspace_id) == [(0,)]


def test_a_text_of_any_size_can_be_kept(member):
    long = finished(member, output=" ".join(chr(number) + chr(number // 4) for number in range(0x10000, 0x1FFFF)))
    endless = finished(member, output="x" * 500_000)

    assert {long.pk, endless.pk} == set(Generation.objects.values_list("pk", flat=True))


def test_times_are_said_exactly_in_the_persons_own_zone(page, member):
    member.user.time_zone = "Asia/Tokyo"
    member.user.save()
    finished(member, created_at=timezone.now() - timedelta(hours=2))

    exact = timezone.localtime(timezone.now() - timedelta(hours=2), timezone.zoneinfo.ZoneInfo("Asia/Tokyo"))
    assert f'datetime="{exact:%Y-%m-%dT%H:}' in page().text

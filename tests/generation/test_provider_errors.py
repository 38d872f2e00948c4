"""Every error of a provider: its kind, its code, its sentence, its status; and when the same is tried again."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.generation.gateway import errors, retry
from apps.generation.gateway.errors import PROVIDER_ERRORS, Kind
from apps.generation.reports import OF_THE_TEXT

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "provider-errors.md"
NOW = datetime(2031, 5, 14, 12, 0, tzinfo=UTC)
ended = pytest.mark.parametrize("error", PROVIDER_ERRORS, ids=lambda error: error.code)


@ended
def test_an_error_says_all_that_is_asked_of_it(error):
    assert re.fullmatch(r"[a-z_]{5,64}", error.code)
    assert str(error.sentence).endswith(".")
    assert error.kind in Kind
    assert 400 <= error.http_status <= 599
    assert (error.http_status < 500) == (error.kind is Kind.USER)
    assert error("detail").alarm == (error.kind is Kind.FATAL)


@ended
def test_only_what_could_go_well_is_tried_again_or_elsewhere(error):
    assert not error.retryable or (error.kind is Kind.RETRY and error.fails_over)
    assert not (error.fails_over or error.unhealthy) or error.kind is not Kind.USER


def test_codes_are_unique():
    codes = [error.code for error in PROVIDER_ERRORS]

    assert len(codes) == len(set(codes)) == 28


def test_what_the_text_causes_leads_to_changing_it():
    of_the_user = {error.code for error in PROVIDER_ERRORS if issubclass(error, errors.OfTheTextError)}

    assert of_the_user < OF_THE_TEXT


def test_the_document_lists_every_error_as_it_is():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\d+) \| (\S*) \|", DOCUMENT.read_text(), re.MULTILINE)

    assert rows == [(error.code, error.kind.value, str(error.http_status), _tried(error)) for error in PROVIDER_ERRORS]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *[("0", 0.0), ("1", 1.0), ("1.5", 1.5), ("99999", 99999.0)],
        *[("Wed, 14 May 2031 12:00:07 GMT", 7.0), ("Wed, 14 May 2031 11:00:00 GMT", 0.0)],
        *[("Wed, 14 May 2031 12:00:07 -0000", 7.0), ("Wed, 14 May 2031 14:00:07 +0200", 7.0)],
        *[("", None), ("-1", None), ("nan", None), ("inf", None), ("soon", None), ("Wed, 99 May 2031", None)],
    ],
)
def test_retry_after_is_a_number_a_date_or_nothing(header, seconds):
    assert retry.retry_after_seconds(header, now=NOW) == seconds


@pytest.mark.parametrize(
    ("asked", "made", "jitter", "delay"),
    [
        *[(None, 1, 0.0, 0.25), (None, 1, 1.0, 0.5), (None, 2, 1.0, 1.0), (None, 3, 1.0, None)],
        *[(0.0, 1, 1.0, 0.5), (2.0, 1, 1.0, 2.0), (15.0, 1, 0.0, 15.0), (15.1, 1, 0.0, None), (99999.0, 1, 0.0, None)],
    ],
)
def test_pauses_grow_are_spread_and_honour_what_is_asked_within_limits(asked, made, jitter, delay):
    error = errors.ProviderRateLimitedError(retry_after_seconds=asked)

    assert retry.delay_before_retry(error=error, attempts_made=made, output_started=False, jitter=jitter) == delay


def test_no_pause_is_longer_than_the_cap(monkeypatch):
    monkeypatch.setattr(retry, "ATTEMPTS_MAX", 100)
    error = errors.ProviderUnavailableError()

    delays = [
        retry.delay_before_retry(error=error, attempts_made=made, output_started=False, jitter=1.0)
        for made in range(1, 30)
    ]

    assert max(delays) == retry.DELAY_SECONDS_MAX


@ended
def test_once_text_was_shown_nothing_is_tried_again_or_elsewhere(error):
    assert retry.delay_before_retry(error=error(), attempts_made=1, output_started=True, jitter=0) is None
    assert not retry.may_fall_back(error=error(), output_started=True)


def _tried(error):
    return "again" if error.retryable else "elsewhere" if error.fails_over else "-"

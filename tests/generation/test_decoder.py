"""The decoder alone: bytes in, deltas and a completion out."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.generation.gateway import errors
from apps.generation.gateway.decoder import StreamDecoder, error_of
from apps.generation.gateway.types import Completion, ReportedUsage


def chunk(content=None, finish_reason=None, **more):
    delta = {} if content is None else {"content": content}
    body = {"model": "m", "choices": [{"delta": delta, "finish_reason": finish_reason}], **more}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def decode(data):
    decoder = StreamDecoder()
    text = "".join(delta.text for delta in decoder.feed(data))
    return text, decoder.finish()


@given(st.text(), st.lists(st.integers(min_value=0, max_value=2000)))
def test_the_text_does_not_depend_on_how_the_bytes_were_cut(text, cuts):
    data = chunk(text) + chunk(finish_reason="stop") + b"data: [DONE]\n\n"
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    decoder = StreamDecoder()

    pieces = [delta.text for start, end in itertools.pairwise(bounds) for delta in decoder.feed(data[start:end])]

    assert "".join(pieces) == text.replace("\x00", "")
    assert decoder.finish().finish_reason == "stop"


def test_usage_comes_with_the_last_chunk():
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 2}}

    _text, completion = decode(chunk("a") + chunk(finish_reason="length") + chunk(usage=usage))

    assert completion == Completion("length", "m", ReportedUsage(5, 7, 2))


@pytest.mark.parametrize(
    "usage", [None, [], {}, {"prompt_tokens": "5", "completion_tokens": 1}, {"prompt_tokens": True}]
)
def test_a_usage_that_is_not_made_of_whole_numbers_is_none(usage):
    assert decode(chunk("a", usage=usage) + chunk(finish_reason="stop"))[1].usage is None


def test_an_end_without_a_finish_reason_is_not_a_success():
    with pytest.raises(errors.StreamInterruptedError):
        decode(chunk("half an ans") + b"data: [DONE]\n\n")


@pytest.mark.parametrize("line", [b"data: {not json}\n", b'data: {"choices": "\xff"}\n', b"data: 7\n", b"data: []\n"])
def test_a_line_that_is_no_chunk_is_malformed(line):
    with pytest.raises(errors.MalformedStreamError):
        decode(line)


@pytest.mark.parametrize("choices", ["[]", "null", '[{"delta": null}]', '[{"delta": {"content": null}}]', "[null]"])
def test_empty_choices_are_skipped(choices):
    empty = b'data: {"choices": ' + choices.encode() + b"}\n\n"

    assert decode(chunk("a") + empty + chunk("b", "stop"))[0] == "ab"


def test_nul_and_lone_surrogates_never_pass():
    data = b'data: {"choices": [{"delta": {"content": "a\\u0000b\\ud800c"}, "finish_reason": "stop"}]}\n'

    assert decode(data)[0] == "abc"


def test_an_error_object_in_the_stream_is_the_providers_error():
    with pytest.raises(errors.ProviderQuotaExhaustedError):
        decode(chunk("a") + b'data: {"error": {"message": "no", "code": "insufficient_quota"}}\n')


def test_a_line_without_end_does_not_fill_the_memory():
    decoder = StreamDecoder()

    with pytest.raises(errors.MalformedStreamError):
        all(list(decoder.feed(b"x" * 1000)) == [] for _ in range(5000))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, "insufficient_quota", errors.ProviderQuotaExhaustedError),
        (429, "rate_limit_exceeded", errors.ProviderRateLimitedError),
        (400, "context_length_exceeded", errors.ContextLengthExceededError),
        (400, "", errors.ProviderRequestRefusedError),
        (401, "invalid_api_key", errors.ProviderAuthenticationError),
        (404, "model_not_found", errors.ModelNotFoundError),
        (500, "", errors.ProviderUnavailableError),
        (503, "", errors.ProviderUnavailableError),
    ],
)
def test_an_error_is_classified_by_its_code_then_by_its_status(status, code, expected):
    assert type(error_of({"message": "m", "code": code}, status=status)) is expected

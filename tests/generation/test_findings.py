"""Personal data and secrets are found where they stand, their false friends are not, wherever a text is cut."""

import pytest

from apps.generation.findings import Kind, Screen, count, find, replace
from tests.generation.findings_corpus import FALSE_FRIENDS, FOUND, PLACES

ALL = [(kind, sample) for kind, samples in FOUND.items() for sample in samples]
TEXTS = [sample for _kind, sample in ALL] + FALSE_FRIENDS
HARD = [
    *["a", "a@", "a.", "a_", "a@a-", "1 ", "4111 ", "1", "DE89 ", "AB12CD34", "+1", "(0", "01 ", "00 1", "-", "eyJ"],
    *["eyJaaaaaaaa.", "sk-", "ab://", "ab://x:", "-----BEGIN PRIVATE KEY-----\n", "x@" + "a." * 40],
]


def placeholder(kind):
    return f"[{kind}]"


@pytest.mark.parametrize("kind", FOUND)
def test_each_sample_is_found_in_every_place(kind):
    for sample in FOUND[kind]:
        for place in PLACES:
            text = place.format(sample)
            assert [(found.kind, text[found.start : found.end]) for found in find(text)] in (
                [(kind, sample)],
                # The host is not secret.
                [(kind, sample.rpartition("@")[0] + "@")],
            ), text


@pytest.mark.parametrize("text", FALSE_FRIENDS)
def test_a_false_friend_is_left_alone(text):
    assert [(found.kind, text[found.start : found.end]) for found in find(text)] == []


def test_the_corpus_counts_as_it_should():
    text = "\n".join(f"{sample} ;" for _kind, sample in ALL)

    assert count(text) == {kind: len(samples) for kind, samples in FOUND.items()}
    assert (len(ALL), len(FALSE_FRIENDS)) == (83, 30)


@pytest.mark.parametrize("text", TEXTS)
def test_wherever_a_text_is_cut_the_same_is_shown(text):
    text = f"Say {text}. And"
    whole = replace(text, placeholder)

    for at in range(len(text) + 1):
        assert "".join(screened([text[:at], text[at:]])) == whole
    assert "".join(screened(text)) == whole
    assert "".join(screened([text[at : at + 3] for at in range(0, len(text), 3)])) == whole


def test_samples_side_by_side_come_apart_the_same_however_they_are_cut():
    text = " ".join(f"{sample}, {friend}" for (_kind, sample), friend in zip(ALL, FALSE_FRIENDS * 3, strict=False))
    whole = replace(text, placeholder)

    for size in (1, 2, 3, 5, 8, 13, 64, 1000):
        assert "".join(screened([text[at : at + size] for at in range(0, len(text), size)])) == whole


def test_nothing_of_a_finding_is_shown_before_it_is_whole():
    for kind, sample in ALL:
        if kind in {Kind.PASSWORD, Kind.EMAIL}:
            continue  # "x@y.io" might be "x@y.iodine.example" for one character more
        shown = "".join(list(screened(f"Say {sample}"))[:-1])
        assert shown == "Say ", (kind, shown)


def test_prose_is_held_back_by_a_word_at_most():
    text = "The quick brown fox, born in 2024, jumps (twice!) over 13 lazy dogs. " * 20
    behind, shown = 0, 0

    for at, piece in enumerate(screened(text), start=1):
        shown += len(piece)
        behind = max(behind, min(at, len(text)) - shown)

    assert behind <= 9


@pytest.mark.parametrize("unit", HARD)
def test_hard_text_takes_no_more_than_its_length(unit):
    text = unit * (40_000 // len(unit))

    assert replace(text, lambda kind: None) == text
    assert "".join(screened([text[at : at + 7] for at in range(0, len(text), 7)], lambda kind: None)) == text


def screened(pieces, shown_as=placeholder):
    """Yield what is shown after each piece, and at the end."""
    shown = []
    screen = Screen(shown_as, sink=shown.append)
    for piece in pieces:
        screen.feed(piece)
        yield "".join(shown)
        shown.clear()
    screen.finish()
    yield "".join(shown)

"""Markdown as one line to read: no marks, nothing run together, no word lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.generation.plain_text import in_one_line
from dev.sample_data.texts import ALL_OF_MARKDOWN


@pytest.mark.parametrize(
    ("markdown", "line"),
    [
        ("# Opening hours in the holidays\nOpen from nine", "Opening hours in the holidays · Open from nine"),
        ("Tides\n=====\nHigh", "Tides · High"),
        ("It ends.\n\nIt begins", "It ends. It begins"),
        ("one line\ngoes on", "one line goes on"),
        ("- first\n  - second\n1. third", "first · second · 1. third"),
        ("> - ## quoted", "quoted"),
        ("| Harbour | High |\n|---|---:|\n| North | 04:12 |", "Harbour, High · North, 04:12"),
        ("**bold** *soft* ***both*** __b__ _s_ ~~gone~~", "bold soft both b s gone"),
        ("un**believ**able `x_y` snake_case 2*3*4 2 * 3 a | b", "unbelievable x_y snake_case 2*3*4 2 * 3 a | b"),
        (
            "see [the **plan**](https://example.com) ![a boat](b.png) <https://a.example/>",
            "see the plan a boat https://a.example/",
        ),
        ("```python\ndef f(*a):\n    # no *marks*\n```\nafter", "def f(*a): # no *marks* · after"),
        ("not \\*soft\\* and a lone ` stays quiet", "not *soft* and a lone stays quiet"),
        ("---\n\n***", ""),
        ("", ""),
    ],
)
def test_marks_go_and_blocks_stay_apart(markdown, line):
    assert in_one_line(markdown) == line


def test_no_word_of_a_whole_answer_is_lost_or_joined_to_another():
    words = re.findall(r"\w+", re.sub(r"\(https.*?\)|```python", "", ALL_OF_MARKDOWN))

    assert re.findall(r"\w+", in_one_line(ALL_OF_MARKDOWN)) == words


@given(st.text(st.sampled_from("ab \n\\`*_~[]()<>|#-=1.!"), max_size=300))
def test_whatever_is_written_becomes_one_line_without_an_invented_word(text):
    line = in_one_line(text)

    assert line == " ".join(line.split())
    assert set(line) <= set(text) | set(" ·,")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "sign", ["[", "[a](", "*", "_a", "`", "> ", "- ", "|a", "\\", "<https://", "![", "a*", "~~~\n"]
)
def test_no_text_takes_long(sign):
    assert isinstance(in_one_line(sign * (400_000 // len(sign))), str)

"""The view of a text that still arrives."""

import pytest

from apps.generation.markdown import LiveMarkdown, TailAppend, Update, render
from apps.generation.markdown.freezer import OPEN_SIZE_MAX
from tests.generation.markdown_documents import cuts, document, visible_text


def play(pieces):
    live = LiveMarkdown()
    for piece in pieces:
        live.append(piece)
    return live, live.finish()


@pytest.mark.parametrize("hundred", [0, 1, *(pytest.param(more, marks=pytest.mark.long) for more in range(2, 50))])
def test_what_is_frozen_depends_on_the_text_alone_and_ends_as_the_canonical_html(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        text = document(seed)

        whole, whole_end = play([text])
        cut, cut_end = play(cuts(text, seed=seed))

        assert cut.frozen == whole.frozen, seed
        assert cut_end.canonical == whole_end.canonical, seed
        joined = "".join(cut.frozen)
        assert (joined if cut_end.canonical is None else cut_end.canonical) == render(text), seed
        assert cut_end.canonical != joined, seed


@pytest.mark.parametrize("seed", range(0, 300, 7))
def test_the_frozen_blocks_at_a_line_end_are_the_same_for_every_cut(seed):
    text = document(seed).replace("\r\n", "\n").replace("\r", "\n")
    half = text.rfind("\n", 0, len(text) // 2) + 1

    counts = set()
    for pieces in ([text[:half]], text[:half], cuts(text[:half], seed=seed), text[:half].splitlines(keepends=True)):
        live = LiveMarkdown()
        for piece in pieces:
            live.append(piece)
        counts.add(tuple(live.frozen))

    assert len(counts) == 1


@pytest.mark.parametrize("seed", [*range(50), *(pytest.param(more, marks=pytest.mark.long) for more in range(50, 500))])
def test_a_reader_sees_the_text_so_far_once(seed):
    live, viewer, at, rendered = LiveMarkdown(), Viewer(), 0, 0
    text = document(seed)[:4_000]
    for piece in cuts(text, seed=seed):
        event = live.append(piece)
        at += len(piece)
        viewer.take(event)
        rendered = at if isinstance(event, Update) else rendered

        expected = _text(render(text[:rendered])) + _text("".join(viewer.appended))
        assert _text("".join(live.frozen) + live.tail_html) == expected
        assert viewer.frozen == live.frozen
        assert viewer.tail_text() == visible_text(live.tail_html)


@pytest.mark.parametrize("seed", range(0, 300, 11))
def test_one_character_at_a_time_is_never_far_behind(seed):
    live, behind, text = LiveMarkdown(), 0, document(seed)[:1_500]
    for character in text:
        behind = 0 if isinstance(live.append(character), Update) else behind + 1

        assert behind <= OPEN_SIZE_MAX / 4 or live._freezer.fence_end


def test_frozen_blocks_never_change():
    text = document(3) * 3
    live, before = LiveMarkdown(), []
    for piece in cuts(text, seed=1):
        live.append(piece)
        assert live.frozen[: len(before)] == before
        before = list(live.frozen)


def test_an_update_carries_the_new_blocks_and_the_tail_together():
    live = LiveMarkdown()
    live.append("# One\n\ntwo")

    event = live.append("\n\nthree")

    tail = "<p>two</p>\n<p>three<span data-open></span></p>\n"
    assert event == Update(0, ("<h1>One</h1>\n",), tail)
    assert live.tail_html == event.tail


def test_text_in_an_open_fence_is_appended_escaped():
    live = LiveMarkdown()
    live.append("```python\nif a ")

    event = live.append("< b & c:\n  d\n")

    assert event == TailAppend("&lt; b &amp; c:\n  d\n")
    assert live.tail_html.endswith("if a <span data-open>&lt; b &amp; c:\n  d\n</span></code></pre>\n")


def test_the_language_of_a_fence_never_shows_as_code():
    live = LiveMarkdown()
    for character in "```python":
        live.append(character)
        assert visible_text(live.tail_html) in ("", "`", "``")


def test_a_block_over_the_size_is_rendered_again_only_when_it_has_doubled():
    live = LiveMarkdown()

    events = [live.append("wordy " * 2) for _ in range(10 * OPEN_SIZE_MAX // 12)]

    late = events[OPEN_SIZE_MAX // 12 :]
    assert sum(isinstance(event, Update) for event in late) <= 4
    assert all(isinstance(event, Update | TailAppend) for event in late)


@pytest.mark.parametrize(
    "line",
    ["- item **{}**\n", "{}. item\n", "{}. item\n\n", "> quote {}\n>\n", "| {} | b |\n", "- a {}\n\n  b\n  - c\n"],
)
def test_a_long_block_is_frozen_in_pieces_and_put_together_at_the_end(line):
    head = "| a | b |\n|---|--:|\n" if "|" in line else ""
    text = head + "".join(line.format(number) for number in range(1, 600))

    live, end = play(cuts(text, seed=1))

    assert len(live.frozen) >= 2
    assert visible_text("".join(live.frozen)) == visible_text(render(text))
    assert end.canonical == render(text)


def test_a_numbered_list_goes_on_counting_over_its_pieces():
    live, _ = play(["5. item\n" * 600])

    counts = [piece.count("<li>") for piece in live.frozen]
    assert live.frozen[1].startswith(f'<ol start="{5 + counts[0]}">')
    assert sum(counts) == 600


def test_a_list_that_becomes_loose_late_is_loose_in_the_end():
    text = "- item\n" * 700 + "\n- last\n"

    live, end = play([text])

    assert "<li>item</li>" in live.frozen[0]
    assert end.canonical == render(text)
    assert "<li>item</li>" not in end.canonical


def test_a_link_defined_late_is_corrected_at_the_end():
    live, end = play(["see [here]\n\n", "more\n\n", "[here]: https://example.com\n"])

    assert live.frozen[0] == "<p>see [here]</p>\n"
    assert "https://example.com" in end.canonical


def test_a_link_defined_early_needs_no_correction():
    live, end = play(["[here]: https://example.com\n\n", "see [here]\n\n", "more"])

    assert "https://example.com" in live.frozen[0]
    assert end.canonical is None


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_ends_may_be_cut_in_the_middle(ending):
    text = "a\n===\n\n- b\n\n```\nc\n```\n".replace("\n", ending)

    live, end = play(text)

    assert "".join(live.frozen) == render(text)
    assert end.canonical is None


@pytest.mark.parametrize(
    "text",
    [
        "[a]: https://a.example\n'title\nof it'\n\n[a]",
        "> [a]: https://a.example\n> 'title\n> of it'\n\n[a]",
        "- [a]: https://a.example\n'lazy\ntitle'\n\n[a]",
        '> - [a]:\n>   https://a.example\n \t"lazy\n \ttitle"',
        "-\n- looks like | a table\n  ---",
        ">     code > \n    > 0) indented like code",
        "  - a\n  - b\n   - c\n    - d",
        "- # a\n\n- # b\n- c",
        "- a\n  ```\n  b\n\n  ```\n- c",
        "a | b\n-|-\nc\n\nd | e",
        "```\na\n ``` \n\tb\n````\nc\n   ```\n    ```\nd",
    ],
)
def test_what_looks_final_but_is_not_stays_open(text):
    live, end = play(text)

    assert (end.canonical or "".join(live.frozen)) == render(text)
    assert live.frozen == play([text])[0].frozen


def test_an_empty_text_shows_nothing():
    live, end = play(["", "\n", " \n"])

    assert (live.frozen, live.tail_html, end.canonical) == ([], "", None)
    assert LiveMarkdown().append("") is None


def test_a_fence_that_is_never_closed_is_frozen_at_the_end():
    live, _ = play(["```js\nlet a", " = 1"])

    assert live.tail_html == ""
    assert "".join(live.frozen) == render("```js\nlet a = 1")


class Viewer:
    """What the page does with the events."""

    def __init__(self):
        self.frozen, self.tail, self.appended = [], "", []

    def take(self, event):
        if isinstance(event, Update):
            assert event.first == len(self.frozen)
            self.frozen.extend(event.frozen)
            self.tail, self.appended = event.tail, []
        elif event is not None:
            self.appended.append(event.html)

    def tail_text(self):
        return visible_text(self.tail.replace("</span>", "".join(self.appended) + "</span>", 1))


def _text(html):
    """Visible text without brackets: a link that is defined late has lost them in the canonical text."""
    return visible_text(html).replace("[", "").replace("]", "")

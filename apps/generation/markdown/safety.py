"""What may reach the page: an allow-list of elements, and characters that cannot disturb what stands around them."""

import re
from html import escape

import nh3

TEXT_TAGS = {"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "a", "code", "pre", "span"}
CONTAINER_TAGS = {"blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"}
TAGS = TEXT_TAGS | CONTAINER_TAGS
ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "code": {"class"},
    "span": {"class"},
    "th": {"class"},
    "td": {"class"},
}
URL_SCHEMES = {"http", "https", "mailto"}
LINK_REL = "nofollow noopener noreferrer ugc"

_CLASSES = {
    "code": re.compile(r"language-[\w+#.-]{1,32}"),
    "span": re.compile(r"[a-z][a-z0-9]{0,2}"),
    "th": re.compile(r"align-(?:left|center|right)"),
    "td": re.compile(r"align-(?:left|center|right)"),
}
_NEWLINES = re.compile(r"\r\n?")
_UNENCODABLE = re.compile("[\x00\ud800-\udfff]")
# Zero-width joiners and direction marks stay: emoji, Persian and Hebrew need them, and they reach no further.
_DISTURBING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_INVISIBLE = re.compile("[\u180e\u200b\u2060-\u2065\ufeff]")
_COMBINING = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_TOWER = re.compile(f"([{_COMBINING}]{{8}})[{_COMBINING}]+")


def readable(text: str) -> str:
    """Return the text with one kind of line end and without what UTF-8 or HTML cannot carry."""
    return _UNENCODABLE.sub("\ufffd", _NEWLINES.sub("\n", text))


def sanitise(html: str) -> str:
    """Return the HTML cut down to the allow-list."""
    return _visible(_CLEANER.clean(html))


def escape_text(text: str) -> str:
    """Return plain text as HTML that shows it as it is."""
    return _visible(escape(text, quote=False))


def _visible(html: str) -> str:
    """Show control and direction characters as pictures, drop invisible ones, cut towers of combining marks."""
    if html.isascii():
        return _DISTURBING.sub(_picture, html)
    return _TOWER.sub(r"\1", _DISTURBING.sub(_picture, html))


def _picture(match: re.Match[str]) -> str:
    character = match.group()
    if character < " ":
        return chr(0x2400 + ord(character))
    return "" if _INVISIBLE.match(character) else "\ufffd"


def _filter_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return value if _CLASSES[tag].fullmatch(value) else None
    if attribute == "start":
        return value if value.isdecimal() else None
    return value


_CLEANER = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags={"script", "style"},
    attributes=ATTRIBUTES,
    attribute_filter=_filter_attribute,
    url_schemes=URL_SCHEMES,
    link_rel=LINK_REL,
    set_tag_attribute_values={"a": {"target": "_blank"}},
)

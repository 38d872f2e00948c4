"""The Markdown parser, bounded: nothing that a model writes makes it recurse deeply or take more than linear time."""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore, linkify, text_join
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from apps.generation.markdown.highlighting import highlight
from apps.generation.markdown.safety import sanitise

# A quote is one level, a list two. What is nested deeper is shown as it was written.
LEVEL_MAX = 40
# Inline markup takes quadratic time on hostile text, so a longer paragraph is shown as it was written.
INLINE_SIZE_MAX = 8_192
BRACKETS_MAX = 400
# Short rows are filled up with empty cells: two bytes of text would become hundreds of HTML. From here the table ends.
FILLED_CELLS_MAX = 4_096

BlockRule = Callable[[StateBlock, int, int, bool], bool]


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block: its tokens and its lines, `end` excluded."""

    tokens: list[Token]
    start: int
    end: int

    @property
    def kind(self) -> str:
        return self.tokens[0].type


@dataclass(frozen=True, slots=True)
class Definition:
    """A link reference definition and its lines, `end` excluded."""

    label: str
    target: Mapping[str, Any]
    start: int
    end: int


class References:
    """Link reference definitions as the parser asks for them; remembers which it asked for in vain."""

    def __init__(self, definitions: Mapping[str, Mapping[str, Any]]) -> None:
        self.definitions = definitions
        self.missed: set[str] = set()

    def get(self, label: str, default: None = None) -> Mapping[str, Any] | None:
        target = self.definitions.get(label, default)
        if target is None:
            self.missed.add(label)
        return target


def parse_blocks(source: str) -> tuple[list[Block], list[Definition]]:
    """Return the top-level blocks of readable text, without inline markup, and the definitions among them."""
    env: dict[str, Any] = {"references": {}, "duplicate_refs": []}
    state = StateBlock(source, MARKDOWN, env, [])
    MARKDOWN.block.tokenize(state, 0, state.lineMax)
    found = [{"label": label, **target} for label, target in env["references"].items()] + env["duplicate_refs"]
    definitions = [
        Definition(label=target["label"], target=target, start=target["map"][0], end=target["map"][1])
        for target in found
    ]
    return _top_level(state.tokens), definitions


def parse_inline(tokens: list[Token], *, references: References) -> None:
    """Parse the inline markup of block tokens, in place."""
    state = StateCore("", MARKDOWN, {"references": references}, tokens)
    for rule in (_inline, linkify, text_join, _align_by_class):
        rule(state)


def to_html(tokens: list[Token], *, is_final: bool = True) -> str:
    """Return the safe HTML of parsed tokens; code is coloured only where it is final."""
    return sanitise(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {"is_final": is_final}))


def _top_level(tokens: list[Token]) -> list[Block]:
    blocks: list[Block] = []
    opened = 0
    for index, token in enumerate(tokens):
        if token.level == 0 and token.nesting == 1:
            opened = index
        elif token.level == 0 and token.type != "inline":
            first = opened if token.nesting == -1 else index
            start, end = tokens[first].map or (0, 0)
            blocks.append(Block(tokens[first : index + 1], start, end))
    return blocks


def _inline(state: StateCore) -> None:
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = []
        if len(token.content) > INLINE_SIZE_MAX or token.content.count("[") > BRACKETS_MAX:
            plain = Token("text", "", 0)
            plain.content, token.content = token.content, ""
            token.children.append(plain)
        else:
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _align_by_class(state: StateCore) -> None:
    for token in state.tokens:
        style = token.attrs.pop("style", None)
        if style:
            token.attrs["class"] = str(style).replace("text-align:", "align-")


def _render_fence(_: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    words = token.info.split(maxsplit=1)
    language = words[0] if words and _LANGUAGE.fullmatch(words[0]) else ""
    code = highlight(token.content, language=language) if env.get("is_final", True) else None
    attribute = f' class="language-{language}"' if language else ""
    return f"<pre><code{attribute}>{escapeHtml(token.content) if code is None else code}</code></pre>\n"


def _render_image(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """An image is its alternative text: fetching it would tell a stranger what the model was told."""
    token = tokens[index]
    text = renderer.renderInlineAsText(token.children, options, env) if token.children else ""
    return escapeHtml(text or str(token.attrs.get("src", "")))


def _below_level_max(rule: BlockRule) -> BlockRule:
    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < LEVEL_MAX and rule(state, start, end, silent)

    return bounded


def _build() -> MarkdownIt:
    vars(importlib.import_module("markdown_it.rules_block.table"))["MAX_AUTOCOMPLETED_CELLS"] = FILLED_CELLS_MAX
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": True, "maxNesting": 2 * LEVEL_MAX})
    markdown.enable(["table", "strikethrough", "linkify"])
    markdown.disable(["html_block", "html_inline"])
    interrupted = ["paragraph", "reference", "blockquote"]
    markdown.block.ruler.at("blockquote", _below_level_max(blockquote), {"alt": [*interrupted, "list"]})
    markdown.block.ruler.at("list", _below_level_max(list_block), {"alt": interrupted})
    markdown.core.ruler.at("inline", _inline)
    markdown.core.ruler.push("align_by_class", _align_by_class)
    markdown.add_render_rule("fence", _render_fence)
    markdown.add_render_rule("image", _render_image)
    markdown.validateLink = lambda url: bool(_ALLOWED_LINK.match(url))  # type: ignore[method-assign]
    if markdown.linkify is not None:
        # Without this, README.md and main.rs become links to Moldova and Serbia.
        markdown.linkify.set({"fuzzy_link": False})
    return markdown


_LANGUAGE = re.compile(r"[\w+#.-]{1,32}")
_ALLOWED_LINK = re.compile(r"https?://|mailto:", re.IGNORECASE)
MARKDOWN = _build()

"""Colours for code, as CSS classes only. The stylesheet is dev/styles/components/highlight.css."""

from functools import cache

from pygments import highlight as pygments_highlight  # type: ignore[import-untyped]
from pygments.formatters.html import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]

# Lexing 8 kB takes some 15 ms; longer code would hold up everyone else's stream.
CODE_SIZE_MAX = 12_288

# A short list: rare lexers have slow patterns.
LANGUAGES = (
    *("bash", "console", "docker", "dockerfile", "http", "make", "powershell", "sh", "shell", "zsh"),
    *("c", "c#", "c++", "cpp", "cs", "go", "java", "kotlin", "rs", "rust", "scala", "swift"),
    *("javascript", "js", "lua", "php", "py", "python", "python3", "r", "rb", "ruby", "ts", "typescript"),
    *("css", "diff", "html", "ini", "json", "markdown", "md", "sql", "toml", "xml", "yaml", "yml"),
)


def highlight(code: str, *, language: str) -> str | None:
    """Return the code as HTML with a class per kind of token, or None where it is to be shown plain."""
    name = language.lower()
    if name not in LANGUAGES or len(code) > CODE_SIZE_MAX:
        return None
    return str(pygments_highlight(code, _lexer(name), _FORMATTER))


def load_lexers() -> None:
    """Load every lexer (up to 50 ms each), for the process that streams and must not stand still in the middle."""
    for name in LANGUAGES:
        _lexer(name)


@cache
def _lexer(name: str) -> Lexer:
    return get_lexer_by_name(name, stripnl=False, ensurenl=False)


_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)

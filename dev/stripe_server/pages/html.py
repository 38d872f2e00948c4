"""The frame of every page, and the small parts that several share."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from dev.stripe_server.api import Reply
from dev.stripe_server.money import show

STYLE = (Path(__file__).parent / "style.css").read_text()
NOTE = "A stand-in for Stripe: test data only, no money moves."


def page(title: str, body: str, *, status: int = 200, is_narrow: bool = False) -> Reply:
    """Return a page; `body` is HTML."""
    width = ' class="narrow"' if is_narrow else ""
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<div class="note">{NOTE}</div>
<main{width}>
{body}
</main>
</body>
</html>
"""
    return Reply(status, text.encode(), {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"})


def redirect(url: str) -> Reply:
    """Send the browser elsewhere after a form."""
    return Reply(303, b"", {"location": url})


def message(text: str, *, kind: str) -> str:
    """Return a message, `good` or `bad`, or nothing without a text."""
    role = "alert" if kind == "bad" else "status"
    return f'<div class="message {kind}" id="message" role="{role}">{escape(text)}</div>' if text else ""


def row(label: str, value: str, *, css: str = "", name: str = "") -> str:
    """Return a label with its value at the other side."""
    marked = f' id="{name}"' if name else ""
    return f'<div class="row {css}"><span>{escape(label)}</span><span{marked}>{escape(value)}</span></div>'


def choice(*, name: str, value: str, title: str, explanation: str, is_checked: bool = False) -> str:
    """Return one of several choices."""
    checked = " checked" if is_checked else ""
    button = f'<input type="radio" name="{name}" value="{value}" id="{name}-{value}"{checked}>'
    return (
        f'<label class="choice">{button}<span><b>{escape(title)}</b><span>{escape(explanation)}</span></span></label>'
    )


def button(text: str, *, name: str, css: str = "", fields: dict[str, str] | None = None, action: str = "") -> str:
    """Return a form that is one button; `name` is its id."""
    hidden = "".join(
        f'<input type="hidden" name="{key}" value="{escape(text)}">' for key, text in (fields or {}).items()
    )
    target = f' action="{escape(action)}"' if action else ""
    inside = f'{hidden}<button id="{name}" class="{css}">{escape(text)}</button>'
    return f'<form method="post"{target}>{inside}</form>'


def table(*, heads: Iterable[str], rows: list[list[str]], empty: str, numbers: Iterable[int] = ()) -> str:
    """Return a table; the cells are HTML, those in the columns `numbers` stand right."""
    if not rows:
        return f'<p class="quiet">{escape(empty)}</p>'
    heads, right = list(heads), set(numbers)
    mark = ["" if number not in right else ' class="number"' for number, _head in enumerate(heads)]
    top = "".join(f"<th{css}>{escape(head)}</th>" for head, css in zip(heads, mark, strict=True))
    lines = ("".join(f"<td{css}>{cell}</td>" for cell, css in zip(cells, mark, strict=True)) for cells in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def money(amount: int, *, currency: str) -> str:
    """Return an amount as people read it."""
    return show(amount, currency=currency)


def day(second: int) -> str:
    """Return a date."""
    return datetime.fromtimestamp(second, UTC).strftime("%-d %b %Y")


def moment(second: float) -> str:
    """Return a date and time."""
    return datetime.fromtimestamp(second, UTC).strftime("%-d %b %Y, %H:%M:%S")

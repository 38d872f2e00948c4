"""Streaming Markdown: is the cost of a token the same late in a long text, and is no single step long?"""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.generation.markdown import LiveMarkdown

SIZES = (2_000, 20_000)
TOKENS_PER_UPDATE = 2
TOKEN_SIZE = 4
ROUNDS = 5
RATIO_MAX = 1.3
STEP_MS_MAX = 50.0

SENTENCE = "The **quick** brown fox, it says in `fox.py`, jumps over [a lazy dog](https://example.com/dog) every day. "


def main(arguments: list[str]) -> int:
    """Print cost per token at both sizes and the worst step of each shape. Returns 1 if a target is missed."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    shapes = {name: {size: Shape(cut(make, size=size)) for size in SIZES} for name, make in MAKERS.items()}
    for _ in range(rounds):
        for sizes in shapes.values():
            for shape in sizes.values():
                shape.run()
    print(f"{'shape':12}{'us/token':>10}{'at 10x':>9}{'ratio':>8}{'worst step ms':>15}")
    met = [report(name, sizes[SIZES[0]], sizes[SIZES[1]]) for name, sizes in shapes.items()]
    print(f"targets: ratio <= {RATIO_MAX}, worst step <= {STEP_MS_MAX:g} ms, median of {rounds} rounds")
    return 0 if all(met) else 1


@dataclass
class Shape:
    """One text in updates, and what each round of feeding it took."""

    updates: list[str]
    us_per_token: list[float] = field(default_factory=list)
    worst_ms: list[float] = field(default_factory=list)

    def run(self) -> None:
        gc.collect()
        live, worst, started = LiveMarkdown(), 0, time.process_time_ns()
        before = started
        for update in self.updates:
            live.append(update)
            after = time.process_time_ns()
            worst, before = max(worst, after - before), after
        live.finish()
        ended = time.process_time_ns()
        self.us_per_token.append((ended - started) / 1e3 / (len(self.updates) * TOKENS_PER_UPDATE))
        self.worst_ms.append(max(worst, ended - before) / 1e6)


def report(name: str, short: Shape, long: Shape) -> bool:
    cost, cost_long = statistics.median(short.us_per_token), statistics.median(long.us_per_token)
    worst_ms = statistics.median(long.worst_ms)
    met = cost_long / cost <= RATIO_MAX and worst_ms <= STEP_MS_MAX
    figures = f"{cost:10.1f}{cost_long:9.1f}{cost_long / cost:8.2f}{worst_ms:15.1f}"
    print(f"{name:12}{figures}{'' if met else '   MISSED'}")
    return met


def cut(make: Callable[[int], str], *, size: int) -> list[str]:
    """Return a text of `size` tokens in updates of two."""
    step = TOKEN_SIZE * TOKENS_PER_UPDATE
    text, parts = "", 0
    while len(text) < size * TOKEN_SIZE:
        parts = max(1, parts * 2)
        text = "".join(make(number) for number in range(parts))
    text = text[: size * TOKEN_SIZE]
    return [text[at : at + step] for at in range(0, len(text), step)]


def mixed(number: int) -> str:
    code = "".join(f"    total += price[{line}]  # in cents\n" for line in range(6))
    items = "".join(f"- Point {item}: it has **weight**\n" for item in range(5))
    return (
        f"## Part {number}\n\n{SENTENCE * 3}\n\n{items}\n```python\ndef total(price):\n{code}```\n\n"
        f"> {SENTENCE}\n\n| name | value |\n|---|--:|\n| a | {number} |\n| b | 2 |\n\n1. first\n2. second\n\n"
    )


def table(number: int) -> str:
    head = "" if number else "| a | b | c |\n|---|--:|---|\n"
    return f"{head}| row {number} | **{number}** | `code` |\n"


def fence(number: int) -> str:
    head = "" if number else "```python\n"
    return f"{head}total += price[{number}]  # in cents\n"


MAKERS: dict[str, Callable[[int], str]] = {
    "mixed": mixed,
    "list": lambda number: f"- Item {number} has **weight** and some `code` in a line of words\n",
    "loose list": lambda number: f"{number + 1}. Item {number} has **weight**.\n\n   - below it\n   - and more\n\n",
    "table": table,
    "fence": fence,
    "paragraph": lambda number: SENTENCE,
    "lines": lambda number: SENTENCE.strip() + "\n",
    "quote": lambda number: f"> {SENTENCE}\n>\n",
}

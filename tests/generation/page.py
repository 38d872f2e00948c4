"""What a browser does with the events of a stream: the two elements of the page, swapped as htmx swaps them."""

BLOCKS, TAIL = "#generation-blocks", "#generation-tail"
OPEN_START, OPEN_END = "<span data-open>", "</span>"
# How the fragments of the outcome begin.
ENDING = '<header id="generation-outcome"'


class Page:
    """One open page of a generation: the blocks, the tail, the cursor that it would reconnect with."""

    def __init__(self) -> None:
        self.blocks, self.tail, self.cursor, self.status = "", "", "", ""
        self.is_done = False

    def take(self, data: bytes) -> None:
        """Read whole events and swap what they say."""
        for event in data.decode().split("\n\n"):
            fields: dict[str, list[str]] = {}
            for line in event.split("\n"):
                name, _colon, value = line.partition(": ")
                fields.setdefault(name, []).append(value)
            if "event" in fields:
                assert not self.is_done, "nothing comes after the end"
                self.cursor = fields["id"][0]
                getattr(self, f"_{fields['event'][0]}")("\n".join(fields["data"]))

    def _status(self, word: str) -> None:
        self.status = word

    def _update(self, html: str) -> None:
        blocks, _middle, tail = html.partition(f'</div><div hx-swap-oob="innerHTML:{TAIL}">')
        for swap, before in (("beforeend", self.blocks), ("innerHTML", "")):
            start = f'<div hx-swap-oob="{swap}:{BLOCKS}">'
            if blocks.startswith(start):
                self.blocks, self.tail = before + blocks.removeprefix(start), _inside(tail)
                return
        raise AssertionError(blocks[:100])

    def _tail_append(self, html: str) -> None:
        start = f'<div hx-swap-oob="beforeend:{TAIL} [data-open]">'
        assert html.startswith(start)
        # The open element holds escaped text alone, so the first end tag after it is its own.
        opens = self.tail.index(OPEN_START)
        end = self.tail.index(OPEN_END, opens)
        self.tail = self.tail[:end] + _inside(html.removeprefix(start)) + self.tail[end:]

    def _done(self, html: str) -> None:
        start = f'<div hx-swap-oob="innerHTML:{BLOCKS}">'
        if html.startswith(start):
            self.blocks = html.removeprefix(start).partition(ENDING)[0].rstrip().removesuffix("</div>")
        assert ENDING in html
        self.tail, self.is_done = "", True


def _inside(html: str) -> str:
    assert html.endswith("</div>")
    return html.removesuffix("</div>")

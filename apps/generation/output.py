"""The text of a run on its way to the reader."""

from apps.generation.flusher import StreamWriter


class Output:
    """Gathers the text of one run and hands it to its stream."""

    def __init__(self, writer: StreamWriter) -> None:
        self.writer = writer
        self._pieces: list[str] = []

    def append(self, text: str) -> None:
        """Show a piece of text to the reader."""
        self._pieces.append(text)
        self.writer.append(text)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

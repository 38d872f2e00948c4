"""The text of a run on its way to the reader, and what its template says about personal data and secrets in it."""

from collections import Counter

from apps.generation import findings, policies
from apps.generation.findings import Kind, Screen
from apps.generation.flusher import StreamWriter
from apps.generation.gateway.errors import OutputRefusedError
from apps.generation.policies import DEFAULTS, Action, Counts, Policies


class Output:
    """Gathers the text of one run and hands it to its stream.

    Where the template masks or refuses, the end of the text is held back as long as more of it could still become a
    finding, so that nothing is shown that would have to be taken back. `finish` ends that.
    """

    def __init__(self, writer: StreamWriter, *, template_policies: Policies = DEFAULTS) -> None:
        self.writer = writer
        self._policies = template_policies
        self._pieces: list[str] = []
        self._found: Counter[Kind] = Counter()
        self._screen = Screen(self._placeholder, sink=self._show) if self._policies.changes_output else None
        self._is_refused = False

    def append(self, text: str) -> None:
        """Show a piece of text to the reader. Raises OutputRefusedError before what must not be shown."""
        if self._is_refused:
            return
        if self._screen is None:
            self._show(text)
        else:
            self._screen.feed(text)

    def finish(self) -> None:
        """Show what was held back: nothing comes after it. Raises OutputRefusedError as `append` does."""
        if self._screen is not None and not self._is_refused:
            self._screen.finish()

    def take_back(self) -> None:
        """Keep nothing of the text: what the stream has shown goes with the end of the run."""
        self._pieces.clear()

    @property
    def text(self) -> str:
        """The text so far, as it was shown."""
        return "".join(self._pieces)

    @property
    def findings(self) -> Counts:
        """What was found so far, by what was done about it."""
        if self._screen is None and self._policies.looks_at_output:
            self._found = findings.count(self.text)
        return policies.by_action(
            {kind: (self._policies.on_output(kind), number) for kind, number in self._found.items()}
        )

    def _placeholder(self, kind: Kind) -> str | None:
        action = self._policies.on_output(kind)
        self._found[kind] += 1
        if action == Action.REFUSE:
            self._is_refused = True
            raise OutputRefusedError
        return policies.placeholder(kind) if action == Action.MASK else None

    def _show(self, text: str) -> None:
        self._pieces.append(text)
        self.writer.append(text)

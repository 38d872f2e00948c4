"""The example on the landing page: an answer with its pace, kept in demo.json (`manage.py record_demo` makes one)."""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from apps.generation import markdown

RECORDING_PATH = Path(__file__).with_name("demo.json")


@dataclass(frozen=True)
class Recording:
    """A run as it was: what was asked, what came when (milliseconds and characters so far), and what it cost."""

    template: str
    inputs: dict[str, str]
    text: str
    pace: list[tuple[int, int]]
    held_credits: int
    charged_credits: int
    recorded_on: str

    @property
    def html(self) -> str:
        """The answer as the product shows it."""
        return markdown.render(self.text)

    @property
    def returned_credits(self) -> int:
        """What came back of the hold."""
        return self.held_credits - self.charged_credits

    @property
    def seconds(self) -> float:
        """How long the answer took."""
        return round(self.pace[-1][0] / 1000, 1)

    @property
    def timeline(self) -> str:
        """The pace as the browser reads it."""
        return json.dumps(self.pace, separators=(",", ":"))


@cache
def load_recording() -> Recording:
    """Return the run that the landing page replays, read once."""
    return Recording(**json.loads(RECORDING_PATH.read_text(encoding="utf-8")))


def save_recording(recording: Recording) -> None:
    """Replace the run that the landing page replays."""
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in asdict(recording).items()]
    RECORDING_PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

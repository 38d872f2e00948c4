"""The steps of a run, written down as they are taken, and told to the page that waits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.core.db import workspace_scope
from apps.core.ids import uuid7
from apps.generation import calls, catalogue, leases, policies, stream
from apps.generation.answering import Question, Reply, Sink, StepNote
from apps.generation.gateway import errors
from apps.generation.gateway.types import ProviderRequest
from apps.generation.models import Generation, Step


class RecordedTalk:
    """Asks through the recorded calls of a run, and records the steps between them."""

    def __init__(self, run: calls.Run, generation: Generation) -> None:
        self.takes_schema = catalogue.describe(generation.request_model).can("json_schema")
        self._run = run
        self._generation = generation
        self._steps = 0

    def ask(self, question: Question, *, sink: Sink) -> Reply:
        """Call the model. Raises a ProviderError, also when the run must stop."""
        self._run.guard()
        pieces: list[str] = []

        def take(text: str) -> None:
            pieces.append(text)
            sink(text)

        request = ProviderRequest(
            model=self._generation.request_model,
            messages=question.messages,
            output_tokens_max=self._generation.output_tokens_max,
            request_id=self._generation.request_id,
            fallbacks=tuple(self._generation.fallback_models),
            needs=question.needs,
            safety_identifier=calls.safety_identifier(self._generation.user_id),
            schema=question.schema,
            tools=question.tools,
            must_answer=question.must_answer,
        )
        completion = calls.call(self._run, request, sink=take)
        return Reply("".join(pieces), completion)

    @contextmanager
    def step(self, kind: str, **detail: Any) -> Iterator[StepNote]:
        """Write a step down when it begins and when it ends, however it does. Raises LeaseLostError."""
        self._steps += 1
        note = StepNote(detail=detail)
        step = Step(id=uuid7(), generation_id=self._generation.pk, number=self._steps, kind=kind)
        step.detail = self._shown_detail(detail)
        self._write(step)
        stream.announce(self._generation.pk, stream.STATUS, kind)
        try:
            yield note
        except errors.LeaseLostError:
            raise
        except errors.ProviderError as error:
            note.detail["error"] = error.code
            self._end(step, note)
            raise
        self._end(step, note)

    def _write(self, step: Step) -> None:
        step.started_at = timezone.now()
        with workspace_scope(self._run.lease.workspace_id):
            if not leases.holds(self._run.lease):
                raise errors.LeaseLostError
            step.save(force_insert=True)
        # No connection is held while a provider is waited for.
        connection.close()

    def _end(self, step: Step, note: StepNote) -> None:
        step.text, step.detail = self._shown(note.text), self._shown_detail(note.detail)
        step.attempts_made, step.finished_at = len(self._run.attempts), timezone.now()
        with workspace_scope(self._run.lease.workspace_id):
            if not leases.holds(self._run.lease):
                raise errors.LeaseLostError
            step.save(force_update=True)
        connection.close()

    def _shown_detail(self, detail: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is told of a step: the arguments of a tool, and problems, can quote what the model wrote."""
        return {
            name: [self._shown(text) for text in told] if isinstance(told, list) else self._shown(told)
            for name, told in detail.items()
        }

    def _shown(self, text: str) -> str:
        return policies.shown(policies.of(self._generation.template_version.content), text)

"""Record a run with the configured model for the landing page, with its pace and what it would cost."""

import time
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.generation import catalogue, context, estimates, outcomes, prompts, switches
from apps.generation.gateway import providers
from apps.generation.gateway.types import Completion, Delta, ProviderRequest
from apps.pages.demo import RECORDING_PATH, Recording, save_recording
from apps.usage import rates, rating

TEMPLATE = "product-announcement"
INPUTS = {
    "product": "An import wizard for contacts",
    "details": (
        "For teams that come from a spreadsheet. Reads CSV and Excel, matches the columns by itself, shows a preview "
        "before anything is saved. Undo for 24 hours. Live for everybody today."
    ),
    "tone": "Friendly",
}


class Command(BaseCommand):
    """Call the first model of OPENAI_MODEL once; the call costs what the provider charges for it."""

    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let each input of the template be given; without any the sample is used."""
        for name, sample in INPUTS.items():
            parser.add_argument(f"--{name}", default=sample)

    def handle(self, *args: Any, **options: Any) -> None:
        """Record, write apps/pages/demo.json, and say what was recorded."""
        recording = _record({name: options[name] for name in INPUTS})
        save_recording(recording)
        self.stdout.write(
            f"{len(recording.text)} characters in {recording.seconds} s, {recording.charged_credits} credits of "
            f"{recording.held_credits} held: {RECORDING_PATH}"
        )


def _record(inputs: dict[str, str]) -> Recording:
    model, now = catalogue.offered()[0], timezone.now()
    template = prompts.get_file(TEMPLATE)
    request = ProviderRequest(
        model=model,
        messages=template.messages(inputs),
        output_tokens_max=template.output_tokens_max,
        request_id="record-demo",
    )
    text, pace, completion = _listen(request)
    tokens = outcomes.count_tokens(
        prompt=context.prompt_of(request.messages),
        output=text,
        reported=completion.usage,
        output_tokens_max=request.output_tokens_max,
    )
    rate = rates.find_rate(model=model, on=now.date())
    held = estimates.estimate_credits(template=template, inputs=inputs, model=model, at=now)
    charged = rating.charge_credits([rating.rate_microcredits(rate=rate, tokens=tokens)])
    return Recording(
        template=template.name,
        inputs=inputs,
        text=text,
        pace=pace,
        held_credits=held,
        charged_credits=min(charged, held),
        recorded_on=now.date().isoformat(),
    )


def _listen(request: ProviderRequest) -> tuple[str, list[tuple[int, int]], Completion]:
    text, pace, completion = "", [], Completion(finish_reason="")
    started = time.monotonic()
    model = catalogue.describe(request.model)
    endpoint = catalogue.find_endpoint(model)
    if endpoint is None:
        raise CommandError(f"The provider of {request.model} is not configured.")
    request = replace(request, model=model.model or model.name)
    permit = switches.permit(switches.Work(switches.Feature.TRIAL), model=model.name)
    for event in providers.stream(endpoint, request, guard=lambda: None, permit=permit):
        if isinstance(event, Completion):
            completion = event
        elif isinstance(event, Delta):
            text += event.text
            pace.append((round((time.monotonic() - started) * 1000), len(text)))
    return text, pace, completion

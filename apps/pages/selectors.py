"""What the pages say about credits, computed by the estimator and the rates that charge for them."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from apps.generation import catalogue, estimates, prompts
from apps.generation.prompts import Field, PromptTemplate
from apps.usage import rates, rating
from apps.usage.rates import Rate

# What "typical" means on the page: about 150 words of notes and an answer of 250 words.
TYPICAL_INPUT_WORDS, TYPICAL_OUTPUT_WORDS = 150, 250
# English text has about four tokens for three words.
TOKENS_FOR_THREE_WORDS = 4


@dataclass(frozen=True)
class RunCost:
    """What a run of a template costs with its first model, in credits: typically, and at most with such a text."""

    name: str
    description: str
    typical_credits: int
    held_credits: int
    free_runs: int


def list_run_costs(*, at: datetime) -> list[RunCost]:
    """Return what a run of each template costs; empty while a first model has no rate."""
    try:
        return [_run_cost(template, at=at) for template in prompts.list_templates()]
    except rates.UnratedModelError:
        return []


def list_rates(*, at: datetime) -> list[tuple[str, Rate]]:
    """Return the rate in effect of each model that is offered, by the name that it is offered under."""
    offered = []
    for model in dict.fromkeys(catalogue.offered()):
        try:
            offered.append((model, rates.find_rate(model=model, on=at.date())))
        except rates.UnratedModelError:
            continue
    return offered


def provider_hosts() -> list[str]:
    """Return the hosts that prompts may be sent to, without model servers of our own, which nobody can look up."""
    hosts = [urlsplit(endpoint.base_url).hostname or "" for endpoint in catalogue.list_endpoints()]
    return [host for host in dict.fromkeys(hosts) if _is_public(host)]


def _is_public(host: str) -> bool:
    labels = host.split(".")
    return len(labels) > 1 and not labels[-1].isdigit() and labels[-1] not in {"local", "internal", "localhost"}


def _run_cost(template: PromptTemplate, *, at: datetime) -> RunCost:
    model = catalogue.offered(template.task, first=template.models)[0]
    rate = rates.find_rate(model=model, on=at.date())
    inputs = {field.name: _typical_value(field) for field in template.fields}
    prompt = "\n".join(message["content"] for message in template.messages(inputs))
    output_tokens = TYPICAL_OUTPUT_WORDS * TOKENS_FOR_THREE_WORDS // 3
    tokens = rating.TokenCount(rating.estimate_tokens(prompt), min(output_tokens, template.output_tokens_max))
    typical = rating.charge_credits([rating.rate_microcredits(rate=rate, tokens=tokens)])
    return RunCost(
        name=template.name,
        description=template.description,
        typical_credits=typical,
        held_credits=estimates.estimate_credits(template=template, inputs=inputs, model=model, at=at),
        free_runs=settings.SIGN_UP_GRANT_CREDITS // typical if typical else 0,
    )


def rate_model() -> str:
    """Return the model that the pages reckon with: the first that the composer offers."""
    return str(catalogue.offered()[0])


def _typical_value(field: Field) -> str:
    if field.kind == "textarea":
        return "words of notes "[: field.characters_max] * (TYPICAL_INPUT_WORDS // 3)
    return field.choices[0] if field.choices else "a few words"

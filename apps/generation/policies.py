"""What a template says about personal data and secrets: for what goes out to a model, and for what comes back.

A text is never changed silently: what was found, and what was done about it, is counted beside the generation, and its
page says so. The values themselves are kept nowhere but in the customer's own text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from apps.core.errors import DomainError
from apps.generation import findings
from apps.generation.findings import Category, Kind

# By action and kind: how many were found.
Counts = dict[str, dict[str, int]]


class Action(TextChoices):
    """What is done about a finding."""

    OFF = "off", gettext_lazy("Not looked for")
    WARN = "warn", gettext_lazy("Told")
    MASK = "mask", gettext_lazy("Masked")
    REFUSE = "refuse", gettext_lazy("Refused")


@dataclass(frozen=True)
class Policy:
    """What is done about one category, on the way out and on the way back."""

    input: Action
    output: Action


@dataclass(frozen=True)
class Policies:
    """What a template does about each category; these are the defaults."""

    personal_data: Policy = Policy(input=Action.WARN, output=Action.OFF)
    secrets: Policy = Policy(input=Action.MASK, output=Action.WARN)

    def on_input(self, kind: Kind) -> Action:
        """Return what is done about a kind before anything is sent."""
        return self._of(kind).input

    def on_output(self, kind: Kind) -> Action:
        """Return what is done about a kind in an answer."""
        return self._of(kind).output

    @property
    def looks_at_output(self) -> bool:
        """Whether anything is looked for in an answer."""
        return any(policy.output != Action.OFF for policy in (self.personal_data, self.secrets))

    @property
    def changes_output(self) -> bool:
        """Whether an answer can come out other than it was written."""
        return any(policy.output in {Action.MASK, Action.REFUSE} for policy in (self.personal_data, self.secrets))

    def _of(self, kind: Kind) -> Policy:
        return self.secrets if kind.category is Category.SECRETS else self.personal_data


DEFAULTS = Policies()


class InputRefusedError(DomainError):
    """A text holds what its template does not send. Nothing was held, and nothing was sent."""

    code = "input_refused"
    status = 422

    def __init__(self, found: Mapping[str, int]) -> None:
        super().__init__(refusal_sentence(found))


def of(content: Mapping[str, Any]) -> Policies:
    """Return the policies in a template's content. Raises ValueError, which names what is wrong."""
    return Policies(
        personal_data=_policy(content, Category.PERSONAL_DATA, default=DEFAULTS.personal_data),
        secrets=_policy(content, Category.SECRETS, default=DEFAULTS.secrets),
    )


def outgoing(policies: Policies, text: str) -> str:
    """Return a text as it is sent to a model: with what is to be masked masked, otherwise exactly as it was written."""
    return findings.replace(text, lambda kind: placeholder(kind) if policies.on_input(kind) == Action.MASK else None)


def shown(policies: Policies, text: str) -> str:
    """Return what a model wrote as it may be shown outside of the answer itself: what is refused is masked there."""
    hidden = {Action.MASK, Action.REFUSE}
    return findings.replace(text, lambda kind: placeholder(kind) if policies.on_output(kind) in hidden else None)


def outgoing_inputs(policies: Policies, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return inputs as they are sent to a model."""
    return {name: outgoing(policies, text) for name, text in inputs.items()}


def examine(policies: Policies, texts: Iterable[str]) -> Counts:
    """Return what is found in texts that are to be sent, by what is done about it."""
    found: Counter[Kind] = Counter()
    for text in texts:
        found += findings.count(text)
    return by_action({kind: (policies.on_input(kind), number) for kind, number in found.items()})


def require_sendable(policies: Policies, inputs: Mapping[str, str]) -> Counts:
    """Return what is found in inputs. Raises InputRefusedError for what the template refuses."""
    found = examine(policies, inputs.values())
    if refused := found.get(Action.REFUSE):
        raise InputRefusedError(refused)
    return found


def by_action(found: Mapping[Kind, tuple[Action, int]]) -> Counts:
    """Return counts by action and kind, without what nobody looks for."""
    counts: Counts = {}
    for kind, (action, number) in sorted(found.items()):
        if action != Action.OFF:
            counts.setdefault(action.value, {})[kind.value] = number
    return counts


def placeholder(kind: Kind) -> str:
    """Return what stands in the place of a finding that is masked."""
    return _("[%(kind)s masked]") % {"kind": kind.label}


def refusal_sentence(found: Mapping[str, int]) -> str:
    """Return what a person is told whose text is not sent."""
    return _("This holds %(findings)s, which is not sent to the model. Take it out, then try again.") % {
        "findings": in_words(found)
    }


def in_words(found: Mapping[str, int]) -> str:
    """Return counts by kind as people say them: 2 e-mail addresses and 1 API key."""
    return str(get_text_list([str(_WORDS[Kind(kind)] % {"count": number}) for kind, number in found.items()], _("and")))


def _policy(content: Mapping[str, Any], category: Category, *, default: Policy) -> Policy:
    said = content.get(category.value, {})
    if not isinstance(said, Mapping) or said.keys() - {"input", "output"}:
        raise ValueError(f"{category.value} takes input and output.")
    return Policy(
        input=_action(said.get("input", default.input), category=category),
        output=_action(said.get("output", default.output), category=category),
    )


def _action(said: Any, *, category: Category) -> Action:
    # To YAML, off is a boolean.
    word = Action.OFF if said is False else said
    if word not in Action.values:
        raise ValueError(f"{category.value}: {said!r} is none of {', '.join(Action.values)}.")
    return Action(word)


_WORDS = {
    Kind.EMAIL: ngettext_lazy("%(count)d e-mail address", "%(count)d e-mail addresses", "count"),
    Kind.PHONE: ngettext_lazy("%(count)d phone number", "%(count)d phone numbers", "count"),
    Kind.SSN: ngettext_lazy("%(count)d social security number", "%(count)d social security numbers", "count"),
    Kind.CARD: ngettext_lazy("%(count)d card number", "%(count)d card numbers", "count"),
    Kind.IBAN: ngettext_lazy("%(count)d bank account number", "%(count)d bank account numbers", "count"),
    Kind.API_KEY: ngettext_lazy("%(count)d API key", "%(count)d API keys", "count"),
    Kind.PRIVATE_KEY: ngettext_lazy("%(count)d private key", "%(count)d private keys", "count"),
    Kind.ACCESS_TOKEN: ngettext_lazy("%(count)d access token", "%(count)d access tokens", "count"),
    Kind.PASSWORD: ngettext_lazy("%(count)d password", "%(count)d passwords", "count"),
}

"""Step 2 of a generation: start it, or stop it. Running it is the runner's work."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts import consent, locking
from apps.accounts.models import ApiKey, User, Workspace
from apps.accounts.permissions import Permission
from apps.accounts.suspension import require_not_suspended
from apps.billing import spending
from apps.billing.entitlements import Entitlements, entitlements
from apps.core.db import workspace_scope
from apps.core.errors import DomainError
from apps.core.ids import uuid7
from apps.core.request_id import current_request_id
from apps.core.ringing import ring_on_commit
from apps.generation import (
    budget_slices,
    budgets,
    cached_answers,
    catalogue,
    context,
    estimates,
    key_budgets,
    limits,
    member_allowances,
    policies,
    prompts,
    quotas,
    rollouts,
    settling,
    switches,
    tasks,
    thread,
)
from apps.generation.models import Conversation, Generation
from apps.generation.prompts import PromptTemplate
from apps.generation.titles import make_title
from apps.usage import rates

# A hold outlives every deadline of its generation, so that the generation's own sweeper always acts first.
HOLD_MARGIN_SECONDS = 600


class SubmissionConflictError(DomainError):
    """The same idempotency key came with other content."""

    code = "idempotency_conflict"
    status = 409
    sentence = _("This form was already sent with other text. Reload the page and send it again.")


class ParentRunningError(DomainError):
    """What is to be followed has not ended."""

    code = "parent_running"
    status = 409
    sentence = _("The answer before this one is still being written. Wait for its end, or stop it, then send again.")


class ParentGoneError(DomainError):
    """What is to be followed, or run once more, was deleted."""

    code = "parent_gone"
    status = 404
    sentence = _("The message that this one follows is not there any more. Reload the page to see what is.")


def start_generation(
    *,
    user: User,
    workspace: Workspace,
    template: PromptTemplate,
    inputs: dict[str, str],
    model: str,
    idempotency_key: str,
    address: str,
    api_key: ApiKey | None = None,
    parent: Generation | None = None,
    variant_of: Generation | None = None,
    instructions: Sequence[str] = (),
) -> Generation:
    """Queue a generation and hold the most it can cost, in one transaction; ring the worker after commit.

    It goes on from `parent` with what was said until then, or stands beside `variant_of`, with what that one took
    along; else it begins a conversation. `instructions` are sentences of ours.

    The same key with the same content returns the first generation again, however often it is sent. Raises
    InputRefusedError, SubmissionConflictError, UnknownModelError, ConsentRequiredError, ModelNotInPlanError,
    UnratedModelError, PromptTooLongError, GenerationLimitError, a PlanLimitError, a BudgetError,
    WorkspaceSuspendedError, ParentGoneError, ParentRunningError, AllowanceError, KeyBudgetError, SpendCapError or
    InsufficientCreditsError; WorkspaceNotFoundError or NotPermittedError for who has left or changed roles meanwhile.
    """
    generation = _drafted(
        Generation(workspace=workspace, user=user, api_key=api_key, inputs=inputs, request_model=model),
        template=template,
        idempotency_key=idempotency_key,
        parent=parent,
        variant_of=variant_of,
    )
    with workspace_scope(workspace.pk):
        repeated = _find_repeated(generation)
        if repeated is not None:
            return repeated
        rights = entitlements(workspace.pk)
    try:
        _require_allowed(generation, template=template, address=address, rights=rights)
        _insert_with_slices(
            generation, template=template, rights=rights, follows=variant_of or parent, instructions=instructions
        )
    except (IntegrityError, limits.GenerationLimitError, quotas.PlanLimitError, budgets.BudgetError):
        # Many sends of one key raced: the unique key let one in, and the others return it once it has committed.
        with workspace_scope(workspace.pk):
            repeated = _find_repeated(generation)
        if repeated is None:
            raise
        return repeated
    return generation


def cancel_generation(generation: Generation) -> None:
    """Stop a generation: a queued one ends here, a running one is stopped by its worker within a second.

    Stopping what has ended already changes nothing.
    """
    if settling.end_queued(generation, status=Generation.Status.CANCELED, finish_reason="canceled"):
        return
    with workspace_scope(generation.workspace_id):
        running = Generation.objects.filter(pk=generation.pk, status=Generation.Status.RUNNING)
        running.filter(cancel_requested_at=None).update(cancel_requested_at=timezone.now())


def _drafted(
    generation: Generation,
    *,
    template: PromptTemplate,
    idempotency_key: str,
    parent: Generation | None,
    variant_of: Generation | None,
) -> Generation:
    """Fill in what follows from the request alone. Raises InputRefusedError."""
    found = policies.require_sendable(template.policies, generation.inputs)
    generation.findings = {"input": found} if found else {}
    generation.hold_id, generation.created_at = uuid7(), timezone.now()
    generation.output_tokens_max, generation.rounds_max = template.output_tokens_max, template.policy.rounds_max
    generation.idempotency_key, generation.request_id = idempotency_key, current_request_id()
    generation.parent_id = variant_of.parent_id if variant_of else parent.pk if parent else None
    generation.variant_of_id = (variant_of.variant_of_id or variant_of.pk) if variant_of else None
    generation.fingerprint = _fingerprint(
        template=template,
        inputs=generation.inputs,
        model=generation.request_model,
        place={"parent": parent and parent.pk, "variant_of": variant_of and variant_of.pk},
    )
    return generation


def _require_allowed(generation: Generation, *, template: PromptTemplate, address: str, rights: Entitlements) -> None:
    """Refuse what can be refused before anything is written."""
    feature = switches.feature_of(generation, is_of_batch=address.startswith(switches.BATCH_ADDRESS))
    stand_ins = catalogue.fallbacks(generation.request_model, rights=rights, on=generation.created_at.date())
    switches.require_running(switches.Work(feature, template.slug, (generation.request_model, *stand_ins)))
    rollouts.require_offered(generation.user, template=template.slug, model=generation.request_model)
    catalogue.require_offered(generation.request_model)
    consent.require(generation.user)
    quotas.require_model(generation.request_model, rights=rights)
    limits.require_within_limits(
        user_id=generation.user_id,
        workspace_id=generation.workspace_id,
        address=address,
        idempotency_key=generation.idempotency_key,
        rights=rights,
        api_key=generation.api_key,
    )


def _insert_with_slices(generation: Generation, **more: Any) -> None:
    """Insert, leasing more of a budget that all customers share as often as the workspace's slice was too small.

    Each in a transaction of its own. Another start of the workspace may take what was leased for this one.
    """
    for _try in range(budget_slices.TRIES_MAX):
        try:
            return _insert(generation, **more)
        except budgets.SliceTooSmallError as short:
            budget_slices.lease(short)
    raise budgets.BudgetExhaustedError(retry_after_seconds=budget_slices.BUSY_SECONDS)


def _insert(
    generation: Generation,
    *,
    template: PromptTemplate,
    rights: Entitlements,
    follows: Generation | None,
    instructions: Sequence[str],
) -> None:
    on = generation.created_at.date()
    rate = rates.find_rate(model=generation.request_model, on=on)
    # Before the transaction: the first start of all publishes, and others wait for it.
    generation.template_version = prompts.ensure_version(template)
    with workspace_scope(generation.workspace_id):
        require_not_suspended(generation.workspace_id)
        _put_in_place(generation, template=template, follows=follows, instructions=instructions)
        messages = context.messages_of(generation)
        chain = catalogue.fallbacks(generation.request_model, rights=rights, on=on)
        generation.fallback_models = list(chain)
        amount = estimates.most_credits(
            template=template, messages=messages, model=generation.request_model, on=on, fallbacks=chain
        )
        hit = cached_answers.find(generation, policy=template.policy.cache, messages=messages)
        if hit is not None:
            cached_answers.give(generation, hit)
            amount = hit.price_credits
        else:
            _reserve(generation, template=template, messages=messages)
        counted = budgets.list_of(generation)
        budgets.require_possible(generation, budgets=counted)
        quotas.require_possible(generation, rights=rights)
        if follows is None:
            generation.conversation = Conversation.objects.create(
                workspace_id=generation.workspace_id, title=make_title(generation.inputs)
            )
        generation.save(force_insert=True)
        # After the insert, so that whoever waits for the same key does not hold up the workspace's other starts.
        membership = locking.lock_member(user_id=generation.user_id, workspace_id=generation.workspace_id)
        membership.require(Permission.GENERATE)
        member_allowances.require_within(membership, needed=amount, at=generation.created_at)
        key_budgets.require_within(generation.api_key, needed=amount, at=generation.created_at)
        budgets.require_person(generation, budgets=counted)
        quotas.count_start(generation, rights=rights)
        budgets.require_slices(generation, budgets=counted)
        # Last: the credit account is the one row that other requests of the workspace wait for.
        spending.place_hold(
            hold_id=generation.hold_id,
            workspace_id=generation.workspace_id,
            amount_credits=amount,
            idempotency_key=f"hold:generation:{generation.pk}",
            ttl_seconds=_hold_ttl_seconds(),
        )
        if hit is not None:
            settling.settle_cached(generation, rate=rate)
            return
        ring_on_commit(tasks.run_generation, generation_id=str(generation.pk))


def _reserve(generation: Generation, *, template: PromptTemplate, messages: context.Messages) -> None:
    """Write on a generation the most that its run can take, refusing what no model could read.

    Raises PromptTooLongError.
    """
    estimates.require_readable(messages, model=generation.request_model)
    generation.reserved_tokens = sum(estimates.most_tokens(template, messages))
    generation.reserved_cost_usd_micros = estimates.most_cost_usd_micros(
        template=template,
        messages=messages,
        model=generation.request_model,
        on=generation.created_at.date(),
        fallbacks=generation.fallback_models,
    )


def _put_in_place(
    generation: Generation, *, template: PromptTemplate, follows: Generation | None, instructions: Sequence[str]
) -> None:
    """Give a generation its conversation and freeze what it takes along. Within the scope."""
    before: list[Generation] = []
    if follows is not None:
        found = Generation.objects.filter(workspace_id=generation.workspace_id, pk=follows.pk, deleted_at=None).first()
        if found is None:
            raise ParentGoneError
        if not found.is_terminal:
            raise ParentRunningError
        generation.conversation_id = found.conversation_id
        if generation.variant_of_id:
            generation.context = found.context
            return
        before = thread.list_up_to(found)
    frozen, _messages = context.freeze(
        template=template,
        inputs=generation.inputs,
        model=generation.request_model,
        before=before,
        instructions=instructions,
    )
    generation.context = frozen.as_json()


def _hold_ttl_seconds() -> int:
    deadlines = settings.GENERATION_DEADLINES
    return int(deadlines["queue"] + deadlines["total"]) + HOLD_MARGIN_SECONDS


def _find_repeated(generation: Generation) -> Generation | None:
    """Return the generation that the same key has started before, within a scope."""
    found = Generation.objects.filter(
        workspace_id=generation.workspace_id, idempotency_key=generation.idempotency_key
    ).first()
    if found is not None and found.fingerprint != generation.fingerprint:
        raise SubmissionConflictError
    return found


def _fingerprint(*, template: PromptTemplate, inputs: dict[str, str], model: str, place: dict[str, Any]) -> str:
    content: dict[str, Any] = {"template": template.slug, "inputs": inputs, "model": model}
    content |= {name: str(value) for name, value in place.items() if value}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

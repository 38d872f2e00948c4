"""Step 1 of a generation for programs: the same calls as the pages make, in JSON. For API keys, and for sessions."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, ModelSerializer, SerializerMethodField
from rest_framework.views import APIView

from apps.accounts import selectors as people
from apps.accounts import services as accounts
from apps.accounts.access import find_membership
from apps.accounts.models import ApiKey, Membership, User, Workspace
from apps.accounts.permissions import Permission
from apps.accounts.scopes import BILLING_READ, GENERATIONS_READ, GENERATIONS_WRITE
from apps.billing.entitlements import entitlements
from apps.billing.selectors import get_balance
from apps.core import rate_headers
from apps.core.api import InvalidInputError
from apps.core.db import workspace_scope
from apps.core.errors import DomainError
from apps.core.http import client_address
from apps.core.responses import FieldError
from apps.generation import catalogue, composer, limits, prompts, selectors, services
from apps.generation.forms import ComposerForm
from apps.generation.gateway import errors
from apps.generation.models import Generation
from apps.generation.prompts import PromptTemplate

# The feature of a plan.
API = "api"
IDEMPOTENCY_HEADER = "Idempotency-Key"


class IdempotencyKeyMissingError(DomainError):
    """A generation was asked for without a key that would make sending it twice harmless."""

    code = "idempotency_key_missing"
    status = 400
    sentence = gettext_lazy(
        "Send an Idempotency-Key header: a new one for each generation, the same one when you try again."
    )


class GenerationItem(ModelSerializer[Generation]):
    """A generation in a list."""

    template = CharField(source="template_version.slug")
    model = CharField(source="request_model")

    class Meta:
        model = Generation
        fields = [
            *["id", "status", "template", "model", "finish_reason", "error_code", "charged_credits"],
            "is_cached",
            *["created_at", "started_at", "finished_at"],
        ]


class GenerationDetail(GenerationItem):
    """A generation with its texts; `output` is the model's raw text, empty until the generation has ended.

    `error` says why it failed: what can be done about it (`kind`), and what a person is told (`detail`). `findings`
    counts personal data and secrets: by direction (input, output), by what was done (warn, mask, refuse), by kind.
    """

    error = SerializerMethodField()

    class Meta(GenerationItem.Meta):
        fields = [*GenerationItem.Meta.fields, "error", "inputs", "output", "findings"]

    def get_error(self, generation: Generation) -> dict[str, Any] | None:
        """Return the failure in the words of the gateway; None if there was none."""
        if not generation.error_code:
            return None
        error = errors.find(generation.error_code) or errors.ProviderError
        known = {"code": generation.error_code, "kind": error.kind, "status": error.http_status}
        return known | {"detail": generation.stop_reason or str(error.sentence)}


class ApiNotInPlanError(DomainError):
    """The workspace has a key, and its plan has the API no more."""

    code = "api_not_in_plan"
    status = 403
    sentence = gettext_lazy("The plan of this workspace does not include the API. Its pages work as before.")


class WorkspaceView(APIView):
    """A view whose caller is logged in and acts in a workspace; `scopes` says by method what an API key needs."""

    scopes: ClassVar[dict[str, str]] = {}
    user: User
    workspace: Workspace
    # What the role of the caller must allow; starting a generation asks by itself, under its lock.
    permission: Permission | None = Permission.SEE_GENERATIONS

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find the workspace once the caller is known to be allowed in."""
        super().initial(request, *args, **kwargs)
        assert isinstance(request.user, User)
        self.user = request.user
        membership: Membership | None
        if isinstance(request.auth, ApiKey):
            _require_api_in_plan(request.auth)
            membership = people.get_membership(user=self.user, workspace_id=request.auth.workspace_id)
        else:
            membership = find_membership(request._request)
        if membership is not None and self.permission is not None:
            membership.require(self.permission)
        self.workspace = membership.workspace if membership else accounts.ensure_personal_workspace(user=self.user)


class GenerationList(WorkspaceView):
    """`/api/v1/generations/`"""

    scopes = {"GET": GENERATIONS_READ, "POST": GENERATIONS_WRITE}

    def get(self, request: Request) -> Response:
        """Return a page, newest first; `next` is the address of the page that follows, or null."""
        with workspace_scope(self.workspace.pk):
            listed = list(selectors.list_generations(workspace_id=self.workspace.pk, before=_before(request)))
            data = GenerationItem(listed, many=True).data
        more = len(listed) == selectors.PAGE_SIZE
        return Response({"data": data, "next": f"{request.path}?before={listed[-1].pk}" if more else None})

    def post(self, request: Request) -> Response:
        """Start a generation; the same key with the same content returns the first one again."""
        form = _composer_form(request, workspace=self.workspace)
        generation = services.start_generation(
            user=self.user,
            workspace=self.workspace,
            template=form.prompt_template,
            inputs=form.inputs(),
            model=form.model(),
            idempotency_key=form.cleaned_data["idempotency_key"],
            address=client_address(request._request),
            api_key=_key_of(request),
        )
        headers = {"Location": reverse("api:generation", args=[generation.pk])} | _what_is_left(generation, request)
        return Response(_detail(self.workspace, generation.pk), status=status.HTTP_201_CREATED, headers=headers)


class GenerationRead(WorkspaceView):
    """`/api/v1/generations/<id>/`"""

    scopes = {"GET": GENERATIONS_READ}

    def get(self, request: Request, generation_id: UUID) -> Response:
        """Return one generation."""
        return Response(_detail(self.workspace, generation_id))


class Cancellation(WorkspaceView):
    """`/api/v1/generations/<id>/cancellation/`"""

    scopes = {"POST": GENERATIONS_WRITE}

    def post(self, request: Request, generation_id: UUID) -> Response:
        """Stop a generation: a queued one has ended with this answer, a running one ends within a second."""
        with workspace_scope(self.workspace.pk):
            generation = _get(self.workspace, generation_id)
        services.cancel_generation(generation)
        return Response(_detail(self.workspace, generation_id), status=status.HTTP_202_ACCEPTED)


class Balance(WorkspaceView):
    """`/api/v1/balance/`"""

    scopes = {"GET": BILLING_READ}
    permission = None

    def get(self, request: Request) -> Response:
        """Return what the workspace has, in credits."""
        with workspace_scope(self.workspace.pk):
            return Response(get_balance(self.workspace.pk)._asdict())


def _require_api_in_plan(key: ApiKey) -> None:
    with workspace_scope(key.workspace_id):
        if key.needs_plan and not entitlements(key.workspace_id).has(API):
            raise ApiNotInPlanError


def _key_of(request: Request) -> ApiKey | None:
    return request.auth if isinstance(request.auth, ApiKey) else None


def _what_is_left(generation: Generation, request: Request) -> dict[str, str]:
    """Return the RateLimit headers of the next start; none while Redis is away."""
    with workspace_scope(generation.workspace_id):
        rights = entitlements(generation.workspace_id)
    tightest = limits.find_tightest(
        user_id=generation.user_id,
        workspace_id=generation.workspace_id,
        address=client_address(request._request),
        rights=rights,
        api_key=_key_of(request),
    )
    return rate_headers.headers_of([tightest] if tightest else [])


def _before(request: Request) -> UUID | None:
    before = request.query_params.get("before")
    try:
        return UUID(before) if before is not None else None
    except ValueError:
        raise InvalidInputError([_invalid("before", _("This is not the id of a generation."))]) from None


def _composer_form(request: Request, *, workspace: Workspace) -> ComposerForm:
    """Return the composer's form, valid: programs and pages are held to the same limits."""
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if not key:
        raise IdempotencyKeyMissingError
    content = _require_texts(request.data)
    template = prompts.get_template(content["template"])
    unknown = content["inputs"].keys() - {spec.name for spec in template.fields}
    if unknown:
        raise InvalidInputError([_invalid(name, _("This template has no such field.")) for name in sorted(unknown)])
    model = content["model"] or _best_model(template, workspace=workspace)
    data = {**content["inputs"], "template": template.slug, "model": model, "idempotency_key": key}
    form = composer.submitted_form(data, template=template)
    if not form.is_valid():
        raise InvalidInputError(
            [
                FieldError(field=field, code=str(error.code), detail=" ".join(error.messages))
                for field, errors in form.errors.as_data().items()
                for error in errors
            ]
        )
    return form


def _best_model(template: PromptTemplate, *, workspace: Workspace) -> str:
    with workspace_scope(workspace.pk):
        rights = entitlements(workspace.pk)
    return catalogue.route(template.task, rights=rights, first=template.models)


def _require_texts(body: Any) -> dict[str, Any]:
    """Return template, model and inputs, all of them text: a form would turn a number or a list into text silently."""
    inputs = body.get("inputs", {})
    texts = {"template": body.get("template"), "model": body.get("model", "")}
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    if isinstance(inputs, dict):
        wrong += [name for name, value in inputs.items() if not isinstance(value, str)]
    else:
        wrong.append("inputs")
    if wrong:
        raise InvalidInputError([_invalid(name, _("This has the wrong type, or is missing.")) for name in wrong])
    return {**texts, "inputs": inputs}


def _invalid(field: str, detail: str) -> FieldError:
    return FieldError(field=field, code="invalid", detail=detail)


def _detail(workspace: Workspace, generation_id: UUID) -> dict[str, Any]:
    with workspace_scope(workspace.pk):
        return dict(GenerationDetail(_get(workspace, generation_id)).data)


def _get(workspace: Workspace, generation_id: UUID) -> Generation:
    generation = selectors.find_generation(workspace_id=workspace.pk, generation_id=generation_id)
    if generation is None:
        raise Http404
    return generation

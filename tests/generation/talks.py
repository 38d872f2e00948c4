"""Steps of the tests of conversations: messages that have ended, one after the other."""

from django.utils import timezone

from apps.accounts.models import Membership
from apps.core.ids import uuid7
from apps.generation import prompts
from apps.generation.conversation_forms import FOLLOW_UP
from apps.generation.models import Generation
from tests.factories import GenerationFactory

ENDED = {"status": "succeeded", "finish_reason": "stop"}


def first(member: Membership, *, text: str = "Tides", output: str = "They come and go.", **fields) -> Generation:
    """The beginning of a conversation: a summary of a text."""
    known = ENDED | {"finished_at": timezone.now(), "inputs": {"text": text, "format": "Bullet points"}}
    return GenerationFactory(membership=member, conversation__title=text[:80], **known | {"output": output} | fields)


def then(parent: Generation, *, text: str = "Shorter.", output: str = "They go.", **fields) -> Generation:
    """A message that follows another one, in its conversation."""
    member = Membership.objects.get(user=parent.user_id, workspace=parent.workspace_id)
    version = prompts.ensure_version(prompts.find_template(FOLLOW_UP))
    known = ENDED | {"finished_at": timezone.now(), "inputs": {"text": text}, "output": output}
    place = {"conversation": parent.conversation, "parent": parent, "template_version": version}
    return GenerationFactory(membership=member, **known | place | fields)


def variant(original: Generation, **fields) -> Generation:
    """Another run of the same inputs at the same place."""
    place = {"conversation": original.conversation, "parent": original.parent, "variant_of": original}
    member = Membership.objects.get(user=original.user_id, workspace=original.workspace_id)
    known = ENDED | {"finished_at": timezone.now(), "inputs": original.inputs, "output": "Another."}
    return GenerationFactory(membership=member, template_version=original.template_version, **known | place | fields)


def message(parent: Generation, *, text: str = "Shorter, please.") -> dict[str, str]:
    """What the form of a conversation sends."""
    return {"parent": str(parent.pk), "text": text, "idempotency_key": str(uuid7())}


def url(generation: Generation, door: str = "") -> str:
    """The address of a generation's conversation."""
    return f"/conversations/{generation.conversation_id}/{door}"

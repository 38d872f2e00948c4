"""What a sample customer does with answers: goes on from them, compares versions, tags, pins, archives and shares."""

from datetime import datetime, timedelta
from uuid import UUID

from apps.accounts import mailed_links
from apps.accounts.models import User, Workspace
from apps.core.db import system_scope
from apps.generation import prompts, thread
from apps.generation.conversation_forms import FOLLOW_UP
from apps.generation.models import Conversation, Feedback, Generation, Preference, ShareLink
from dev.sample_data import month, texts
from dev.sample_data.run import Run

# In the address of the sample's shared page; a real one is random and kept nowhere.
SECRET = "sample-link"
TITLES = ("Tide tables for the pier", "Two ways to say it", "Old price list")
TAGS = ["harbor", "spring"]
MESSAGES = [
    ("Make it shorter, for a notice on the pier.", "**New tide tables.** Forty more harbours, and they work offline."),
    ("And one line for the radio?", "The new tide tables are out: forty more harbours, also without a connection."),
    ("Which of these would you read to children?", "The second one: it says one thing, and says it once."),
]


def make_talks(workspace: Workspace, *, user: User, until: datetime) -> dict[str, UUID]:
    """Make a conversation of several messages, one with two versions and one that is archived; return their ids."""
    talk = _make_talk(workspace, user=user, until=until)
    versions = _make_versions(workspace, user=user, until=until)
    archived = _first(workspace, user=user, at=until - timedelta(days=2), title=TITLES[2])
    with system_scope():
        Conversation.objects.filter(pk=archived.conversation_id).update(archived_at=until)
        Conversation.objects.filter(pk=talk.conversation_id).update(
            title=TITLES[0], renamed_at=until, pinned_at=until, tags=TAGS
        )
        Preference.objects.update_or_create(user=user, defaults={"tone": "friendly", "language": "en"})
        Feedback.objects.update_or_create(
            generation=talk, user=user, defaults={"verdict": "up", "reason": "Just what I needed."}
        )
        ShareLink.objects.filter(digest=mailed_links.digest_of(SECRET)).update(digest=str(talk.pk))
        ShareLink.objects.create(
            workspace=workspace,
            generation=talk,
            is_conversation=True,
            created_by=user,
            digest=mailed_links.digest_of(SECRET),
        )
    return {
        "talk": talk.conversation_id,
        "talk_last": talk.pk,
        "versions": versions.conversation_id,
    }


def _make_talk(workspace: Workspace, *, user: User, until: datetime) -> Generation:
    last = _first(workspace, user=user, at=until - timedelta(minutes=50), title=TITLES[0])
    for number, (asked, answer) in enumerate(MESSAGES):
        at = until - timedelta(minutes=40 - 10 * number)
        last = _follow(last, asked=asked, answer=answer, at=at)
    with system_scope():
        # As a long one would have been trimmed: the beginning does not go along any more.
        path = [str(one.pk) for one in thread.list_up_to(last)]
        Generation.objects.filter(pk=last.pk).update(context={"summarized": path[:2], "turns": path[2:-1]})
        return Generation.objects.get(pk=last.pk)


def _make_versions(workspace: Workspace, *, user: User, until: datetime) -> Generation:
    at = until - timedelta(minutes=20)
    first = _first(workspace, user=user, at=at, title=TITLES[1])
    second = _first(workspace, user=user, at=at + timedelta(minutes=1), title=TITLES[1], output=texts.STOPPED)
    with system_scope():
        Generation.objects.filter(pk=second.pk).update(conversation=first.conversation_id, variant_of=first.pk)
        Conversation.objects.filter(pk=second.conversation_id).delete()
        return Generation.objects.get(pk=second.pk)


def _first(
    workspace: Workspace, *, user: User, at: datetime, title: str, output: str = texts.ALL_OF_MARKDOWN
) -> Generation:
    template = prompts.get_template("product-announcement")
    run = Run(at=at, template=template, title=title, details=texts.TOPICS[0][1], output=output)
    made = month.make_run(run, workspace=workspace, user=user)
    with system_scope():
        return Generation.objects.select_related("workspace", "user").get(pk=made)


def _follow(parent: Generation, *, asked: str, answer: str, at: datetime) -> Generation:
    template = prompts.find_template(FOLLOW_UP)
    assert template is not None
    run = Run(at=at, template=template, title=asked, details="", output=answer)
    made = month.make_run(run, workspace=parent.workspace, user=parent.user)
    with system_scope():
        own = Generation.objects.get(pk=made).conversation_id
        Generation.objects.filter(pk=made).update(
            conversation=parent.conversation_id, parent=parent, inputs={"text": asked}
        )
        Conversation.objects.filter(pk=own).delete()
        return Generation.objects.select_related("workspace", "user").get(pk=made)

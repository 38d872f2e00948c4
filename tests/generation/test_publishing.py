"""Versions of prompt templates: a release publishes what changed, staff go back and forth, and nobody counts twice."""

import json
from dataclasses import replace
from functools import partial

import pytest
from django.core.management import call_command

from apps.accounts.models import User
from apps.core.models import AuditEntry
from apps.generation import prompts, publishing
from apps.generation.models import PromptTemplateVersion, PublishedTemplate
from tests.billing import parallel
from tests.factories import UserFactory

FILES = prompts._templates()


@pytest.fixture
def files(monkeypatch):
    """The files of a checkout, which a test may change."""
    known = dict(FILES)
    monkeypatch.setattr(prompts, "_templates", lambda: known)
    return known


@pytest.fixture
def staff(db) -> User:
    return UserFactory()


def change(files, **content) -> None:
    """Change the file of the summary."""
    template = prompts._template("summary", json.loads(FILES["summary"].content) | content)
    files["summary"] = replace(template, fields=FILES["summary"].fields)


def live() -> int:
    return PublishedTemplate.objects.get(slug="summary").version.number


def version(number: int) -> PromptTemplateVersion:
    return PromptTemplateVersion.objects.get(slug="summary", number=number)


def test_pages_and_runs_read_what_is_published_and_not_the_file(db, files):
    prompts.publish_all()
    change(files, name="Digest", output_tokens_max=99)

    assert prompts.get_template("summary").name == "Summary"
    prompts.publish_all()
    template = prompts.get_template("summary")
    assert (template.name, template.output_tokens_max, prompts.ensure_version(template).number) == ("Digest", 99, 2)
    assert template.example == FILES["summary"].example


def test_staff_go_back_and_forth_and_each_time_it_is_written_down(staff, files):
    prompts.publish_all()
    change(files, user="Now $text as $format")
    prompts.publish_all()

    assert publishing.publish(version(1), staff=staff, reason="worse") is True
    assert publishing.publish(version(1), staff=staff, reason="again") is False
    assert prompts.get_template("summary").user == FILES["summary"].user
    assert publishing.publish(version(2), staff=staff, reason="repaired") is True

    entries = AuditEntry.objects.filter(action="template_published").order_by("at")
    told = [(entry.details["before"], entry.details["version"], entry.details["reason"]) for entry in entries]
    assert told == [(2, 1, "worse"), (1, 2, "repaired")]


def test_the_same_file_once_more_leaves_a_rollback_alone_and_a_changed_one_does_not(staff, files):
    prompts.publish_all()
    change(files, user="Second: $text $format")
    prompts.publish_all()
    publishing.publish(version(1), staff=staff, reason="worse")

    assert prompts.publish_all() == []
    assert live() == 1
    change(files, user="Third: $text $format")
    assert [str(each) for each in prompts.publish_all()] == ["summary v3"]
    assert (live(), PublishedTemplate.objects.get(slug="summary").published_by) == (3, None)


def test_a_file_that_is_as_it_was_before_is_its_old_version_again(db, files):
    prompts.publish_all()
    change(files, user="Second: $text $format")
    prompts.publish_all()
    files["summary"] = FILES["summary"]

    assert [str(each) for each in prompts.publish_all()] == ["summary v1"]
    assert live() == 1


def test_a_template_without_a_file_is_unpublished_until_the_file_is_back(staff, files, capsys):
    prompts.publish_all()
    summary = files.pop("summary")
    call_command("sync_catalogue")

    assert prompts.find_template("summary") is None
    with pytest.raises(publishing.TemplateWithoutFileError):
        publishing.publish(version(1), staff=staff, reason="back")
    files["summary"] = summary
    prompts.publish_all()
    assert live() == 1


def test_all_templates_are_one_query(db, django_assert_num_queries):
    prompts.publish_all()

    with django_assert_num_queries(1):
        assert len(prompts.list_all()) == len(FILES)


def test_releases_at_once_make_each_version_once(committed_db, files):
    prompts.publish_all()
    change(files, user="At once: $text $format")

    published = parallel.in_threads([prompts.publish_all] * 8)

    assert sorted(len(each) for each in published) == [0] * 7 + [1]
    assert [each.number for each in PromptTemplateVersion.objects.filter(slug="summary").order_by("number")] == [1, 2]


def test_staff_and_a_release_at_once_both_end(committed_db, files):
    prompts.publish_all()
    change(files, user="At once: $text $format")
    staff = UserFactory()

    back = partial(publishing.publish, version(1), staff=staff, reason="worse")
    answers = parallel.in_threads([prompts.publish_all, back, prompts.publish_all, back])

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert live() in {1, 2}


def test_the_admin_asks_why_and_publishes(admin_client, files):
    prompts.publish_all()
    change(files, user="Second: $text $format")
    prompts.publish_all()
    address = f"/admin/generation/prompttemplateversion/{version(1).pk}"

    assert "publication/" in admin_client.get(f"{address}/change/").text
    assert admin_client.post(f"{address}/publication/", {"reason": ""}).status_code == 200
    assert live() == 2
    assert "live from now on" in admin_client.post(f"{address}/publication/", {"reason": "worse"}, follow=True).text
    assert live() == 1

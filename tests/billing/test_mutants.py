"""The tests notice each single defect: a suite that stays green on a broken ledger proves nothing."""

from pathlib import Path

import pytest
from django.db import DatabaseError

from tests.billing import mutation


@pytest.mark.usefixtures("scratch")
def test_the_rules_hold_without_a_mutant() -> None:
    assert mutation.find_failure() is None


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize("mutant", mutation.MUTANTS, ids=lambda mutant: mutant.stem)
def test_the_rules_notice_the_mutant(mutant: Path) -> None:
    mutation.mutate(mutant.read_text())

    assert mutation.find_failure() is not None


@pytest.mark.usefixtures("scratch")
def test_a_mutant_whose_text_is_gone_fails_loudly() -> None:
    with pytest.raises(DatabaseError, match="does not contain"):
        mutation.mutate("SELECT pg_temp.mutate('ledger_capture', 'this text is gone', '')")

"""What must hold after every fault, read from the database alone (and from what the model server sent)."""

from dev.sample_data import team
from dev.sample_data.people import BUSY, FRESH, FULL, TEAMED
from tests.product import Product

UNBALANCED = """
    SELECT account.workspace_id FROM billing_creditaccount AS account
     WHERE account.balance - account.debt
           <> (SELECT coalesce(sum(amount), 0) FROM billing_ledgerentry WHERE account_id = account.workspace_id)
        OR account.held <> (SELECT coalesce(sum(amount), 0) FROM billing_hold
                             WHERE account_id = account.workspace_id AND status = 'open')
        OR account.held > account.balance OR account.balance < 0
"""
HOLDS_WITHOUT_ONE_END = """
    SELECT generation.id, generation.status, hold.status, hold.captured_amount, generation.charged_credits
      FROM generation_generation AS generation JOIN billing_hold AS hold ON hold.id = generation.hold_id
     WHERE (generation.finished_at IS NULL) <> (hold.status = 'open')
        OR hold.captured_amount <> generation.charged_credits
        OR (SELECT count(*) FROM billing_ledgerentry WHERE hold_id = hold.id AND kind = 'capture')
           <> (CASE WHEN hold.status = 'captured' THEN 1 ELSE 0 END)
"""
USAGE_THAT_IS_NOT_CHARGED = """
    SELECT generation.id FROM generation_generation AS generation
     WHERE generation.finished_at IS NOT NULL
       AND generation.charged_credits <> (SELECT coalesce(sum(charged_credits), 0) FROM usage_usagerecord
                                           WHERE subject_id = generation.id)
"""
# Sample people have runs that no model wrote, and some that stay unfinished on purpose.
OF_REAL_RUNS = "generation_generation WHERE user_id NOT IN (SELECT id FROM accounts_user WHERE email = ANY(%s))"
SAMPLE_PEOPLE = [BUSY, FRESH, FULL, TEAMED, *(email for email, *_more in team.PEOPLE)]
UNFINISHED = f"SELECT id, status FROM {OF_REAL_RUNS} AND finished_at IS NULL"
OUTPUTS = f"SELECT request_id, output FROM {OF_REAL_RUNS}"


def check(product: Product) -> None:
    """Assert it all: entries sum to balances, each hold ended once, nothing open, text a prefix of what was sent."""
    assert product.rows(UNBALANCED) == []
    assert product.rows(HOLDS_WITHOUT_ONE_END) == []
    assert product.rows(USAGE_THAT_IS_NOT_CHARGED) == []
    assert product.rows(UNFINISHED, SAMPLE_PEOPLE) == []
    sent: dict[str, list[str]] = {}
    for call in product.calls():
        sent.setdefault(call["headers"].get("x-request-id", ""), []).append(call["text_sent"])
    for request_id, output in product.rows(OUTPUTS, SAMPLE_PEOPLE):
        assert any(text.startswith(output) for text in sent.get(request_id, [""])), (request_id, output[:200])

"""What those who run the product must hear of: once per matter and window."""

import structlog

logger = structlog.get_logger(__name__)


def send(*, kind: str, window: str, sentence: str, **facts: object) -> bool:
    """Tell those who run the product of something; return False when it was told in this window before.

    `kind` is what happened ("budget_near"), `window` whom and when it concerns ("budget:all:2026-11-22:80"), both
    stable; `sentence` is for people, `facts` for programs.
    """
    logger.warning("alert", kind=kind, window=window, sentence=sentence, **facts)
    return True

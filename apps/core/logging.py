"""Log lines: one event per line, with the request id; JSON outside a laptop."""

import logging
from typing import Any

import structlog

SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
]


def logging_config(*, json: bool) -> dict[str, Any]:
    """Configure structlog and return Django's LOGGING: JSON lines, or readable ones on a laptop."""
    # A warning of Python is a line like any other.
    logging.captureWarnings(json)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": _renderer(json=json),
                "foreign_pre_chain": SHARED_PROCESSORS,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # Without Django's own handler, which would write every line twice on a laptop.
            "django": {"handlers": [], "level": "INFO"},
            # Without uvicorn's own handlers, which would write lines that are no JSON.
            "uvicorn": {"handlers": [], "level": "INFO"},
            "uvicorn.access": {"handlers": [], "level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "stripe": {"level": "WARNING"},
            "django_structlog": {"level": "INFO"},
        },
    }


def _renderer(*, json: bool) -> list[Any]:
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if json:
        return [remove_meta, structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    # rich's tracebacks would print local variables, secrets among them.
    return [remove_meta, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]

"""The one table of models: name, what it does, and the function that does it."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from dev.model_server import answering, broken, forms, misreporting, refusing, slow
from dev.model_server.call import Call

Behaviour = Callable[[Call], Awaitable[None]]


class Model(NamedTuple):
    """What a model does, in words and in code."""

    does: str
    behaviour: Behaviour


# "-once" models count attempts per model and user message, since start or the last DELETE /journal.
# Without streaming, a model that misbehaves inside a stream sends the nearest thing: half a body, bad JSON, silence.
MODELS = {
    # Good ones
    "keel-demo": Model("A believable Markdown answer at a believable speed", answering.demo),
    "keel-demo-fast": Model("The same text as keel-demo without delays", answering.demo_fast),
    "keel-echo": Model("Exactly the last user message, in pieces of 1 to 8 characters", answering.echo),
    "keel-long": Model("tokens=N (default 2000) tokens of mixed Markdown at 4,000 a second", answering.long),
    # Slow ones
    "keel-slow-first-token": Model("Headers at once, the first token after delay=SECONDS (60)", slow.first_token),
    "keel-slow-headers": Model("Nothing at all for delay=SECONDS (60), then a good answer", slow.headers),
    "keel-stall": Model("Some text, then silence on an open connection", slow.stall),
    "keel-trickle": Model("One short piece a second until max_tokens, else for ever", slow.trickle),
    "keel-endless": Model("Fast text that ignores max_tokens and ends only when the client hangs up", slow.endless),
    # Refusals
    "keel-400-context": Model("400 context_length_exceeded", refusing.context_too_long),
    "keel-401": Model("401 invalid_api_key", refusing.unauthorized),
    "keel-404": Model("404 model_not_found, though it is listed", refusing.not_found),
    "keel-429": Model("429 rate_limit_exceeded, Retry-After: 1", refusing.rate_limited),
    "keel-429-no-retry-after": Model("429 without Retry-After", refusing.rate_limited_without_hint),
    "keel-429-absurd": Model("429 with Retry-After: 99999", refusing.rate_limited_absurdly),
    "keel-429-once": Model("429 the first time it meets a message, then a good answer", refusing.rate_limited_once),
    "keel-quota": Model("429 insufficient_quota", refusing.quota_used_up),
    "keel-500": Model("500 server_error", refusing.server_error),
    "keel-500-once": Model("500 the first time it meets a message, then a good answer", refusing.server_error_once),
    "keel-503": Model("503 overloaded", refusing.overloaded),
    "keel-redirect": Model("307 to another host, http://127.0.0.2:9/", refusing.redirect),
    # Broken streams
    "keel-cut": Model("Some text, then the connection closes without the terminating chunk", broken.cut),
    "keel-eof": Model("Some text, then a clean end without finish reason and [DONE]", broken.eof),
    "keel-malformed": Model("A good answer with one line of broken JSON in it", broken.malformed),
    "keel-bad-utf8": Model("A good answer with one delta that is no UTF-8", broken.bad_utf8),
    "keel-html": Model("An HTML page with status 200", broken.html),
    "keel-json-200": Model("A small JSON object with status 200 that is no completion", broken.json_200),
    "keel-comments": Model("Only server-sent comments, then a clean end", broken.comments),
    "keel-error-midstream": Model("Some text, then an error object in the stream", broken.error_midstream),
    "keel-empty-choices": Model(
        "A good answer with choices [], choices null and delta null in between", broken.choices
    ),
    "keel-huge-chunk": Model("One delta of 1 MB, whatever max_tokens says", broken.huge_chunk),
    # Forms and tools
    "keel-json": Model("JSON that follows the schema; without one the demo text", forms.json_answer),
    "keel-json-at-last": Model("JSON without its first property, whole when told what is wrong", forms.json_at_last),
    "keel-json-never": Model("Prose, whatever schema is asked for", forms.json_never),
    "keel-tools": Model("Calls calculate and today, then answers with what they said", forms.tools),
    "keel-tools-unknown": Model("Calls a tool that was not offered, then answers", forms.tools_unknown),
    "keel-tools-bad-arguments": Model("Calls a tool with broken arguments, then answers", forms.tools_bad_arguments),
    "keel-tools-for-ever": Model("Calls tools and never answers", forms.tools_for_ever),
    # Odd content
    "keel-content-filter": Model("Some text, then finish reason content_filter", misreporting.content_filter),
    "keel-refusal": Model("A refusal instead of content, finish reason stop", misreporting.refusal),
    "keel-empty": Model("No text, finish reason stop", misreporting.empty),
    "keel-nul": Model("NUL, a lone surrogate, bidi marks and ANSI escapes in the text", misreporting.nul),
    "keel-hostile": Model("Markdown that tries scripts, handlers, odd links and broken fences", misreporting.hostile),
    "keel-injected": Model("What an attacker would have a model say, with calls of tools", misreporting.injected),
    "keel-flagged": Model("A text that the moderation endpoint flags", misreporting.flagged),
    "keel-unmoderated": Model("A text about which the moderation endpoint fails", misreporting.unmoderated),
    # Odd usage
    "keel-no-usage": Model("A good answer that never reports usage", misreporting.no_usage),
    "keel-usage-zero": Model("A good answer with usage 0", misreporting.usage_zero),
    "keel-usage-huge": Model("A good answer with usage 10^12", misreporting.usage_huge),
    "keel-usage-negative": Model("A good answer with usage -5", misreporting.usage_negative),
    "keel-usage-mismatch": Model("A good answer with twice the true usage", misreporting.usage_mismatch),
    "keel-usage-cached": Model("A good answer; three quarters of the prompt were cached", misreporting.usage_cached),
    "keel-usage-cached-more": Model("A good answer with more cached tokens than input", misreporting.usage_cached_more),
    "keel-reasoning": Model("A good answer after 64 tokens of thought that nobody sees", misreporting.reasoning),
    "keel-reasoning-more": Model("A good answer with more reasoning tokens than output", misreporting.reasoning_more),
    "keel-usage-wrong-total": Model("A good answer with a total that is no sum", misreporting.usage_wrong_total),
}

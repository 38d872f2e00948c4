"""The HTML of a mail beside our own pages: an answer of its own, whose policy allows its styles and nothing else."""

from collections.abc import Callable

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.clickjacking import xframe_options_sameorigin

View = Callable[..., HttpResponseBase]

# Links open in a tab; scripts, forms and whatever lies elsewhere stay shut, whoever wrote the mail.
POLICY = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


def shows_a_frame(view: View) -> View:
    """Let a page of ours show framed_html."""
    return csp_update({"frame-src": [SELF]})(view)


def framed_html(view: Callable[..., str]) -> View:
    """Answer with the HTML of a mail that a view returns, to be shown in a frame."""

    @xframe_options_sameorigin
    @csp(POLICY)
    def answered(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return HttpResponse(view(request, *args, **kwargs))

    return answered

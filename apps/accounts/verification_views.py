"""Between signing up and the link in the mail: which address it went to, and the mail once more."""

import math
import time

from allauth.account.internal.flows.email_verification import get_address_for_login, send_verification_email_at_login
from allauth.account.models import Login
from allauth.account.stages import EmailVerificationStage, LoginStageController
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.core.db import system_scope

# When the last mail left, in the session of the person who waits for it.
SENT_AT = "verification_mail_sent_at"


@require_safe
@never_cache
def verification_sent(request: HttpRequest) -> HttpResponse:
    """Say that a mail is on its way; who has just signed up here also sees to which address."""
    login = _pending_login(request)
    email = _address(login) if login else ""
    context = {"email": email, "seconds_left": _seconds_left(request, login) if login else 0}
    return render(request, "account/verification_sent.html", context)


@require_POST
def verification_mails(request: HttpRequest) -> HttpResponse:
    """Send the mail again, to an account or to nobody alike (nobody learns who is here), after a pause."""
    login = _pending_login(request)
    if login is None:
        return redirect("account_login")
    seconds = _seconds_left(request, login)
    if seconds:
        sentence = ngettext(
            "Please wait %(seconds)d second, then ask for another mail.",
            "Please wait %(seconds)d seconds, then ask for another mail.",
            seconds,
        )
        messages.warning(request, sentence % {"seconds": seconds})
        return redirect("account_email_verification_sent")
    with system_scope():
        send_verification_email_at_login(request, login)
    request.session[SENT_AT] = time.time()
    messages.success(request, _("We have sent it again."))
    return redirect("account_email_verification_sent")


def _pending_login(request: HttpRequest) -> Login | None:
    if request.user.is_authenticated:
        return None
    stage = LoginStageController.enter(request, EmailVerificationStage.key)
    return stage.login if stage else None


def _address(login: Login) -> str:
    if login.user is None:
        return login.email or ""
    address = get_address_for_login(login)
    return address.email if address else ""


def _seconds_left(request: HttpRequest, login: Login) -> int:
    """Return how long to wait for the next mail; allauth's own limit, which the first mail began, is as long."""
    sent_at: float = max(login.initiated_at, request.session.get(SENT_AT, 0))
    return max(0, math.ceil(sent_at + settings.VERIFICATION_MAIL_PAUSE_SECONDS - time.time()))

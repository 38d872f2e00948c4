"""The pages of the waitlist: asking for a place, and where the links in its mails lead.

A link is only looked at by GET: programs that read mails follow links, too. The button on its page acts.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts import sign_up, waitlist
from apps.accounts.waitlist_forms import WaitlistForm

GONE = "account/waitlist_gone.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Take an address, while there is a waitlist. Every address is answered alike."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    if not sign_up.current_offer().takes_names:
        return redirect("account_signup")
    form = WaitlistForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "account/waitlist.html", {"form": form}, status=status)
    if not form.is_from_a_machine:
        waitlist.join(email=form.cleaned_data["email"])
    return redirect("waitlist_sent")


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Say that a mail is on its way."""
    return render(request, "account/waitlist_sent.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirmation(request: HttpRequest, secret: str) -> HttpResponse:
    """Ask whether an address is its reader's, or put it on the list."""
    if request.method == "POST" and waitlist.confirm(secret) is not None:
        return redirect("waitlist_confirmation", secret=secret)
    entry = waitlist.find_by_secret(secret)
    if entry is None:
        return render(request, GONE, {"link": "confirmation"}, status=404)
    return render(request, "account/waitlist_confirmation.html", {"entry": entry, "secret": secret})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leaving(request: HttpRequest, secret: str) -> HttpResponse:
    """Ask whether an address is to be forgotten, or forget it."""
    if request.method == "POST" and waitlist.leave(secret):
        return render(request, "account/waitlist_leaving.html")
    entry = waitlist.find_to_leave(secret)
    if entry is None:
        return render(request, GONE, {"link": "leaving"}, status=404)
    return render(request, "account/waitlist_leaving.html", {"entry": entry, "secret": secret})


@never_cache
@require_safe
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Take the link of an invitation, and go on to the sign-up form, whose address is without its secret."""
    entry = waitlist.find_invitation(secret)
    if entry is None:
        return render(request, GONE, {"link": "invitation"}, status=404)
    request.session[sign_up.INVITED] = entry.invitation_digest
    return redirect(f"{reverse('account_signup')}?{urlencode({'email': entry.email})}")

"""The public pages: each reads a little and shows it; the contact form writes one row."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.billing.catalogue import load_catalogue
from apps.core import health
from apps.core.htmx import render_page
from apps.core.http import HttpRequest as Request
from apps.generation import catalogue
from apps.pages import selectors, services, shop
from apps.pages.demo import load_recording
from apps.pages.forms import ContactForm, initial_values
from apps.pages.meta import META
from apps.pages.notices import DISMISSED_COOKIE, read_dismissed, write_dismissed

CONTACT_FORM = "contact-form"
IN_SITEMAP = ["landing", "pages:pricing", "pages:help", "pages:contact", "pages:ai"]
IN_SITEMAP += ["pages:terms", "pages:privacy", "pages:cookies", "pages:imprint", "account_signup"]
DISMISSED_SECONDS = 60 * 60 * 24 * 30


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Show what the product is; who is logged in goes straight to work."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    costs = selectors.list_run_costs(at=timezone.now())
    demo, free_credits = load_recording(), settings.SIGN_UP_GRANT_CREDITS
    context = {
        "meta": META["landing"],
        "demo": demo,
        "costs": costs,
        "free_credits": free_credits,
        "available_while_held": free_credits - demo.held_credits,
        "available_after": free_credits - demo.charged_credits,
    }
    return render(request, "pages/landing.html", context)


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """Show plans and packs, the rules of their credits, and what runs cost; `?interval=year` shows years first."""
    now = timezone.now()
    context = {
        "meta": META["pricing"],
        "costs": selectors.list_run_costs(at=now),
        "rates": selectors.list_rates(at=now),
        "model": selectors.rate_model(),
        "free_credits": settings.SIGN_UP_GRANT_CREDITS,
        "input_words": selectors.TYPICAL_INPUT_WORDS,
        "output_words": selectors.TYPICAL_OUTPUT_WORDS,
    }
    context |= shop.list_offers(interval=request.GET.get("interval", "")) | shop.find_standing(request)
    return render(request, "pages/pricing.html", context)


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Answer what people ask, by topic."""
    deadlines = {name: int(seconds) for name, seconds in settings.GENERATION_DEADLINES.items()}
    catalogue = load_catalogue()
    context = {
        "meta": META["help"],
        "free_credits": settings.SIGN_UP_GRANT_CREDITS,
        "allowance_credits": catalogue.get_free_plan().monthly_allowance_credits,
        "grace_days": catalogue.rules.grace_days,
        "deadlines": deadlines,
    }
    return render(request, "pages/help.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: Request) -> HttpResponse:
    """Show the contact form, or take a message; what a machine filled in is thanked for and dropped."""
    user = request.user if isinstance(request.user, User) else None
    form = ContactForm(
        request.POST if request.method == "POST" else None,
        initial=initial_values(request.GET.dict(), email=user.email if user else ""),
    )
    if request.method != "POST" or not form.is_valid():
        status = 200 if request.method != "POST" else 422
        context = {"meta": META["contact"], "form": form}
        return render_page(request, "pages/contact.html", context, partials=[CONTACT_FORM], status=status)
    if not form.is_from_a_machine:
        fields = {name: form.cleaned_data[name] for name in ("reply_to", "topic", "message", "page", "request_id")}
        services.record_message(fields=fields, key=form.cleaned_data["key"], user=user)
    if request.htmx:
        return render(request, "pages/contact.html#contact-thanks")
    return redirect("pages:contact_thanks")


@require_safe
def contact_thanks(request: HttpRequest) -> HttpResponse:
    """Say that the message has arrived."""
    return render(request, "pages/contact.html", {"meta": META["contact"], "thanks": True})


@require_safe
def legal(request: HttpRequest, document: str) -> HttpResponse:
    """Show one of the texts that founders edit."""
    context = {
        "meta": META[document],
        "models": catalogue.offered(),
        "provider_hosts": selectors.provider_hosts(),
        "grace_days": settings.ACCOUNT_DELETION_GRACE_DAYS,
        "show_founder_note": settings.DEBUG,
    }
    return render(request, f"pages/legal/{document}.html", context)


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Show people what /readyz tells machines."""
    parts = health.outcomes()
    all_well = not any(parts.values())
    context = {"meta": META["status"], "parts": parts, "all_well": all_well, "checked_at": timezone.now()}
    return render(request, "pages/status.html", context, status=200 if all_well else 503)


@require_POST
def dismiss_notice(request: Request) -> HttpResponse:
    """Put a notice away in this browser, and go back to where it was seen."""
    keys = read_dismissed(request.COOKIES.get(DISMISSED_COOKIE, ""))
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    response = HttpResponse() if request.htmx else redirect(back if is_ours else resolve_url("landing"))
    key = request.POST.get("key", "")
    if key and len(key) <= 32 and key.replace("-", "").isalnum() and key.isascii():
        cookie = write_dismissed(keys, key=key)
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(DISMISSED_COOKIE, cookie, max_age=DISMISSED_SECONDS, samesite="Lax", secure=secure)
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Tell crawlers what is of no use to them."""
    context = {"sitemap_url": settings.SITE_URL + reverse("pages:sitemap")}
    return render(request, "pages/robots.txt", context, content_type="text/plain")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """List the pages that are worth finding."""
    context = {"addresses": [settings.SITE_URL + reverse(name) for name in IN_SITEMAP]}
    return render(request, "pages/sitemap.xml", context, content_type="application/xml")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead browsers that ask for the old name to the icon."""
    return redirect(static("images/icon.svg"))

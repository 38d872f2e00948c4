"""Logging in with an account elsewhere: the whole round over HTTP, and whom a provider does not let in."""

from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter

from apps.accounts.models import Membership, User
from apps.billing.models import LedgerEntry
from apps.core.models import AuditEntry
from apps.core.personal_data import erase_user, export_user
from tests.accounts import provider as stand_in
from tests.accounts.conftest import deliver_mails, link_in, new_email, new_visitor
from tests.accounts.factors import code_of, is_in, new_app, proved
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET

pytestmark = pytest.mark.django_db
WORK, SECURITY = "/generations/new/", "/settings/security/"
NAMES = ["github", "google"]


@pytest.fixture
def provider(monkeypatch):
    with stand_in.running() as running:
        for adapter in (GitHubOAuth2Adapter, GoogleOAuth2Adapter):
            monkeypatch.setattr(adapter, "access_token_url", f"{running.base_url}/token")
        monkeypatch.setattr(GitHubOAuth2Adapter, "profile_url", f"{running.base_url}/user")
        monkeypatch.setattr(GitHubOAuth2Adapter, "emails_url", f"{running.base_url}/user/emails")
        yield running


@pytest.fixture(autouse=True)
def _configured(settings):
    app = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET}
    settings.SOCIALACCOUNT_PROVIDERS = {name: {"APPS": [app], "OAUTH_PKCE_ENABLED": True} for name in NAMES}


def vouch_for(provider, email, *, verified=True, uid="7", name="Ada Lovelace"):
    first, _space, last = name.partition(" ")
    google = {"sub": uid, "email": email, "email_verified": verified, "given_name": first, "family_name": last}
    provider.profile = google | {"id": int(uid), "login": "ada", "name": name}
    provider.emails = [{"email": email, "verified": verified, "primary": True}]


def go_through(browser, provider, name="github", query=""):
    sent = browser.post(f"/accounts/{name}/login/{query}")
    return browser.get(provider.grant(sent["Location"]))


@pytest.mark.parametrize("name", NAMES)
def test_a_newcomer_gets_an_account_a_workspace_and_the_welcome_credits(visitor, provider, name):
    email = new_email("ada")
    vouch_for(provider, email)

    assert go_through(visitor, provider, name)["Location"] == WORK

    user = User.objects.get(email=email)
    assert is_in(visitor)
    assert (user.name, user.has_usable_password()) == ("Ada Lovelace", False)
    assert EmailAddress.objects.get(user=user).verified
    assert Membership.objects.get(user=user).role == "owner"
    assert LedgerEntry.objects.filter(account__workspace__members=user).count() == 1


def test_who_comes_back_is_the_same_person(provider):
    vouch_for(provider, new_email("ada"))
    first, second = new_visitor(), new_visitor()
    go_through(first, provider)

    go_through(second, provider)

    assert is_in(second)
    assert SocialAccount.objects.count() == 1
    assert not SocialToken.objects.exists()


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_no_provider_lets_anybody_into_an_account_that_is_there(visitor, owner, provider, name, verified):
    vouch_for(provider, owner.email, verified=verified)

    answer = go_through(visitor, provider, name)

    assert answer["Location"] == "/accounts/confirm-email/"
    assert not is_in(visitor)
    assert not SocialAccount.objects.exists()
    assert [mail.subject for mail in deliver_mails()] == ["You already have a Keel account"]


def test_an_address_that_the_provider_has_not_confirmed_is_confirmed_here(visitor, provider):
    email = new_email("ada")
    vouch_for(provider, email, verified=False)

    assert go_through(visitor, provider)["Location"] == "/accounts/confirm-email/"
    assert not is_in(visitor)
    [message] = deliver_mails()
    visitor.post(link_in(message))

    assert EmailAddress.objects.get(email=email).verified


def test_of_several_addresses_the_confirmed_main_one_is_kept(visitor, provider):
    email = new_email("Main").title()
    vouch_for(provider, new_email("public"))
    provider.emails = [
        {"email": new_email("old"), "verified": False, "primary": False},
        {"email": email, "verified": True, "primary": True},
        {"email": new_email("other"), "verified": True, "primary": False},
    ]

    go_through(visitor, provider)

    assert [address.email for address in EmailAddress.objects.all()] == [email.lower()]
    assert User.objects.get().email == email.lower()


def test_whom_the_provider_gives_no_address_is_asked_for_one(visitor, provider):
    email = new_email("ada")
    vouch_for(provider, None)
    provider.emails = []

    form = go_through(visitor, provider)
    assert form["Location"] == "/accounts/connections/signup/"
    assert "does not tell us your e-mail address" in visitor.get(form["Location"]).text
    visitor.post(form["Location"], {"email": email})

    assert not is_in(visitor)
    assert not EmailAddress.objects.get(email=email).verified


def test_an_address_that_is_typed_opens_no_account_either(visitor, owner, provider):
    vouch_for(provider, None)
    provider.emails = []
    go_through(visitor, provider)

    visitor.post("/accounts/connections/signup/", {"email": owner.email})

    assert not is_in(visitor)
    assert not SocialAccount.objects.exists()


def test_the_second_factor_is_asked_for_after_a_provider_too(visitor, owner, provider):
    SocialAccount.objects.create(user=owner, provider="github", uid="7")
    vouch_for(provider, owner.email)
    secret = new_app(owner)

    assert go_through(visitor, provider)["Location"] == "/accounts/two-factor/authentication/"
    assert not is_in(visitor)
    visitor.post("/accounts/two-factor/authentication/", {"code": code_of(secret)})

    assert is_in(visitor)


def test_an_account_is_connected_and_disconnected_from_the_settings_and_told(owner, provider):
    vouch_for(provider, new_email("elsewhere"))
    browser = proved(owner)

    assert go_through(browser, provider, query="?process=connect")["Location"] == SECURITY
    [account] = SocialAccount.objects.filter(user=owner)
    assert "Disconnect" in browser.get(SECURITY).text
    browser.post("/accounts/connections/", {"account": account.pk})

    assert not SocialAccount.objects.exists()
    subjects = {mail.subject for mail in deliver_mails()}
    assert subjects == {"A GitHub account was connected", "A GitHub account was disconnected"}
    actions = AuditEntry.objects.filter(subject=f"user:{owner.pk}").values_list("action", flat=True)
    assert set(actions) == {"connection_added", "connection_removed"}


def test_connecting_asks_first_who_it_is(visitor, owner, provider):
    vouch_for(provider, new_email("elsewhere"))
    visitor.force_login(owner)

    answer = go_through(visitor, provider, query="?process=connect")

    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not SocialAccount.objects.exists()


def test_an_account_of_somebody_else_is_not_connected(owner, stranger, provider):
    SocialAccount.objects.create(user=stranger, provider="github", uid="7")
    vouch_for(provider, new_email("elsewhere"))
    browser = proved(owner)

    go_through(browser, provider, query="?process=connect")

    assert "connected to somebody else here" in browser.get(SECURITY).text
    assert SocialAccount.objects.get().user == stranger


def test_nobody_disconnects_for_somebody_else(owner, stranger, provider):
    account = SocialAccount.objects.create(user=stranger, provider="github", uid="7")

    proved(owner).post("/accounts/connections/", {"account": account.pk})

    assert SocialAccount.objects.filter(pk=account.pk).exists()


def test_the_only_way_in_is_not_taken_away(visitor, provider):
    vouch_for(provider, new_email("ada"))
    go_through(visitor, provider)

    answer = visitor.post("/accounts/connections/", {"account": SocialAccount.objects.get().pk})

    assert "Choose a password first" in answer.text
    assert SocialAccount.objects.exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_way_there_has_a_secret_state_a_challenge_and_our_own_address(visitor, name):
    sent = [visitor.post(f"/accounts/{name}/login/")["Location"] for _ in range(2)]

    asked = [parse_qs(urlsplit(address).query) for address in sent]
    assert asked[0]["state"] != asked[1]["state"]
    assert asked[0]["code_challenge"] != asked[1]["code_challenge"]
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert asked[0]["redirect_uri"] == [f"http://testserver/accounts/{name}/login/callback/"]


def test_nobody_is_sent_away_by_a_mere_link(visitor):
    answer = visitor.get("/accounts/github/login/")

    assert answer.status_code == 200
    assert "Log in with GitHub" in answer.text


def test_the_answer_to_another_browser_is_refused(visitor, provider):
    vouch_for(provider, new_email("attacker"))
    back = provider.grant(new_visitor().post("/accounts/github/login/")["Location"])

    answer = visitor.get(back)

    assert answer.status_code == 401
    assert "That did not work" in answer.text
    assert not is_in(visitor)


@pytest.mark.parametrize(("query", "said"), [("error=access_denied", "half-way"), ("error=x", "did not work")])
def test_who_says_no_at_the_provider_reads_what_happened(visitor, query, said):
    address = visitor.post("/accounts/github/login/")["Location"]
    state = parse_qs(urlsplit(address).query)["state"][0]

    answer = visitor.get(f"/accounts/github/login/callback/?{query}&state={state}", follow=True)

    assert said in answer.text


def test_a_provider_that_is_broken_breaks_nothing(visitor, provider):
    provider.is_broken = True

    assert "did not work" in go_through(visitor, provider).text


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", SECURITY])
def test_the_buttons_are_there_once_a_provider_is_configured(visitor, owner, settings, path):
    if path == SECURITY:
        visitor.force_login(owner)
    assert visitor.get(path).text.count('action="/accounts/github/login/') == 1

    settings.SOCIALACCOUNT_PROVIDERS = {}

    assert "github" not in visitor.get(path).text
    assert visitor.post("/accounts/github/login/").status_code == 404
    assert visitor.get("/accounts/github/login/callback/?code=x&state=y").status_code == 404


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_a_provider_leads_to_no_other_site(visitor, provider, target):
    vouch_for(provider, new_email("ada"))

    assert go_through(visitor, provider, query=f"?next={target}")["Location"] == WORK


def test_what_a_provider_told_us_is_exported_and_forgotten(owner):
    SocialAccount.objects.create(user=owner, provider="github", uid="7", extra_data={"login": "ada"})
    new_app(owner)

    told = export_user(owner)["accounts"]
    erase_user(owner)

    assert [(one["provider"], one["told_us"]) for one in told["connections"]] == [("github", {"login": "ada"})]
    assert [one["kind"] for one in told["second_factors"]] == ["totp"]
    assert not SocialAccount.objects.exists()
    assert not owner.authenticator_set.exists()


def test_a_newcomer_of_a_provider_is_told_apart_from_nobody(owner, provider):
    answers = []
    for email in (owner.email, new_email("unknown")):
        vouch_for(provider, email, verified=False, uid=str(len(answers) + 1))
        answers.append(go_through(new_visitor(), provider)["Location"])

    assert answers[0] == answers[1]

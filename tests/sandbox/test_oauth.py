"""Consent, codes, PKCE, refresh and revocation at the three authorization servers."""

from __future__ import annotations

import jwt
import pytest

from sandbox.server.visitor import ConsentRefused, grant_consent
from tests.sandbox.oauth_flow import (
    BASE,
    CALLBACK,
    EMAIL,
    ENDPOINTS,
    SCOPES,
    authorize_url,
    consent,
    exchange,
    refresh,
    returned,
    tokens,
)

ALL = pytest.mark.parametrize("provider", ["google", "microsoft", "zoom"])
CALENDARS = {
    "google": ENDPOINTS["GOOGLE_API_URL"] + "/users/me/calendarList",
    "microsoft": ENDPOINTS["MICROSOFT_API_URL"] + "/me",
    "zoom": ENDPOINTS["ZOOM_API_URL"] + "/users/me",
}


@pytest.fixture(autouse=True)
def accounts(amara, office, zoomer):
    """Amara has an account at each."""


def call(web, provider, token):
    return web.get(CALENDARS[provider], headers={"Authorization": f"Bearer {token}"}, timeout=10)


@ALL
def test_authorize_page_is_plainly_a_sandbox_without_cookie_or_script(web, provider):
    page = web.get(authorize_url(provider), timeout=10)
    name = {"google": "Google", "microsoft": "Microsoft", "zoom": "Zoom"}[provider]
    assert page.status_code == 200
    assert f"SANDBOX. This is not {name}." in page.text
    assert EMAIL in page.text
    assert "Make something go wrong" in page.text
    assert "Set-Cookie" not in page.headers
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "style-src 'self'" in page.headers["Content-Security-Policy"]


def test_stylesheet_is_served_by_the_sandbox_itself(web):
    sheet = web.get(f"{BASE}/static/sandbox.css", timeout=10)
    assert sheet.headers["Content-Type"].startswith("text/css")
    assert ".standin-card" in sheet.text


@ALL
def test_flow_gives_a_token_that_works(web, provider):
    given = tokens(web, provider)
    assert set(given["scope"].split()) - {"offline_access"} == set(SCOPES[provider].split()) - {
        "offline_access"
    }
    assert given["refresh_token"]
    assert call(web, provider, given["access_token"]).status_code == 200


@ALL
def test_state_comes_back_unchanged(web, provider):
    assert consent(web, provider, asked={"state": "a:b:c/+ &="})["state"] == "a:b:c/+ &="


@ALL
def test_deny_comes_back_as_access_denied_without_a_code(web, provider):
    back = consent(web, provider, deny=True)
    assert back["error"] == "access_denied"
    assert back["state"] == "s1"
    assert "code" not in back


@ALL
def test_wrong_state_trouble_changes_the_state_alone(web, provider):
    back = consent(web, provider, trouble=["wrong_state"])
    assert back["state"] != "s1"
    assert exchange(web, provider, back["code"]).status_code == 200


@ALL
def test_no_refresh_trouble_gives_no_refresh_token(web, provider):
    assert "refresh_token" not in tokens(web, provider, trouble=["no_refresh"])


@ALL
def test_withdraw_trouble_ends_the_consent_after_a_minute(web, store, provider):
    given = tokens(web, provider, trouble=["withdraw"])
    store.advance(59)
    assert call(web, provider, given["access_token"]).status_code == 200
    store.advance(2)
    assert call(web, provider, given["access_token"]).status_code == 401
    assert refresh(web, provider, given["refresh_token"]).json()["error"] == "invalid_grant"


@ALL
def test_unticked_scope_is_not_granted(web, provider):
    scope = SCOPES[provider].split()[-1]
    given = tokens(web, provider, untick=[scope])
    assert scope not in given["scope"].split()
    assert len(given["scope"].split()) > 0


@ALL
def test_typed_address_makes_a_new_account(web, store, provider):
    fields = {"ask": authorize_url(provider).partition("?")[2], "account": ""}
    fields |= {"new_email": "New@Person.example", "scope": SCOPES[provider].split()}
    address = authorize_url(provider).partition("?")[0]
    answer = web.post(address, data=fields, allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    assert store.get("account", f"{provider}:new@person.example")["email"] == "new@person.example"


def test_typed_address_wins_over_an_account_still_marked(web, store):
    fields = {"ask": authorize_url("google").partition("?")[2], "account": EMAIL}
    fields |= {"new_email": "new@person.example", "scope": SCOPES["google"].split()}
    answer = web.post(ENDPOINTS["GOOGLE_AUTH_URL"], data=fields, allow_redirects=False, timeout=10)
    given = exchange(web, "google", returned(answer.headers["Location"])["code"]).json()
    claims = jwt.decode(given["id_token"], options={"verify_signature": False})
    assert claims["email"] == "new@person.example"


@pytest.mark.parametrize(
    ("hint", "marked"), [("AMARA@finch.example", EMAIL), ("new@person.example", "")]
)
def test_login_hint_is_marked_or_filled_in(web, hint, marked):
    page = web.get(authorize_url("google", login_hint=hint), timeout=10).text
    assert f'value="{marked}" checked' in page
    assert ('value="new@person.example"' in page) == (marked == "")


@ALL
def test_no_account_chosen_shows_the_page_again(web, provider):
    with pytest.raises(ConsentRefused):
        grant_consent(web, authorize_url(provider), email="")


@ALL
def test_code_works_once(web, provider):
    code = consent(web, provider)["code"]
    assert exchange(web, provider, code).status_code == 200
    again = exchange(web, provider, code)
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("provider", "minutes"), [("google", 10), ("microsoft", 10), ("zoom", 5)])
def test_code_expires(web, store, provider, minutes):
    code = consent(web, provider)["code"]
    store.advance(minutes * 60)
    assert exchange(web, provider, code).json()["error"] == "invalid_grant"


@ALL
@pytest.mark.parametrize("verifier", ["w" * 64, "", "v" * 42])
def test_wrong_verifier_is_refused(web, provider, verifier):
    code = consent(web, provider)["code"]
    answer = exchange(web, provider, code, code_verifier=verifier)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


@ALL
def test_other_redirect_address_is_refused(web, provider):
    code = consent(web, provider)["code"]
    answer = exchange(web, provider, code, redirect_uri=CALLBACK + "/")
    assert answer.status_code == 400


@ALL
def test_client_without_secret_is_invalid_client(web, provider):
    code = consent(web, provider)["code"]
    answer = exchange(web, provider, code, client_secret="")
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


@ALL
def test_configured_client_is_checked(web, store, provider):
    store.set_setting(f"{provider}.clients", {"meridian": "right"})
    code = consent(web, provider)["code"]
    assert exchange(web, provider, code).json()["error"] == "invalid_client"
    assert exchange(web, provider, code, client_secret="right").status_code == 200
    assert web.get(authorize_url(provider, client_id="other"), timeout=10).status_code == 400


@ALL
def test_unregistered_redirect_address_stops_on_an_error_page(web, store, provider):
    store.set_setting(f"{provider}.redirect_uris", ["https://other.test/"])
    page = web.get(authorize_url(provider), allow_redirects=False, timeout=10)
    assert page.status_code == 400
    assert "would stop here" in page.text


@ALL
def test_access_token_expires(web, store, provider):
    given = tokens(web, provider)
    store.advance(given["expires_in"])
    assert call(web, provider, given["access_token"]).status_code == 401


@ALL
def test_refresh_gives_a_token_that_works(web, store, provider):
    given = tokens(web, provider)
    store.advance(4000)
    fresh = refresh(web, provider, given["refresh_token"])
    assert fresh.status_code == 200
    assert call(web, provider, fresh.json()["access_token"]).status_code == 200


def test_google_refresh_returns_no_refresh_token(web):
    given = tokens(web, "google")
    assert "refresh_token" not in refresh(web, "google", given["refresh_token"]).json()
    assert refresh(web, "google", given["refresh_token"]).status_code == 200


def test_microsoft_refresh_returns_a_new_token_and_the_old_one_stays_valid(web):
    old = tokens(web, "microsoft")["refresh_token"]
    new = refresh(web, "microsoft", old).json()["refresh_token"]
    assert new != old
    assert refresh(web, "microsoft", old).status_code == 200
    assert refresh(web, "microsoft", new).status_code == 200


def test_zoom_refresh_kills_the_old_token(web):
    old = tokens(web, "zoom")["refresh_token"]
    new = refresh(web, "zoom", old).json()["refresh_token"]
    again = refresh(web, "zoom", old)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert refresh(web, "zoom", new).status_code == 200


def test_zoom_new_consent_ends_the_earlier_tokens(web):
    first = tokens(web, "zoom")
    tokens(web, "zoom")
    assert call(web, "zoom", first["access_token"]).status_code == 401
    assert refresh(web, "zoom", first["refresh_token"]).json()["error"] == "invalid_grant"


def test_google_refresh_token_only_on_first_consent_or_when_asked_again(web):
    assert "refresh_token" not in tokens(web, "google", asked={"access_type": None})
    assert "refresh_token" not in tokens(web, "google")
    assert "refresh_token" in tokens(web, "google", asked={"prompt": "consent"})


def test_microsoft_without_offline_access_gives_no_refresh_token(web):
    given = tokens(web, "microsoft", asked={"scope": "openid User.Read"})
    assert "refresh_token" not in given


def test_google_include_granted_scopes_keeps_earlier_ones(web):
    prefix = "https://www.googleapis.com/auth/calendar."
    tokens(web, "google", asked={"scope": f"openid {prefix}readonly"})
    asked = {"scope": f"openid {prefix}events", "include_granted_scopes": "true"}
    assert f"{prefix}readonly" in tokens(web, "google", asked=asked)["scope"].split()


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_id_token_verifies_against_the_published_keys(web, provider, amara, office):
    given = tokens(web, provider)
    keys = web.get(ENDPOINTS[f"{provider.upper()}_JWKS_URL"], timeout=10).json()
    kid = jwt.get_unverified_header(given["id_token"])["kid"]
    key = next(k for k in jwt.PyJWKSet.from_dict(keys).keys if k.key_id == kid)
    claims = jwt.decode(
        given["id_token"],
        key.key,
        algorithms=["RS256"],
        audience="meridian",
        options={"verify_iat": False, "verify_exp": False, "verify_nbf": False},
    )
    assert claims["nonce"] == "n1"
    assert claims["email"] == EMAIL
    assert claims["exp"] - claims["iat"] == 3600
    if provider == "google":
        assert claims["iss"] == ENDPOINTS["GOOGLE_ISSUER"]
        assert claims["sub"] == amara["sub"]
    else:
        issuer = ENDPOINTS["MICROSOFT_ISSUER"].replace("{tenantid}", claims["tid"])
        assert claims["iss"] == issuer
        assert (claims["oid"], claims["tid"]) == (office["oid"], office["tid"])


def test_microsoft_personal_account_has_the_tenant_of_all_personal_accounts(web, home):
    given = tokens(web, "microsoft", email=home["email"])
    claims = jwt.decode(given["id_token"], options={"verify_signature": False})
    assert claims["tid"] == "9188040d-6c67-4c5b-b112-36a304b66dad"


def test_microsoft_errors_carry_aadsts_numbers(web):
    answer = refresh(web, "microsoft", "nonsense").json()
    assert answer["error_codes"] == [700082]
    assert answer["error_description"].startswith("AADSTS700082: ")
    assert {"timestamp", "trace_id", "correlation_id"} <= set(answer)


def test_microsoft_form_post_returns_by_a_form(web):
    asked = {"response_mode": "form_post"}
    fields = {"ask": authorize_url("microsoft", **asked).partition("?")[2], "account": EMAIL}
    fields["scope"] = SCOPES["microsoft"].split()
    page = web.post(ENDPOINTS["MICROSOFT_AUTH_URL"], data=fields, timeout=10)
    assert f'action="{CALLBACK}"' in page.text
    assert 'name="code"' in page.text


def test_google_revoke_ends_every_token_of_the_grant(web):
    given = tokens(web, "google")
    address = ENDPOINTS["GOOGLE_REVOKE_URL"]
    assert web.post(address, data={"token": given["access_token"]}, timeout=10).status_code == 200
    assert refresh(web, "google", given["refresh_token"]).json() == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }
    assert web.post(address, data={"token": given["access_token"]}, timeout=10).status_code == 400


def test_zoom_revoke_needs_the_client(web):
    given = tokens(web, "zoom")
    address = ENDPOINTS["ZOOM_REVOKE_URL"]
    data = {"token": given["access_token"]}
    assert web.post(address, data=data, timeout=10).status_code == 401
    assert web.post(address, data=data, auth=("meridian", "secret"), timeout=10).status_code == 200
    assert call(web, "zoom", given["access_token"]).status_code == 401


def test_zoom_server_to_server_token_has_no_refresh_token(web, zoomer):
    address = ENDPOINTS["ZOOM_TOKEN_URL"]
    data = {"grant_type": "account_credentials", "account_id": zoomer["tid"]}
    given = web.post(address, data=data, auth=("meridian", "secret"), timeout=10).json()
    assert "refresh_token" not in given
    assert call(web, "zoom", given["access_token"]).json()["email"] == EMAIL


def test_revoked_by_the_person_refresh_is_invalid_grant(web, store, amara):
    given = tokens(web, "google")
    assert store.revoke(amara) == 1
    assert call(web, "google", given["access_token"]).status_code == 401
    assert refresh(web, "google", given["refresh_token"]).json()["error"] == "invalid_grant"


def test_one_provider_does_not_take_anothers_token(web):
    given = tokens(web, "google")
    assert call(web, "microsoft", given["access_token"]).status_code == 401
    assert refresh(web, "microsoft", given["refresh_token"]).status_code == 400


def test_page_escapes_what_the_client_sends(web):
    page = web.get(authorize_url("google", scope="<b>x</b>", state='"><script>'), timeout=10)
    assert "<b>x</b>" not in page.text
    assert "<script>" not in page.text


def test_returned_address_keeps_the_redirect_query(web):
    address = authorize_url("google", redirect_uri=CALLBACK + "?a=1")
    back = grant_consent(web, address, email=EMAIL)
    assert back.startswith(CALLBACK + "?a=1&")
    assert returned(back)["a"] == "1"

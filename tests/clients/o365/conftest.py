"""O365, a client by strangers, signed in to the sandbox's Graph."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msal import ConfidentialClientApplication
from O365 import Account, MSGraphProtocol
from O365.connection import Connection
from O365.utils.token import MemoryTokenBackend
from requests import HTTPError

from tests.clients.conftest import EMAIL, ZONE

SCOPES = ["User.Read", "Calendars.ReadWrite"]
BACK = "https://app.example/back"


@pytest.fixture
def account(outside):
    return outside.store.add_account("microsoft", email=EMAIL, timezone="Europe/Berlin")


@pytest.fixture
def person(outside, account):
    """O365's Account, told where Graph and the identity platform are, and nothing else.

    MSAL would ask Microsoft whether it knows the authority (`instance_discovery`); that is
    switched off as its manual says for authorities of one's own.
    """

    class Here(Connection):
        @property
        def msal_client(self):
            if self._msal_client is None:
                self._msal_client = ConfidentialClientApplication(
                    self.auth[0],
                    client_credential=self.auth[1],
                    authority=f"{outside.base_url}/microsoft/common",
                    token_cache=self.token_backend,
                    verify=self.verify_ssl,
                    instance_discovery=False,
                )
            return self._msal_client

    class There(Account):
        connection_constructor = Here

    protocol = MSGraphProtocol(timezone=ZONE)
    protocol.protocol_url = f"{outside.base_url}/microsoft/graph/"
    protocol.service_url = f"{outside.endpoints['MICROSOFT_API_URL']}/"
    found = There(
        ("a-stranger", "s3cret"),
        protocol=protocol,
        token_backend=MemoryTokenBackend(),
        verify_ssl=str(outside.authority),
        requests_delay=0,
        request_retries=0,
        timeout=10,
    )
    yield found
    for session in (found.con.session, found.con.naive_session):
        if session is not None:
            session.close()


@pytest.fixture
def signed_in(outside, person):
    address, flow = person.get_authorization_url(requested_scopes=SCOPES, redirect_uri=BACK)
    assert "code_challenge=" in address
    assert person.request_token(outside.consent(address), flow=flow)
    return person


@pytest.fixture
def schedule(signed_in):
    return signed_in.schedule()


@pytest.fixture
def book(schedule):
    """The default calendar."""
    return schedule.get_default_calendar()


@pytest.fixture
def mine(ours, account):
    return ours(account)


def new(book, title, start, end=None, **fields):
    event = book.new_event(subject=title)
    event.start, event.end = start, end or start + timedelta(hours=1)
    for name, value in fields.items():
        setattr(event, name, value)
    return event


def saved(book, title, start, end=None, **fields):
    event = new(book, title, start, end, **fields)
    assert event.save()
    return event


def view(book, start, end, **options):
    options.setdefault("limit", 50)
    found = book.get_events(start_recurring=start, end_recurring=end, **options)
    return sorted(found, key=lambda event: event.start)


def refused(call):
    with pytest.raises(HTTPError) as caught:
        call()
    answer = caught.value.response
    return answer.status_code, answer.json()["error"]["code"]

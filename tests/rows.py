"""One row of every table of ours in one workspace, with secrets that a test can look for."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.apps import apps

from audit.actors import task_actor
from audit.enums import AccessReason, Outcome
from audit.models import AuditChainHead, MirrorReadMark, OAuthToken
from audit.services import vault
from audit.services.log import append, entry_for
from booking.models import (
    BookingBlock,
    BookingLink,
    BookingName,
    BulkCancellation,
    CalendarFeed,
    Contact,
    CrmAccount,
    CrmLead,
    CrmNote,
    EarlyCancellation,
    EmailCheck,
    ErasedAddress,
    Erasure,
    IncomingMail,
    InviteAddress,
    MailSender,
    MailStop,
    MailText,
    MailTextChange,
    Meeting,
    MeetingAnswer,
    MeetingChange,
    OutsideInvitation,
    PersonNote,
    SalesMeeting,
    SalesProspect,
)
from booking.slugs import likeness
from calendars.models import (
    AccountTurn,
    CalendarChoice,
    CalendarShare,
    EventTask,
    Hold,
    OAuthFlow,
    PushChannel,
    RememberedCalendar,
)
from common import outbox
from common.enums import OutboxState
from common.models import OutboxMessage, SeenEvent, SentMail, UseCount
from common.oauth import TokenSet
from common.secrets import Secret
from conferencing.enums import EntrantKind
from conferencing.models import TelehealthJoin, TelehealthRoom, ZoomConnection, ZoomMeeting
from patients.models import Authorization, Discipline, Patient, PatientSession, Practitioner
from tests.factories import make_calendar, make_client, make_connection, make_event
from workspaces.authentication import issue_service_token
from workspaces.models import ClientInvitation, ClientVisit, Invitation, PlanChange
from workspaces.owners import ClientOwner, owner_of_user

OURS = ("common", "workspaces", "audit", "conferencing", "calendars", "patients", "booking")
START = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def our_models() -> list[Any]:
    """Every table of ours but those that only join two others."""
    return [
        model
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        if not model._meta.auto_created
    ]


@dataclass
class Rows:
    """The rows by model, and the texts that may stand on no page."""

    by_model: dict[Any, Any]
    secrets: list[str]

    def __getitem__(self, model):
        return self.by_model[model]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_rows(workspace, user) -> Rows:
    """One of each, all of this workspace, the user's where a row belongs to a person."""
    number = next(_numbers)
    hashes = {
        name: digest(f"{name}{number}")
        for name in (
            "invitation",
            "nonce",
            "session",
            "channel",
            "manage-1",
            "manage-2",
            "mark",
            "erased",
            "client-invitation",
            "visit",
            "feed",
        )
    }
    keys = {name: digest(f"{name}{number}") for name in ("submit-1", "submit-2", "submit-3")}
    client = make_client(workspace, f"Client {number}")
    client_owner = ClientOwner(workspace=workspace, client=client)
    user_owner = owner_of_user(user, workspace)
    membership = workspace.memberships.get(user=user)
    client_connection = make_connection(client_owner)
    connection = make_connection(user_owner)
    tokens = TokenSet(
        access_token=Secret(f"access-plain-{number}"),
        refresh_token=Secret(f"refresh-plain-{number}"),
        expires_at=START,
        scopes=frozenset({"calendar"}),
    )
    vault.store_tokens(connection=connection, tokens=tokens)
    token = OAuthToken.objects.get(connection_id=connection.pk)
    credential = vault.store_credential(
        workspace=workspace, kind=f"close-{number}", secret=Secret(f"key-plain-{number}")
    )
    log = append(
        workspace_id=workspace.pk,
        actor=task_actor("tests"),
        entries=[entry_for(connection, AccessReason.EVENTS_LIST, Outcome.GRANTED)],
    )
    calendar = make_calendar(connection, sync_cursor=f"cursor-plain-{number}")
    event = make_event(calendar)
    room = TelehealthRoom.objects.create(workspace=workspace, key=f"event:{number}")
    zoom = ZoomConnection.objects.create(
        workspace=workspace,
        client=client,
        provider="zoom",
        account_remote_id=f"zoom-{number}",
        connected_email="host@x.example",
    )
    service_token, plain = issue_service_token(
        workspace=workspace, acts_as=user, name="sync", scopes=["x"]
    )
    link = BookingLink.objects.create(
        workspace=workspace, client=client, slug=f"rows-client-{number}", title="Client link"
    )
    own_link = BookingLink.objects.create(
        workspace=workspace, user=user, slug=f"rows-own-{number}", title="Own link"
    )
    contact = Contact.objects.create(
        workspace=workspace, client=client, name="Ann", email="ann@x.example"
    )
    prospect = SalesProspect.objects.create(
        workspace=workspace, name="Ben", email=f"ben{number}@x.example"
    )
    begin = START + timedelta(days=number)

    def hold(owner, hour):
        return Hold.objects.create(
            owner_kind=owner.kind,
            owner_id=owner.id,
            workspace=workspace,
            held_from=begin + timedelta(hours=hour),
            held_until=begin + timedelta(hours=hour + 1),
            source="meeting",
        )

    def meeting(model, which, owner, booked_link, person):
        return model.objects.create(
            workspace=workspace,
            link=booked_link,
            title=booked_link.title,
            start_at=begin,
            end_at=begin + timedelta(hours=1),
            booker_name=person.name,
            booker_email=person.email,
            uid=f"{model.__name__}-{number}",
            hold=hold(owner, 0),
            manage_token_hash=hashes[f"manage-{which}"],
            submit_key=keys[f"submit-{which}"],
            **{f"{owner.kind.value}_id": owner.id},
            **{"contact" if which == 1 else "prospect": person},
        )

    client_meeting = meeting(Meeting, 1, client_owner, link, contact)
    own_meeting = meeting(SalesMeeting, 2, user_owner, own_link, prospect)
    name = BookingName.objects.create(
        workspace=workspace, link=link, slug=link.slug, likeness=likeness(link.slug)
    )
    change = MeetingChange.objects.create(
        workspace=workspace,
        owner_kind="client",
        meeting_id=client_meeting.pk,
        kind="moved",
        by="owner",
        name="Alice",
        at=START,
        start_at=client_meeting.start_at,
        end_at=client_meeting.end_at,
    )
    note = PersonNote.objects.create(
        workspace=workspace, owner_kind="client", person_id=contact.pk, text="Likes tea",
        author=user, author_name="Someone",
    )  # fmt: skip
    erasure = Erasure.objects.create(
        workspace=workspace, owner_kind="user", person_id=uuid.uuid4(), by=user, by_name="Someone"
    )
    erased = ErasedAddress.objects.create(erasure=erasure, address_hash=hashes["erased"])
    discipline = Discipline.objects.create(workspace=workspace, name=f"Speech {number}")
    practitioner, _ = Practitioner.objects.get_or_create(membership=membership)
    patient = Patient.objects.create(workspace=workspace, given_name="Pat", family_name="Doe")
    authorization = Authorization.objects.create(
        patient=patient,
        discipline=discipline,
        units=10,
        unit_minutes=30,
        valid_from_on=date(2031, 1, 1),
        valid_until_on=date(2031, 12, 31),
    )
    client_invitation = ClientInvitation.objects.create(
        workspace=workspace, client=client, email="orla@x.example", expires_at=START,
        token_hash=hashes["client-invitation"], invited_by=user,
    )  # fmt: skip
    rows = [
        outbox.enqueue(
            kind="booking.notification",
            payload={"meeting_id": str(client_meeting.pk), "owner_kind": "client", "step": "link"},
            about_id=client_meeting.pk,
            dedupe_key=f"rows:{number}",
            workspace_id=workspace.pk,
            due_at=START,
        ),
        user, workspace, membership, client, user_owner.profile, service_token,
        Invitation.objects.create(
            workspace=workspace, email="new@x.example", token_hash=hashes["invitation"],
            expires_at=START,
        ),
        client_invitation,
        ClientVisit.objects.create(
            invitation=client_invitation, secret_hash=hashes["visit"], expires_at=START,
            last_used_at=START,
        ),
        token, credential, log[0], AuditChainHead.objects.get(pk=workspace.pk),
        MirrorReadMark.objects.create(
            session_hash=hashes["mark"], connection_id=connection.pk, week_on=date(2031, 3, 3),
            logged_at=START,
        ),
        zoom,
        ZoomMeeting.objects.create(workspace=workspace, connection=zoom, intent_key=f"{number}"),
        room,
        TelehealthJoin.objects.create(workspace=workspace, room=room, kind=EntrantKind.GUEST),
        client_connection, connection, calendar, event,
        OAuthFlow.objects.create(
            provider="google", owner_kind="user", owner_id=user.pk, workspace=workspace,
            started_by=user, nonce_hash=hashes["nonce"], session_hash=hashes["session"],
            verifier_sealed=vault.seal_text(f"verifier-plain-{number}", "x"), expires_at=START,
        ),
        CalendarShare.objects.create(calendar=calendar),
        PushChannel.objects.create(
            calendar=calendar, remote_id="channel", secret_hash=hashes["channel"], expires_at=START
        ),
        CalendarChoice.objects.create(membership=membership, calendar=calendar, is_shown=True),
        AccountTurn.objects.create(account=f"{number}" * 8, number=1),
        RememberedCalendar.objects.create(
            workspace=workspace, owner_kind="user", owner_id=user.pk, provider="google",
            account_remote_id="gone", remote_id="gone", calendar_id=calendar.pk, hue="tide",
            is_shown=True, counts_as_busy=True,
        ),
        EventTask.objects.create(
            workspace=workspace, calendar=calendar, event_id=event.pk, title="Bring tea"
        ),
        client_meeting.hold, discipline, practitioner, patient, authorization,
        PatientSession.objects.create(
            workspace=workspace, patient=patient, practitioner=practitioner, start_at=begin,
            end_at=begin + timedelta(hours=1), hold=hold(user_owner, 5),
        ),
        link, name, contact, prospect, client_meeting, own_meeting, change, note, erasure, erased,
        EmailCheck.objects.create(
            workspace=workspace, link=link, submit_key=keys["submit-3"], email="dot@x.example",
            expires_at=START,
        ),
        CrmAccount.objects.create(
            workspace=workspace,
            organization_remote_id=f"orga_{number}",
            organization_name=f"Organisation {number}",
            key_tail="tail",
            kept_at=START,
        ),
        CrmLead.objects.create(
            workspace=workspace,
            organization_remote_id=f"orga_{number}",
            email=f"lead{number}@x.example",
        ),
        CrmNote.objects.create(
            workspace=workspace,
            organization_remote_id=f"orga_{number}",
            owner_kind="user",
            meeting_id=uuid.uuid4(),
            lead_remote_id=f"lead_{number}",
        ),
        MailText.objects.create(
            workspace=workspace, kind="moved", language="de", opening="Neue Zeit."
        ),
        MailSender.objects.create(workspace=workspace, name="Finch"),
        MailTextChange.objects.create(workspace=workspace, kind="moved", by_name=user.email),
        MailStop.objects.create(workspace=workspace, address_hash="e" * 64),
        BookingBlock.objects.create(
            workspace=workspace, kind="domain", value="spam.example", added_by=user.email
        ),
        BulkCancellation.objects.create(
            workspace=workspace, asked_by_id=user.pk, asked_by=user.email, words="All of spam"
        ),
        CalendarFeed.objects.create(
            workspace=workspace, user=user, token_hash=hashes["feed"], opened_by_name=user.email
        ),
        InviteAddress.objects.create(workspace=workspace, user=user),
        MeetingAnswer.objects.create(
            workspace=workspace, owner_kind="client", meeting_id=client_meeting.pk,
            email=contact.email, is_booker=True, answer="accepted", sequence=0, stamped_at=START,
            comment="Likes coffee", received_at=START,
        ),
        OutsideInvitation.objects.create(
            workspace=workspace, user=user, uid=f"outside-{number}", organizer="org@x.example",
            sender="org@x.example", guest=user.email, sequence=0, stamped_at=START, title="Tea",
            start_at=START, end_at=START + timedelta(hours=1), timezone="UTC", received_at=START,
        ),
        EarlyCancellation.objects.create(
            workspace=workspace, user=user, uid=f"early-{number}", organizer="org@x.example",
            sender="org@x.example", is_proven=False, sequence=0, mail_id=uuid.uuid4(),
            received_at=START,
        ),
        IncomingMail.objects.create(
            workspace=workspace, owner_kind="user", owner_id=user.pk, digest=digest(f"m{number}"),
            sender="eve@x.example", outcome="review", reason="wrong_sender", words="Not hers.",
            received_at=START,
        ),
        UseCount.objects.create(key=f"limit:rows:{number}", ends_at=START),
        SeenEvent.objects.create(event_id=f"msg_rows{number}"),
        SentMail.objects.create(
            kind="test.rows",
            workspace_id=workspace.pk,
            recipient=f"reader{number}@rows.example",
            key_digest=f"key-rows-{number}",
            message_id=f"rows-{number}@meridian.example",
        ),
        PlanChange.objects.create(workspace=workspace, from_tier="free", to_tier=workspace.tier),
    ]  # fmt: skip
    OutboxMessage.objects.filter(pk=rows[0].pk).update(state=OutboxState.FAILED, last_error="No")
    sealed = [token.access_sealed, token.refresh_sealed, credential.sealed]
    secrets = [
        *hashes.values(),
        *keys.values(),
        *(f"{what}-plain-{number}" for what in ("access", "refresh", "key", "cursor", "verifier")),
        *(str(bytes(value)) for value in sealed),
        *(bytes(value).hex() for value in sealed),
        service_token.token_hash,
        plain,
        user.password,
        user.password.rpartition("$")[2],
    ]
    return Rows({type(row): row for row in rows}, secrets)

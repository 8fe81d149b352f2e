"""Words of links and meetings."""

from __future__ import annotations

from enum import Enum

from django.db import models


class MeetingState(models.TextChoices):
    CONFIRMED = "confirmed", "Confirmed"
    REQUESTED = "requested", "Waiting for approval"
    CANCELLED = "cancelled", "Cancelled"
    DECLINED = "declined", "Declined"
    NO_SHOW = "no_show", "No-show"


# What stands in a calendar, and what stands in none any more.
IS_ON = (MeetingState.CONFIRMED, MeetingState.NO_SHOW)
IS_OFF = (MeetingState.CANCELLED, MeetingState.DECLINED)
TAKES_TIME = (MeetingState.CONFIRMED, MeetingState.REQUESTED, MeetingState.NO_SHOW)


class DegradedMode(models.TextChoices):
    """What a link does while a calendar that counts cannot be read."""

    REFUSE = "refuse", "Offer no times"
    REQUEST = "request", "Take requests for approval"


class Party(models.TextChoices):
    """Who changed a meeting."""

    BOOKER = "booker", "The booker"
    OWNER = "owner", "The owner"
    PROVIDER = "provider", "A change in the calendar"
    SYSTEM = "system", "Meridian"


class ChangeKind(models.TextChoices):
    """What was done to a meeting."""

    BOOKED = "booked", "Booked on behalf"
    MOVED = "moved", "Moved"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Cancelled"
    NO_SHOW = "no_show", "Marked as no-show"
    ATTENDED = "attended", "No-show taken back"
    REASSIGNED = "reassigned", "Handed to somebody else"
    GUESTS = "guests", "Guests changed"


class BlockKind(models.TextChoices):
    """By what a booker is refused."""

    EMAIL = "email", "E-mail address"
    DOMAIN = "domain", "Domain"
    NETWORK = "network", "Internet address"


class NoteKind(models.TextChoices):
    """Who wrote a note about a person: somebody, or a merge."""

    WRITTEN = "written", "Note"
    MERGED = "merged", "Merged"


class CrmLeadState(models.TextChoices):
    """What is known of the lead in the CRM that stands for an address."""

    NEW = "new", "Not looked for yet"
    ASKED = "asked", "Asked for, no answer yet"
    READY = "ready", "Known"
    UNSURE = "unsure", "Asked for, and neither answered nor found"


class Clash(models.TextChoices):
    """What the calendar says against a meeting that was promised."""

    NONE = "", "Nothing"
    EVENT_OVER_IT = "over_it", "An event came over it"
    OCCUPIED = "occupied", "Its event was moved to where something else is promised"
    PAST = "past", "Its event was moved into the past"
    ALL_DAY = "all_day", "Its event was made to last all day"
    TOO_SHORT = "short", "Its event was made shorter than a meeting can be"
    TOO_LONG = "long", "Its event was made longer than a meeting can be"
    REFUSED = "refused", "Its event was changed, and the meeting could not follow"


class EventPresence(Enum):
    """Whether the meeting stands in the owner's calendar, as far as is known."""

    THERE = "there"
    ON_ITS_WAY = "on its way"
    NO_CALENDAR = "no calendar"
    FAILED = "failed"


class MessageKind(models.TextChoices):
    """The outbox kinds of this app."""

    CALENDAR_EVENT = "booking.calendar_event", "Calendar event"
    NOTIFICATION = "booking.notification", "Confirmation and notice"
    EVENT_CHANGED = "booking.event_changed", "A change in the calendar"
    CLASH = "booking.clash", "Look for an event over it"
    CLASH_NOTICE = "booking.clash_notice", "Notice of a clash"
    CRM_LEAD = "booking.crm_lead", "Lead and note in the CRM"
    CRM_KEY_REFUSED = "booking.crm_key_refused", "The CRM refuses the workspace's key"
    EMAIL_CODE = "booking.email_code", "Code that proves an address"
    BULK_CANCEL = "booking.bulk_cancel", "Meetings called off together"
    ERASURE = "booking.erasure", "Erase somebody"
    ERASED_EVENT = "booking.erased_event", "Take somebody out of a calendar event"
    MAIL_TROUBLE = "booking.mail_trouble", "A mail that did not arrive"
    MAIL_FETCH = "booking.mail_fetch", "Fetch a mail that came in"
    ANSWERED = "booking.answered", "What a booker answered by calendar"
    INVITATION = "booking.invitation", "An invitation from outside"
    ERASED_NOTE = "booking.erased_note", "Delete a note about somebody in the CRM"
    REMINDER = "booking.reminder", "Reminder or follow-up"
    FEED_CLOSED = "booking.feed_closed", "Log that a calendar feed closed"


class FeedDetail(models.TextChoices):
    """How much of the meetings a calendar feed tells to whoever has its address."""

    TIMES = "times", "Times only"
    DETAILS = "details", "Times, names and places"
    LINKS = "links", "Times, names, places and join links"


class Step(models.TextChoices):
    """Which of a meeting's messages one is; part of its dedupe key."""

    EVENT = "event", "Calendar event"
    AWAIT_LINK = "await_link", "Join link"
    BOOKED = "booked", "Confirmation and notice"
    LINK = "link", "Join link that came later"
    EVENT_FAILED = "event_failed", "The event could not be made"
    NO_LINK = "no_link", "No join link will come: to the booker"
    NO_LINK_NOTICE = "no_link_notice", "No join link will come: to the owner"
    FOLLOW = "follow", "The event follows a change"
    RELEASE = "release", "The event of the former owner or time goes"
    CHANGED = "changed", "What was changed, to everybody"
    LEAD = "lead", "Lead and note in the CRM"
    LEAD_NOTE = "lead_note", "The note in the CRM follows a change"
    AGAIN = "again", "Once more, to whom a mail did not reach"
    EVENT_BEHIND = "event_behind", "The event could not follow: to the owner"
    EVENT_LATE = "event_late", "The calendar does not answer: to the owner"


class Ahead(models.TextChoices):
    """What is mailed at a time of its own."""

    REMINDER = "reminder", "Reminder"
    FOLLOW_UP = "follow_up", "Follow-up"


class TextKind(models.TextChoices):
    """The mails to bookers whose subject and first words a workspace can write itself."""

    CONFIRMATION = "confirmation", "Confirmation"
    REQUESTED = "requested", "Waiting for approval"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    MOVED = "moved", "Moved"
    CANCELLED = "cancelled", "Cancelled"
    REMINDER = "reminder", "Reminder"
    FOLLOW_UP = "follow_up", "Follow-up"


class MailReason(models.TextChoices):
    """Why a mail that came in was not done as it says."""

    NONE = "", "Nothing against it"
    NO_CALENDAR = "no_calendar", "Written by a person"
    TOO_LARGE = "too_large", "Too large"
    MALFORMED = "malformed", "Cannot be read"
    METHOD = "method", "Cannot be done by mail"
    MISMATCH = "mismatch", "Says two things"
    COMPONENT = "component", "No event"
    COUNTER = "counter", "Proposes another time"
    UNKNOWN_ADDRESS = "unknown_address", "To no address of ours"
    UNKNOWN_EVENT = "unknown_event", "About no event of this address"
    WRONG_SENDER = "wrong_sender", "From somebody else"
    UNPROVEN = "unproven", "Failed the sender's check"
    NOT_INVITED = "not_invited", "From or for somebody who is not invited"
    DELEGATED = "delegated", "Handed on to somebody else"
    INSTANCE = "instance", "About one occurrence"
    FUTURE = "future", "Ahead of what was sent"


class MailOutcome(models.TextChoices):
    """What became of a mail that came in."""

    DONE = "done", "Done"
    NOTED = "noted", "Noted, changed nothing"
    REVIEW = "review", "To be looked at"
    DISMISSED = "dismissed", "Dismissed"


class Answer(models.TextChoices):
    """What somebody answered to an invitation."""

    ACCEPTED = "accepted", "Accepted"
    TENTATIVE = "tentative", "Maybe"
    DECLINED = "declined", "Declined"


class OnDecline(models.TextChoices):
    """What becomes of a meeting whose booker declines it in their calendar."""

    FLAG = "flag", "Tell the owner, who decides"
    FREE = "free", "Cancel it and free the time"


class InvitationState(models.TextChoices):
    """How an invitation from outside stands."""

    PENDING = "pending", "Waits for an answer"
    ACCEPTED = "accepted", "Accepted"
    TENTATIVE = "tentative", "Maybe"
    DECLINED = "declined", "Declined"
    CANCELLED = "cancelled", "Called off"


RESERVED_SLUGS = frozenset(
    {
        "abuse", "admin", "api", "accounts", "account", "billing", "book", "booking", "calendar",
        "cancel", "confirm", "done", "edit", "embed", "google", "health", "healthz", "readyz",
        "help", "login", "logout", "m", "mail", "manage", "meet", "meetings", "me", "meridian",
        "microsoft", "new", "null", "oauth", "operator", "outlook", "owner", "patients", "plans",
        "postmaster", "privacy", "report", "root", "security", "settings", "signin", "signup",
        "static", "status", "support", "team", "teams", "terms", "undefined", "verify",
        "workspace", "workspaces", "www", "zoom",
    }
)  # fmt: skip

"""Words of the log and the vault."""

from __future__ import annotations

from django.db import models


class Provider(models.TextChoices):
    """Provider names as they stand in URLs and data."""

    GOOGLE = "google", "Google"
    OUTLOOK = "outlook", "Microsoft Outlook"
    ICS = "ics", "Subscription"
    ZOOM = "zoom", "Zoom"
    LIVEKIT = "livekit", "LiveKit"
    CLOSE = "close", "Close"


class ConnectionState(models.TextChoices):
    ACTIVE = "active", "Active"
    RECONNECT_NEEDED = "reconnect_needed", "Reconnect needed"
    PAUSED = "paused", "Paused"


class Outcome(models.TextChoices):
    """What the vault answered."""

    GRANTED = "granted", "Granted"
    DENIED = "denied", "Denied"
    RECONNECT_NEEDED = "reconnect_needed", "Reconnect needed"
    MIRROR = "mirror", "From the mirror"


class ActorKind(models.TextChoices):
    USER = "user", "User"
    TASK = "task", "Task"
    PUBLIC_LINK = "public_link", "Public link"
    CLIENT = "client", "Client's person"


class AccessReason(models.TextChoices):
    """Why a token was used. One operation has one reason."""

    OAUTH_CONNECT = "oauth.connect", "Connect the account"
    OAUTH_REVOKE = "oauth.revoke", "Disconnect the account"
    TOKEN_REFRESH = "token.refresh", "Refresh the token"
    CALENDARS_LIST = "calendar.calendars.list", "List calendars"
    EVENTS_LIST = "calendar.events.list", "List events"
    EVENTS_SYNC = "calendar.events.sync", "Copy events into the mirror"
    EVENT_GET = "calendar.events.get", "Read an event"
    EVENT_CREATE = "calendar.events.create", "Create an event"
    EVENT_UPDATE = "calendar.events.update", "Change an event"
    EVENT_DELETE = "calendar.events.delete", "Delete an event"
    EVENT_RESPOND = "calendar.events.respond", "Answer an invitation"
    EVENT_MOVE = "calendar.events.move", "Move an event to another calendar"
    BUSY_READ = "calendar.busy.read", "Read busy times"
    BOOKING_CONFIRM = "booking.busy.confirm", "Check a slot before booking"
    BOOKING_EVENT_CREATE = "booking.events.create", "Create a meeting's event"
    BOOKING_EVENT_ERASE = "booking.events.erase", "Take an erased person out of an event"
    PERSON_ERASE = "booking.people.erase", "Erase a person"
    BOOKING_EVENT_UPDATE = "booking.events.update", "Change a meeting's event"
    BOOKING_EVENT_DELETE = "booking.events.delete", "Delete a meeting's event"
    FEED_CREATE = "booking.feeds.create", "Open a calendar feed"
    FEED_DELETE = "booking.feeds.delete", "Close a calendar feed"
    WATCH = "calendar.watch", "Ask for change notices"
    ZOOM_MEETING_CREATE = "zoom.meetings.create", "Create a Zoom meeting"
    ZOOM_MEETING_UPDATE = "zoom.meetings.update", "Change a Zoom meeting"
    ZOOM_MEETING_DELETE = "zoom.meetings.delete", "Delete a Zoom meeting"
    ZOOM_SWEEP = "zoom.meetings.sweep", "Look after Zoom meetings"
    CRM_LEAD_FIND = "crm.lead.find", "Look for a lead"
    CRM_LEAD_CREATE = "crm.lead.create", "Create a lead"
    CRM_CONTACT_CREATE = "crm.contact.create", "Add a contact to a lead"
    CRM_NOTE_WRITE = "crm.note.write", "Write a meeting's note on its lead"
    CRM_NOTE_DELETE = "crm.note.delete", "Delete an erased person's note"
    CRM_STATUS_LIST = "crm.status.list", "List lead statuses"
    CREDENTIAL_USE = "credential.use", "Use a workspace's key"
    VERIFY = "provider.verify", "Verify a provider"

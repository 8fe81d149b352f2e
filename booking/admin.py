"""The operators' view of links, meetings and the people who booked."""

from __future__ import annotations

from django.contrib import admin

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
from common.admin import ReadOnlyAdmin


@admin.register(BookingLink)
class BookingLinkAdmin(ReadOnlyAdmin):
    list_display = (
        "slug", "title", "workspace", "client", "user", "is_active", "is_private", "is_one_time",
        "seats", "ends_on",
    )  # fmt: skip
    list_filter = ("is_active", "is_private", "is_one_time", "degraded_mode")
    list_select_related = ("workspace", "client", "user")
    search_fields = ("=id", "slug", "title", "=workspace__id")


@admin.register(BookingName)
class BookingNameAdmin(ReadOnlyAdmin):
    list_display = ("slug", "workspace", "link", "client", "user", "is_current")
    list_filter = ("is_current",)
    list_select_related = ("workspace", "link", "client", "user")
    search_fields = ("slug", "=workspace__id")


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at", "workspace", "client", "user", "detail", "opened_by_name", "read_at",
        "closed_at",
    )  # fmt: skip
    hidden = frozenset({"token_hash", "edition"})
    list_filter = ("detail",)
    list_select_related = ("workspace", "client", "user")
    search_fields = ("=id", "=workspace__id")


class MeetingBaseAdmin(ReadOnlyAdmin):
    """What both tables of meetings share."""

    hidden = frozenset({"conference_url"})
    list_filter = ("state",)
    search_fields = ("=id", "booker_name", "booker_email", "=workspace__id", "=uid")
    ordering = ("-start_at",)


@admin.register(Meeting)
class MeetingAdmin(MeetingBaseAdmin):
    list_display = (
        "start_at", "title", "state", "booker_name", "client", "workspace", "confirmation_sent_at",
    )  # fmt: skip
    list_select_related = ("client", "workspace")


@admin.register(SalesMeeting)
class SalesMeetingAdmin(MeetingBaseAdmin):
    list_display = (
        "start_at", "title", "state", "booker_name", "user", "workspace", "confirmation_sent_at",
    )  # fmt: skip
    list_select_related = ("user", "workspace")


@admin.register(Contact)
class ContactAdmin(ReadOnlyAdmin):
    list_display = ("name", "email", "client", "workspace", "created_at")
    list_select_related = ("client", "workspace")
    search_fields = ("name", "email", "=workspace__id")


@admin.register(SalesProspect)
class SalesProspectAdmin(ReadOnlyAdmin):
    list_display = ("name", "email", "workspace", "created_at")
    list_select_related = ("workspace",)
    search_fields = ("name", "email", "=workspace__id")


@admin.register(MeetingChange)
class MeetingChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "by", "name", "owner_kind", "meeting_id", "workspace")
    list_filter = ("kind", "by", "owner_kind")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=meeting_id", "=workspace__id")
    ordering = ("-at",)


@admin.register(EmailCheck)
class EmailCheckAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "link", "email", "sent", "attempts", "verified_at")
    list_select_related = ("link",)
    search_fields = ("=id", "email", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(BookingBlock)
class BookingBlockAdmin(ReadOnlyAdmin):
    list_display = ("value", "kind", "workspace", "reason", "added_by", "created_at", "ends_on")
    list_filter = ("kind",)
    list_select_related = ("workspace",)
    search_fields = ("=id", "value", "=workspace__id")


@admin.register(BulkCancellation)
class BulkCancellationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "words", "workspace", "asked_by", "cancelled", "finished_at")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(PersonNote)
class PersonNoteAdmin(ReadOnlyAdmin):
    """That there is a note; what it says is for the workspace alone."""

    hidden = frozenset({"text"})
    list_display = ("created_at", "kind", "owner_kind", "person_id", "author_name", "workspace")
    list_filter = ("kind", "owner_kind")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=person_id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "workspace", "by_name", "owner_kind", "wiped_at", "finished_at")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=person_id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(ErasedAddress)
class ErasedAddressAdmin(ReadOnlyAdmin):
    hidden = frozenset({"address_hash"})
    list_display = ("erasure",)
    list_select_related = ("erasure",)
    search_fields = ("=erasure__id",)


@admin.register(CrmAccount)
class CrmAccountAdmin(ReadOnlyAdmin):
    list_display = (
        "organization_name", "workspace", "state", "key_tail", "kept_at", "last_good_at",
        "last_error_at",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("workspace",)
    search_fields = ("=id", "organization_name", "=workspace__id")


@admin.register(CrmLead)
class CrmLeadAdmin(ReadOnlyAdmin):
    list_display = ("email", "workspace", "state", "lead_remote_id", "asked_at", "created_at")
    list_filter = ("state",)
    list_select_related = ("workspace",)
    search_fields = ("=id", "email", "=lead_remote_id", "=workspace__id")


@admin.register(CrmNote)
class CrmNoteAdmin(ReadOnlyAdmin):
    list_display = ("meeting_id", "owner_kind", "workspace", "note_remote_id", "is_gone")
    list_filter = ("owner_kind", "is_gone")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=meeting_id", "=workspace__id")


@admin.register(MailStop)
class MailStopAdmin(ReadOnlyAdmin):
    hidden = frozenset({"address_hash"})
    list_display = ("created_at", "workspace")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(MailText)
class MailTextAdmin(ReadOnlyAdmin):
    list_display = ("kind", "language", "workspace", "updated_at")
    list_filter = ("kind", "language")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=workspace__id")


@admin.register(MailSender)
class MailSenderAdmin(ReadOnlyAdmin):
    list_display = ("name", "workspace", "updated_at")
    list_select_related = ("workspace",)
    search_fields = ("=id", "name", "=workspace__id")


@admin.register(MailTextChange)
class MailTextChangeAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "kind", "language", "by_name", "workspace")
    list_filter = ("kind", "language")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(MeetingAnswer)
class MeetingAnswerAdmin(ReadOnlyAdmin):
    hidden = frozenset({"comment"})
    list_display = ("received_at", "answer", "is_booker", "owner_kind", "meeting_id", "workspace")
    list_filter = ("answer", "is_booker")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=meeting_id", "=workspace__id")
    ordering = ("-received_at",)


@admin.register(InviteAddress)
class InviteAddressAdmin(ReadOnlyAdmin):
    """That there is one; the address itself is its owner's to show."""

    list_display = ("created_at", "workspace", "client", "user")
    list_select_related = ("workspace", "client", "user")
    search_fields = ("=id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(OutsideInvitation)
class OutsideInvitationAdmin(ReadOnlyAdmin):
    """How it stands; what it says is its owner's to read."""

    hidden = frozenset({"title", "location", "description"})
    list_display = ("received_at", "state", "start_at", "workspace", "client", "user", "note")
    list_filter = ("state",)
    list_select_related = ("workspace", "client", "user")
    search_fields = ("=id", "=workspace__id")
    ordering = ("-received_at",)


@admin.register(EarlyCancellation)
class EarlyCancellationAdmin(ReadOnlyAdmin):
    """That something was called off before its invitation came."""

    hidden = frozenset({"uid", "organizer", "sender"})
    list_display = ("received_at", "sequence", "is_proven", "workspace", "client", "user")
    list_select_related = ("workspace", "client", "user")
    search_fields = ("=id", "=mail_id", "=workspace__id")
    ordering = ("-received_at",)


@admin.register(IncomingMail)
class IncomingMailAdmin(ReadOnlyAdmin):
    """That a mail came and what became of it; also what reached nobody's address."""

    hidden = frozenset({"digest", "subject", "comment"})
    list_display = ("received_at", "outcome", "reason", "method", "sender", "words", "workspace")
    list_filter = ("outcome", "reason", "method")
    list_select_related = ("workspace",)
    search_fields = ("=id", "=meeting_id", "=workspace__id", "=message_id")
    ordering = ("-received_at",)

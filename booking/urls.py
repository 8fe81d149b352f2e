"""Addresses of booking pages."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from booking.views import (
    blocked,
    cancel_chosen,
    client_access,
    clients,
    crm,
    details,
    done,
    erasures,
    feed,
    feed_address,
    hand_over,
    inbound,
    incoming,
    invitations,
    invite_address,
    link_hours,
    links,
    mail_texts,
    manage,
    manage_guests,
    manage_move,
    meeting_changes,
    meeting_detail,
    meeting_figures,
    meeting_guests,
    meeting_move,
    meeting_new,
    meetings,
    owner_names,
    owner_page,
    people,
    person_changes,
    scheduling,
    stopping,
    undo,
    unsent,
    why,
)

app_name = "booking"

_MINE = "admin/sales/scheduling"
_CLIENT = "workspace/<uuid:client_id>"
_TEXT = "workspace/messages/<slug:kind>/<slug:language>"
_PERSON = "people/<uuid:person_id>"

# Staff. The source document fixes the first address of both groups.
_staff: list[URLPattern] = [
    path(_MINE, scheduling.my_scheduling, name="my_scheduling"),
    path(
        f"{_MINE}/",
        RedirectView.as_view(pattern_name="booking:my_scheduling", query_string=True),
        name="my_scheduling_slash",
    ),
    path(f"{_MINE}/hours", scheduling.my_hours, name="my_hours"),
    path(f"{_MINE}/calendars", scheduling.my_calendars, name="my_calendars"),
    path(f"{_MINE}/page", owner_names.my_page, name="my_page"),
    path(f"{_MINE}/feed", feed_address.my_feed, name="my_feed"),
    path(f"{_MINE}/invitations", invite_address.my_invites, name="my_invites"),
    path(f"{_MINE}/links/new", links.my_link_new, name="my_link_new"),
    path(f"{_CLIENT}/client-info", clients.client_info, name="client_info"),
    path(
        f"{_CLIENT}/client-info/",
        RedirectView.as_view(pattern_name="booking:client_info", query_string=True),
        name="client_info_slash",
    ),
    path(f"{_CLIENT}/edit", clients.client_edit, name="client_edit"),
    path(f"{_CLIENT}/hours", clients.client_hours, name="client_hours"),
    path(f"{_CLIENT}/calendars", clients.client_calendars, name="client_calendars"),
    path(f"{_CLIENT}/page", owner_names.client_page, name="client_page"),
    path(f"{_CLIENT}/feed", feed_address.client_feed, name="client_feed"),
    path(f"{_CLIENT}/invitations", invite_address.client_invites, name="client_invites"),
    path(f"{_CLIENT}/links/new", links.client_link_new, name="client_link_new"),
    path(f"{_CLIENT}/invitations/new", client_access.client_invite, name="client_invite"),
    path(
        f"{_CLIENT}/invitations/<uuid:invitation_id>/again",
        client_access.client_invite_again,
        name="client_invite_again",
    ),
    path(
        f"{_CLIENT}/invitations/<uuid:invitation_id>/revoke",
        client_access.client_revoke,
        name="client_revoke",
    ),
    path("links/<uuid:link_id>", links.link_edit, name="link_edit"),
    path("links/<uuid:link_id>/switch", links.link_switch, name="link_switch"),
    path("links/<uuid:link_id>/duplicate", links.link_duplicate, name="link_duplicate"),
    path("links/<uuid:link_id>/hours", link_hours.link_hours, name="link_hours"),
    path("links/<uuid:link_id>/share", links.link_share, name="link_share"),
    path("links/<uuid:link_id>/delete", links.link_delete, name="link_delete"),
    path("crm", crm.crm, name="crm"),
    path("crm/key", crm.crm_key, name="crm_key"),
    path("crm/key/forget", crm.crm_remove, name="crm_remove"),
    path("crm/statuses", crm.crm_statuses, name="crm_statuses"),
    path("crm/again", crm.crm_again, name="crm_again"),
    path("crm/again/<uuid:message_id>", crm.crm_again_one, name="crm_again_one"),
    path("crm/leads/<uuid:lead_id>/make", crm.crm_lead_make, name="crm_lead_make"),
    path("workspace/messages", mail_texts.mail_texts, name="mail_texts"),
    path(_TEXT, mail_texts.mail_text, name="mail_text"),
    path(f"{_TEXT}/preview", mail_texts.mail_text_preview, name="mail_text_preview"),
    path(f"{_TEXT}/reset", mail_texts.mail_text_reset, name="mail_text_reset"),
    path("people", people.people, name="people"),
    path("people/export", people.people_export, name="people_export"),
    path("people/new", person_changes.person_new, name="person_new"),
    path("people/erasures", erasures.erasures, name="erasures"),
    path("people/erasures/<uuid:erasure_id>/retry", erasures.erasure_retry, name="erasure_retry"),
    path(_PERSON, people.person, name="person"),
    path(f"{_PERSON}/data", erasures.person_data, name="person_data"),
    path(f"{_PERSON}/erase", erasures.person_erase, name="person_erase"),
    path(f"{_PERSON}/edit", person_changes.person_edit, name="person_edit"),
    path(f"{_PERSON}/merge", person_changes.person_merge, name="person_merge"),
    path(f"{_PERSON}/notes", people.note_new, name="person_note_new"),
    path(f"{_PERSON}/notes/<uuid:note_id>/delete", people.note_delete, name="person_note_delete"),
    path("links/<uuid:link_id>/why", why.link_why, name="link_why"),
    path("members/<uuid:membership_id>/hand-over", hand_over.hand_over, name="hand_over"),
    path("meetings", meetings.meetings, name="meetings"),
    path("meetings/new", meeting_new.meeting_new, name="meeting_new"),
    path("meetings/export.csv", meetings.meetings_export, name="meetings_export"),
    path("meetings/figures", meeting_figures.meeting_figures, name="meeting_figures"),
    path("meetings/cancel-chosen", cancel_chosen.cancel_chosen, name="cancel_chosen"),
    path("meetings/cancel-many", undo.bulk_cancel, name="bulk_cancel"),
    path("meetings/cancel-many/<uuid:run_id>", undo.bulk_run, name="bulk_run"),
    path("meetings/unsent", unsent.unsent_page, name="unsent"),
    path("meetings/invitations", invitations.invitations, name="invitations"),
    path(
        "meetings/invitations/<uuid:invitation_id>/answer",
        invitations.invitation_answer,
        name="invitation_answer",
    ),
    path("meetings/incoming", incoming.incoming, name="incoming"),
    path(
        "meetings/incoming/<uuid:mail_id>/dismiss",
        incoming.incoming_dismiss,
        name="incoming_dismiss",
    ),
    path("meetings/blocked", blocked.blocked, name="blocked"),
    path("meetings/blocked/<uuid:block_id>/delete", blocked.block_delete, name="block_delete"),
    path("meetings/<uuid:meeting_id>/block", blocked.meeting_block, name="meeting_block"),
    path("meetings/<uuid:meeting_id>", meeting_detail.meeting_detail, name="meeting_detail"),
    path(
        "meetings/<uuid:meeting_id>/approve",
        meeting_changes.meeting_approve,
        name="meeting_approve",
    ),
    path(
        "meetings/<uuid:meeting_id>/decline",
        meeting_changes.meeting_decline,
        name="meeting_decline",
    ),
    path(
        "meetings/<uuid:meeting_id>/cancel", meeting_changes.meeting_cancel, name="meeting_cancel"
    ),
    path("meetings/<uuid:meeting_id>/guests", meeting_guests.meeting_guests, name="meeting_guests"),
    path("meetings/<uuid:meeting_id>/move", meeting_move.meeting_move, name="meeting_move"),
    path(
        "meetings/<uuid:meeting_id>/no-show",
        meeting_changes.meeting_no_show,
        name="meeting_no_show",
    ),
    path(
        "meetings/<uuid:meeting_id>/hand-over",
        meeting_changes.meeting_reassign,
        name="meeting_reassign",
    ),
    path("meetings/<uuid:meeting_id>/join", meeting_detail.meeting_join, name="meeting_join"),
    path("meetings/<uuid:meeting_id>/link", meeting_detail.meeting_link, name="meeting_link"),
    path("meetings/<uuid:meeting_id>/send", meeting_detail.meeting_send, name="meeting_send"),
    path("meetings/<uuid:meeting_id>/keep", meeting_detail.meeting_keep, name="meeting_keep"),
    path("meetings/<uuid:meeting_id>/mail", meeting_detail.meeting_mail, name="meeting_mail"),
]

# Everybody.
_public: list[URLPattern] = [
    path("calendar/feed/<slug:token>.ics", feed.feed, name="feed"),
    path("book/<slug:slug>", owner_page.at_address, name="book"),
    path("book/<slug:slug>/new", details.book_details, name="book_details"),
    path("book/<slug:slug>/done/<slug:token>", done.book_done, name="book_done"),
    path("book/<slug:slug>/m/<slug:token>", manage.manage, name="manage"),
    path("book/<slug:slug>/m/<slug:token>/times", manage_move.manage_times, name="manage_times"),
    path("book/<slug:slug>/m/<slug:token>/move", manage_move.manage_move, name="manage_move"),
    path(
        "book/<slug:slug>/m/<slug:token>/guests", manage_guests.manage_guests, name="manage_guests"
    ),
    path("book/<slug:slug>/m/<slug:token>/cancel", manage.manage_cancel, name="manage_cancel"),
    path("book/<slug:slug>/done/<slug:token>/invite.ics", done.book_file, name="book_file"),
    path("mail/stop/<str:token>", stopping.mail_stop, name="mail_stop"),
]

# Mail services.
_hooks: list[URLPattern] = [
    path("anymail/resend/inbound/", inbound.resend_inbound, name="resend_inbound"),
]

urlpatterns: list[URLPattern] = [*_staff, *_public, *_hooks]

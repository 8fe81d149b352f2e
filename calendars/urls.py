"""Addresses of calendars pages."""

from __future__ import annotations

from django.urls import path

from calendars.views import (
    answering,
    calendar,
    changes,
    connections,
    event_change,
    events,
    hooks,
    hq,
    moving,
    oauth,
    people,
    rooms,
    search,
    sharing,
    subscriptions,
    tasks,
    workspace_zoom,
)

app_name = "calendars"

urlpatterns = [
    path("calendar", calendar.calendar, name="calendar"),
    path("calendar/search", search.search, name="search"),
    path("calendar/people", people.people, name="people"),
    path("calendar/shown", calendar.calendars_shown, name="calendars_shown"),
    path("calendar/events/new", events.event_new, name="event_new"),
    path("calendar/events/<uuid:event_id>", events.event_detail, name="event_detail"),
    path("calendar/events/<uuid:event_id>/edit", event_change.event_edit, name="event_edit"),
    path("calendar/events/<uuid:event_id>/delete", events.event_delete, name="event_delete"),
    path("calendar/events/<uuid:event_id>/respond", answering.event_respond, name="event_respond"),
    path("calendar/events/<uuid:event_id>/link", events.event_link, name="event_link"),
    path("calendar/events/<uuid:event_id>/join", rooms.event_join, name="event_join"),
    path("calendar/events/<uuid:event_id>/move", moving.event_move, name="event_move"),
    path("calendar/subscriptions/new", subscriptions.subscribe, name="subscribe"),
    path(
        "calendar/connections/<uuid:connection_id>/read",
        subscriptions.subscription_read,
        name="subscription_read",
    ),
    path("calendar/hq", hq.hq, name="hq"),
    path("workspace/headquarters", hq.headquarters, name="headquarters"),
    path("workspace/headquarters/leave", hq.headquarters_leave, name="headquarters_leave"),
    path(
        "workspace/headquarters/branches/<uuid:branch_id>/accept",
        hq.branch_accept,
        name="branch_accept",
    ),
    path("workspace/headquarters/branches/<uuid:branch_id>/end", hq.branch_end, name="branch_end"),
    path("calendar/tasks/new", tasks.task_new, name="task_new"),
    path("calendar/tasks/<uuid:task_id>/tick", tasks.task_tick, name="task_tick"),
    path("calendar/tasks/<uuid:task_id>/move", tasks.task_move, name="task_move"),
    path("calendar/tasks/<uuid:task_id>/delete", tasks.task_delete, name="task_delete"),
    path("calendar/connections", connections.connections, name="connections"),
    path("calendar/connections/zoom", workspace_zoom.workspace_zoom, name="workspace_zoom"),
    path(
        "calendar/connections/zoom/remove",
        workspace_zoom.workspace_zoom_remove,
        name="workspace_zoom_remove",
    ),
    path(
        "calendar/connections/zoom/use",
        workspace_zoom.workspace_zoom_use,
        name="workspace_zoom_use",
    ),
    path(
        "calendar/connections/<uuid:connection_id>",
        connections.disconnect_question,
        name="disconnect_question",
    ),
    path(
        "calendar/connections/<uuid:connection_id>/use",
        connections.use_instead,
        name="use_instead",
    ),
    path(
        "calendar/calendars/<uuid:calendar_id>/settings",
        connections.calendar_settings,
        name="calendar_settings",
    ),
    path(
        "calendar/calendars/<uuid:calendar_id>/booking",
        connections.set_booking,
        name="set_booking",
    ),
    path(
        "calendar/calendars/<uuid:calendar_id>/sharing",
        sharing.calendar_sharing,
        name="calendar_sharing",
    ),
    path("calendar/changes", changes.changes, name="changes"),
    path(
        "calendar/connections/<uuid:connection_id>/disconnect", oauth.disconnect, name="disconnect"
    ),
    path("hooks/google", hooks.google, name="hook_google"),
    path("hooks/microsoft", hooks.microsoft, name="hook_microsoft"),
    path("hooks/microsoft/lifecycle", hooks.microsoft, name="hook_microsoft_lifecycle"),
    path("oauth/<str:provider>/start", oauth.oauth_start, name="oauth_start"),
    path("oauth/<str:provider>/callback", oauth.oauth_callback, name="oauth_callback"),
]

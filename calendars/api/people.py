"""People over the API: whom a caller may mean by a few letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actors import user_actor
from calendars.api import people_examples as examples
from calendars.api.calling import (
    READ,
    READ_REFUSED,
    WORKSPACE,
    member_calling,
    query_of,
    session_key,
)
from calendars.api.drafts import StrictSerializer
from calendars.enums import Acquaintance
from calendars.people import FEWEST, LONGEST
from calendars.services.people import find_people

if TYPE_CHECKING:
    from rest_framework.request import Request


class PeopleQuery(StrictSerializer):
    """What was typed of a name or an address."""

    q = serializers.CharField(
        max_length=LONGEST,
        help_text=f"Letters of a name or an address; nobody is found for less than {FEWEST}.",
    )


class PersonOutput(serializers.Serializer[Any]):
    """Somebody to invite."""

    email = serializers.CharField()
    name = serializers.CharField(help_text="Blank when only the address is known.")
    kind = serializers.ChoiceField(
        choices=Acquaintance.choices, help_text="The closest way in which they are known."
    )
    organisation = serializers.CharField(help_text="The client they are with; blank when none.")


class PeopleView(APIView):
    """At most eight people of the workspace, the best fitting first.

    Members, clients' contacts, bookers, and guests of events that the caller sees in full.
    """

    @extend_schema(
        operation_id="people_find",
        parameters=[WORKSPACE, PeopleQuery],
        responses={200: PersonOutput(many=True), **READ_REFUSED},
        examples=examples.PEOPLE,
    )
    def get(self, request: Request) -> Response:
        membership = member_calling(request, READ)
        found = find_people(
            membership=membership,
            typed=query_of(request, PeopleQuery)["q"],
            actor=user_actor(request),
            session_key=session_key(request),
            now=timezone.now(),
        )
        return Response(
            [
                {
                    "email": one.email,
                    "name": one.name,
                    "kind": one.kind.value,
                    "organisation": one.organisation,
                }
                for one in found
            ]
        )

"""Who and what the demo shows: two teams, who watches them, clients, accounts, a week of events.

Everything is told relative to the week the demo is first started in.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ZONE = "Europe/Dublin"
PASSWORD = "meridian-demo"  # noqa: S105 -- printed on the demo's first page


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in."""

    email: str
    name: str
    role: str
    timezone: str = ZONE


@dataclass(frozen=True, slots=True)
class Appointment:
    """An event in a week: day 0 is Monday, hours are wall time in the account's zone.

    All-day when `hours` is None; `days` is then how many. `repeat` is an RRULE. An organizer's
    event and a guest's invitation to it have the same `uid`. `colour` and `kind` are the provider's
    own words. An event that ends in another zone has its last hour there.
    """

    title: str
    day: int
    hours: tuple[float, float] | None
    place: str = ""
    text: str = ""
    repeat: str = ""
    guests: tuple[str, ...] = ()
    days: int = 1
    has_link: bool = False
    is_busy: bool = True
    is_private: bool = False
    is_tentative: bool = False
    invited_by: str = ""
    response: str = ""
    uid: str = ""
    colour: str = ""
    kind: str = ""
    end_zone: str = ""


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """A calendar of an account; a blank name is the default one, shown as `shown_as` if given."""

    name: str
    appointments: tuple[Appointment, ...] = ()
    role: str = "owner"
    colour: str = ""
    shown_as: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a stand-in provider."""

    provider: str
    email: str
    name: str
    kind: str = "work"
    timezone: str = ZONE
    calendars: tuple[RemoteCalendar, ...] = field(default_factory=tuple)


AMARA = Person("amara@finchharbour.example", "Amara Okafor", "owner of Finch & Harbour (Standard)")
TOMAS = Person("tomas@finchharbour.example", "Tomás Quinn", "member of Finch & Harbour")
INES = Person("ines@larkfield.example", "Ines Duarte", "owner of Larkfield Clinic (Advanced)")
NOOR = Person("noor@larkfield.example", "Noor Haddad", "auditor of Larkfield Clinic")
NILS = Person(
    "nils@northgate.example",
    "Nils Berg",
    "owner of Northgate Group (Enterprise), the headquarters that watches Larkfield Clinic",
)
OPERATOR = Person("operator@meridian.example", "Operator", "Django admin at /admin/")
PEOPLE = (AMARA, TOMAS, INES, NOOR, NILS, OPERATOR)

_DAILY = "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
_WEEKLY = "RRULE:FREQ=WEEKLY"
# Ines's event and Amara's invitation to it: what Amara answers, Ines sees.
_JOINT = "waiting-list-joint-review@larkfield.example"

ACCOUNTS = (
    Account(
        "google",
        "amara@finchharbour.example",
        "Amara Okafor",
        calendars=(
            RemoteCalendar(
                "",
                (
                    Appointment("Lunch with Tomás", 0, (12, 12.75), "Fumbally", is_busy=False),
                    Appointment("Payroll sign-off", 0, (16.5, 17), repeat=_WEEKLY),
                    Appointment(
                        "Quarter numbers with Priya",
                        1,
                        (14, 14.75),
                        guests=("priya@ledger.example",),
                        has_link=True,
                    ),
                    Appointment("Reference call: Wells & Co", 1, (15, 15.5)),
                    Appointment("Swim", 2, (8, 8.75), repeat=_WEEKLY, is_private=True, colour="7"),
                    Appointment("Invoice run", 2, None, repeat=_WEEKLY, is_busy=False),
                    Appointment(
                        "Kick-off: Osprey Rail",
                        3,
                        (14.5, 15.5),
                        text="<p><b>Agenda</b></p><ul><li>scope</li><li>people</li>"
                        '<li>first two weeks, <a href="https://ospreyrail.example/plan">the plan'
                        "</a></li></ul>",
                        guests=("kim@ospreyrail.example", "lee@ospreyrail.example"),
                        has_link=True,
                    ),
                    Appointment("Write the Osprey brief", 2, (9.5, 11.5), kind="focusTime"),
                    Appointment(
                        "Dublin to Madrid", 5, (10, 13.75), end_zone="Europe/Madrid", colour="1"
                    ),
                    Appointment("Out of office", 4, (13, 14.25), kind="outOfOffice"),
                    Appointment("1:1 Tomás", 3, (16, 16.5), repeat=_WEEKLY),
                    Appointment("Proposal: Harbour light", 4, (10, 12), is_private=True),
                    Appointment("Plan the week", 6, (18, 18.5), repeat=_WEEKLY),
                ),
                colour="#4986e7",
                shown_as="Amara Okafor",
            ),
            RemoteCalendar(
                "Studio",
                (
                    Appointment("Studio stand-up", 0, (9, 9.5), repeat=_DAILY, has_link=True),
                    Appointment("Design review: booking page", 1, (10, 11.5), has_link=True),
                    Appointment("Pitch prep: Osprey Rail", 1, (16, 17), "Studio table"),
                    Appointment(
                        "Studio crit",
                        2,
                        (17, 18),
                        invited_by="tomas@finchharbour.example",
                        response="needsAction",
                    ),
                    Appointment("Osprey Rail, Cork", 3, None, days=2),
                    Appointment("Retro", 4, (14.5, 15.25), is_tentative=True),
                ),
                colour="#16a765",
            ),
            RemoteCalendar(
                "Holidays in Ireland",
                (Appointment("Bank holiday", 7, None, is_busy=False),),
                role="reader",
                colour="#c2c2c2",
            ),
        ),
    ),
    Account(
        "google",
        "tomas@finchharbour.example",
        "Tomás Quinn",
        calendars=(
            RemoteCalendar(
                "",
                (
                    Appointment("Studio stand-up", 0, (9, 9.5), repeat=_DAILY),
                    Appointment("Print proofs", 1, (10, 11.5), repeat=_WEEKLY),
                    Appointment("Studio crit", 2, (17, 18)),
                    Appointment("1:1 Amara", 3, (16, 16.5), repeat=_WEEKLY),
                    Appointment("Physio", 4, (10.5, 11.5), repeat=_WEEKLY, is_private=True),
                ),
                colour="#8e24aa",
                shown_as="Tomás Quinn",
            ),
        ),
    ),
    Account(
        "microsoft",
        "a.okafor@larkfieldgroup.example",
        "Amara Okafor",
        calendars=(
            RemoteCalendar(
                "",
                (
                    Appointment("Intake review, autumn list", 0, (9.5, 11), "Larkfield, room 4"),
                    Appointment("Board pre-read", 0, (15, 16)),
                    Appointment("December rota", 2, (10, 11), has_link=True),
                    Appointment("Fee schedule", 2, (14, 15), "Northgate"),
                    Appointment("Pharmacy contract", 3, (16.5, 17.5), is_tentative=True),
                    Appointment("Audit walkthrough", 4, (16, 17), has_link=True),
                    Appointment(
                        "Waiting list, joint review",
                        3,
                        (11, 12),
                        "Larkfield, room 2",
                        text="Bring the autumn list and the two transfers from Northgate.",
                        invited_by="ines@larkfield.example",
                        response="needsAction",
                        uid=_JOINT,
                    ),
                    Appointment("At Northgate all day", 1, None, kind="workingElsewhere"),
                    Appointment("Ines on leave", 0, None, days=3, is_busy=False),
                    Appointment("Open day at Larkfield", 5, (10, 13), "Main hall"),
                ),
                colour="#b5179e",
                shown_as="Larkfield",
            ),
        ),
    ),
    Account(
        "google",
        "studio@ospreyrail.example",
        "Osprey Rail desk",
        calendars=(
            RemoteCalendar(
                "",
                (
                    Appointment("Timetable board", 1, (9, 10.5), "Heuston", repeat=_WEEKLY),
                    Appointment("Site visit", 3, (13, 15)),
                    Appointment("Signal works", 4, (11, 12)),
                ),
                colour="#f4511e",
                shown_as="Osprey Rail desk",
            ),
        ),
    ),
    Account(
        "google",
        "desk@larkfielddental.example",
        "Larkfield Dental desk",
        calendars=(
            RemoteCalendar(
                "",
                (
                    Appointment("Recall list", 0, (10, 11.5), "Front desk", repeat=_WEEKLY),
                    Appointment("Hygienist: room 3", 1, (9, 12.5), repeat=_WEEKLY),
                    Appointment("Lab pick-up", 3, (16, 16.25)),
                    Appointment("Staff review", 4, (9, 10), is_private=True),
                ),
                colour="#039be5",
                shown_as="Larkfield Dental desk",
            ),
        ),
    ),
    Account(
        "microsoft",
        "ines@larkfield.example",
        "Ines Duarte",
        calendars=(
            RemoteCalendar(
                "",
                (
                    Appointment("Ward round", 0, (8.5, 9.5), repeat=_DAILY),
                    Appointment("Supervision: Yuki", 1, (15, 16), "Room 2", has_link=True),
                    Appointment("Autumn list", 2, (11, 12)),
                    Appointment("Rota call", 4, (13, 13.5), has_link=True),
                    Appointment(
                        "Waiting list, joint review",
                        3,
                        (11, 12),
                        "Larkfield, room 2",
                        guests=("a.okafor@larkfieldgroup.example",),
                        uid=_JOINT,
                    ),
                ),
                colour="#8764b8",
            ),
            RemoteCalendar(
                "Treatment rooms",
                (
                    Appointment("Room 2: J.M., speech", 0, (13.5, 15), repeat=_WEEKLY),
                    Appointment("Room 1: A.K., OT", 1, (13, 14), repeat=_WEEKLY),
                    Appointment("Room 2: L.P., speech", 2, (13.5, 14.5), repeat=_WEEKLY),
                    Appointment("Room 1 closed", 4, None),
                ),
                colour="#ca5010",
            ),
        ),
    ),
    Account(
        "google",
        "amara.studio@gmail.example",
        "Amara at home",
        kind="personal",
        calendars=(
            RemoteCalendar(
                "",
                (
                    Appointment("Choir", 1, (19, 21), "St Finian's", repeat=_WEEKLY),
                    Appointment("Dentist", 3, (8, 8.5)),
                    Appointment("Farmers' market", 5, (9, 10)),
                ),
                colour="#f6bf26",
                shown_as="Home",
            ),
        ),
    ),
    Account(
        "microsoft",
        "amara.okafor@outlook.example",
        "Amara Okafor",
        kind="personal",
        calendars=(
            RemoteCalendar(
                "",
                (
                    Appointment("Book club", 2, (19.5, 21)),
                    Appointment("Sam's birthday", 5, None),
                ),
                colour="#00b7c3",
            ),
        ),
    ),
    Account("zoom", "ines@larkfield.example", "Ines Duarte"),
)

UNCONNECTED = (
    ("Google", "amara.studio@gmail.example", "a personal Google account"),
    (
        "Outlook",
        "amara.okafor@outlook.example",
        "a personal Outlook account: Teams may give no link",
    ),
)

"""Contacts and prospects as staff keep them: made by hand, changed, noted on, merged."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from booking.booker import clean_email, clean_name, clean_phone, clean_zone
from booking.enums import NoteKind
from booking.models import Erasure, PersonNote
from booking.models.people import MAX_NOTE
from booking.owners import tables_of, tables_of_person
from booking.plain import plain_text
from booking.services.crm_leads import carry_lead
from common.errors import Conflict, InvalidInput, NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from booking.models import PersonBase
    from booking.owners import BookingTables
    from workspaces.models import User
    from workspaces.owners import Owner


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """What is kept of somebody; zone (IANA) and language may be unknown."""

    name: str
    email: str
    phone: str = ""
    timezone: str = ""
    language: str = ""

    def cleaned(self) -> PersonDetails:
        """The same with spaces trimmed. Raises InvalidInput naming the field."""
        return PersonDetails(
            name=clean_name(self.name),
            email=clean_email(self.email).lower(),
            phone=clean_phone(self.phone),
            timezone=clean_zone(self.timezone, "timezone") if self.timezone else "",
            language=self.language,
        )


def add_person(*, owner: Owner, details: PersonDetails) -> PersonBase:
    """Keep somebody who has not booked yet, as a contact of the client or as a prospect.

    Raises InvalidInput naming the field, `email` when somebody there has the address.
    """
    tables, cleaned = tables_of(owner.kind), details.cleaned()
    scope = tables.person_values(owner)
    _refuse_known(tables, scope, cleaned.email)
    try:
        with transaction.atomic():
            made: PersonBase = tables.person._default_manager.create(**scope, **asdict(cleaned))
    except IntegrityError:
        _refuse_known(tables, scope, cleaned.email)
        raise
    return made


def change_person(*, person: PersonBase, details: PersonDetails) -> None:
    """Keep what staff corrected; what they typed for a meeting stays with that meeting.

    Raises InvalidInput naming the field, `email` when somebody else there has the address.
    """
    tables, cleaned = tables_of_person(person), details.cleaned()
    _refuse_known(tables, tables.scope_of(person), cleaned.email, but=person.pk)
    try:
        with transaction.atomic():
            was = person.email
            _set(person, cleaned)
            carry_lead(person.workspace_id, [was], cleaned.email)
    except IntegrityError:
        _refuse_known(tables, tables.scope_of(person), cleaned.email, but=person.pk)
        raise


def add_note(*, person: PersonBase, text: str, author: User) -> PersonNote:
    """Write something about somebody, for staff only. Raises InvalidInput naming `text`."""
    cleaned = plain_text(text, "text", MAX_NOTE)
    if not cleaned:
        raise InvalidInput("text", "Write the note first.")
    return _note(person, cleaned, author)


def delete_note(*, person: PersonBase, note_id: UUID) -> None:
    """Take a note away; one that is gone already is done."""
    PersonNote.objects.filter(
        workspace=person.workspace_id, person_id=person.pk, pk=note_id, kind=NoteKind.WRITTEN
    ).delete()


def merge_people(
    *, keep: PersonBase, other_id: UUID, details: PersonDetails, author: User
) -> PersonBase:
    """Make two records of one person one, with these details; the other row is gone.

    Its meetings and notes move, a note tells of it. What was merged already stays as it is. Both
    are of one scope: a client's contacts, or the workspace's prospects. Raises NotFound for
    somebody of another one, Conflict when `keep` is gone, and InvalidInput naming the field.
    """
    tables, cleaned = tables_of_person(keep), details.cleaned()
    scope = tables.scope_of(keep)
    merged = PersonNote.objects.filter(person_id=keep.pk, merged_person_id=other_id)
    with transaction.atomic():
        rows = tables.person._default_manager.select_for_update().filter(
            pk__in=[keep.pk, other_id], **scope
        )
        found = {row.pk: row for row in rows.order_by("pk")}
        if keep.pk not in found:
            raise Conflict("This person was merged or erased meanwhile.")
        kept: Any = found[keep.pk]
        if other_id not in found or other_id == keep.pk:
            if merged.exists():
                return keep
            raise NotFound
        other: Any = found[other_id]
        if Erasure.objects.filter(person_id__in=list(found)).exists():
            raise Conflict("One of the two is being erased.")
        moved = tables.meeting._default_manager.filter(**{tables.person_column: other})
        number = moved.update(**{tables.person_column: kept})
        PersonNote.objects.filter(person_id=other.pk).update(person_id=kept.pk)
        addresses = [kept.email, other.email]
        # The address may be the one that is kept.
        other.delete()
        _refuse_known(tables, scope, cleaned.email, but=kept.pk)
        _set(kept, cleaned)
        carry_lead(kept.workspace_id, addresses, cleaned.email)
        _note(kept, _merge_words(other, number), author, merged_id=other_id)
    return keep


def _merge_words(other: PersonBase, meetings: int) -> str:
    number = "1 meeting" if meetings == 1 else f"{meetings} meetings"
    return f"Merged with {other.name}, {other.email}: {number} moved here."


def _set(person: PersonBase, details: PersonDetails) -> None:
    values = asdict(details)
    for name, value in values.items():
        setattr(person, name, value)
    person.save(update_fields=[*values, "updated_at"])


def _note(
    person: PersonBase, text: str, author: User, *, merged_id: UUID | None = None
) -> PersonNote:
    return PersonNote.objects.create(
        workspace_id=person.workspace_id,
        owner_kind=tables_of_person(person).kind,
        person_id=person.pk,
        kind=NoteKind.MERGED if merged_id else NoteKind.WRITTEN,
        text=text,
        author=author,
        author_name=author.get_full_name(),
        merged_person_id=merged_id,
    )


def _refuse_known(
    tables: BookingTables, scope: dict[str, Any], email: str, *, but: UUID | None = None
) -> None:
    rows = tables.person._default_manager.alias(folded=Lower("email"))
    rows = rows.filter(folded=email, **scope)
    known = (rows.exclude(pk=but) if but else rows).first()
    if known is not None:
        raise InvalidInput(
            "email", f"{known.name} has this address already. Open that {tables.person_word}."
        )

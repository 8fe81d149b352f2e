"""Addresses below `/book/`: claimed, given up, and kept as a way to what moved on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q
from django.db.models.functions import Lower

from booking.models import BookingLink, BookingName
from booking.slugs import clean_slug, likeness, slug_of
from common.errors import InvalidInput

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from workspaces.models import Workspace
    from workspaces.owners import Owner


def name_link(link: BookingLink) -> None:
    """Give the link the address that its row says, within the caller's transaction.

    The former one leads there until somebody takes it; one of an unlisted link leads nowhere,
    because who changes that wants it unknown. Raises InvalidInput naming `slug`.
    """
    _claim(Q(link=link), link.workspace, link.slug.lower(), {"link_id": link.pk})
    if link.is_private or link.is_one_time:
        BookingName.objects.filter(link=link, is_current=False).delete()


def name_owner(*, owner: Owner, slug: str) -> str:
    """Give the owner's page this address, blank for none; the address as it is kept.

    Raises InvalidInput naming `slug`.
    """
    mine = Q(workspace=owner.workspace) & owner.filter_for()
    if not slug.strip():
        BookingName.objects.filter(mine).delete()
        return ""
    wanted = clean_slug(slug)
    with transaction.atomic():
        _claim(mine, owner.workspace, wanted, {f"{owner.kind.value}_id": owner.id})
    return wanted


def suggest_slug(words: str) -> str:
    """A free address made of the words, for a form's first showing."""
    stem = slug_of(words)
    slug, number = stem, 1
    while is_taken(slug):
        number += 1
        slug = f"{stem}-{number}"
    return slug


def is_taken(slug: str, *, link: BookingLink | None = None) -> bool:
    """Whether the address, or one that looks like it, names something else than the link now."""
    rows = BookingName.objects.filter(likeness=likeness(slug), is_current=True)
    if link is not None:
        rows = rows.exclude(link=link)
    return rows.exists() or _links_named(slug, None if link is None else link.pk).exists()


def taken() -> InvalidInput:
    """The refusal of an address that somebody has."""
    return InvalidInput("slug", "This address is taken, or looks like one that is. Choose another.")


def _claim(mine: Q, workspace: Workspace, slug: str, whose: dict[str, UUID]) -> None:
    """Make it the one current address of what `mine` finds."""
    if _links_named(slug, whose.get("link_id")).exists():
        raise taken()
    try:
        with transaction.atomic():
            current = BookingName.objects.filter(mine, is_current=True)
            if current.filter(slug=slug).exists():
                return
            current.update(is_current=False)
            # A former address is anybody's.
            BookingName.objects.filter(likeness=likeness(slug), is_current=False).delete()
            BookingName.objects.create(
                slug=slug, likeness=likeness(slug), workspace=workspace, **whose
            )
    except (IntegrityError, OperationalError) as error:
        # Two people can ask for one address at the same moment, or each for the other's; the
        # constraint decides.
        raise taken() from error


def _links_named(slug: str, but: UUID | None) -> QuerySet[BookingLink]:
    rows = BookingLink.objects.alias(folded=Lower("slug")).filter(folded=slug.lower())
    return rows if but is None else rows.exclude(pk=but)

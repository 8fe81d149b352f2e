"""What bookers and owners were told before it was kept with the meeting."""

from django.db import migrations

_OWNERS = {"meeting": "client_id", "salesmeeting": "user_id"}


def note_known(apps, schema_editor):
    for name, owner in _OWNERS.items():
        rows = apps.get_model("booking", name).objects.filter(
            confirmation_sent_at__isnull=False, told={}
        )
        for meeting in rows.iterator():
            known = {
                "sequence": meeting.sequence,
                "state": meeting.state,
                "start_at": meeting.start_at.isoformat(),
                "end_at": meeting.end_at.isoformat(),
                "link": meeting.conference_url,
                "has_file": meeting.state != "requested",
                "organizer": "",
                "is_parted": False,
            }
            meeting.told = {"booker": known}
            if meeting.notice_sent_at is not None:
                meeting.told[f"owner:{getattr(meeting, owner)}"] = {**known, "has_file": False}
            meeting.save(update_fields=["told"])


class Migration(migrations.Migration):
    dependencies = [("booking", "0009_clashes")]

    operations = [migrations.RunPython(note_known, migrations.RunPython.noop)]

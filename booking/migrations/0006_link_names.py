"""Every link's address, in the table that keeps addresses apart."""

from django.db import migrations

ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l"})


def name_links(apps, schema_editor):
    links = apps.get_model("booking", "BookingLink").objects.order_by("created_at")
    names = apps.get_model("booking", "BookingName").objects
    taken = set()
    for pk, workspace_id, raw in links.values_list("pk", "workspace_id", "slug").iterator():
        slug = raw.lower()
        likeness = slug.translate(ALIKE).replace("rn", "m").replace("vv", "w")
        if likeness in taken:
            # Two that were had before eyes were spared: both stay, the later one as itself.
            likeness = f"={slug}"
        taken.add(likeness)
        names.create(slug=slug, likeness=likeness, workspace_id=workspace_id, link_id=pk)


class Migration(migrations.Migration):

    dependencies = [("booking", "0005_link_options")]

    operations = [migrations.RunPython(name_links, migrations.RunPython.noop)]

from django.db import migrations, models


class Migration(migrations.Migration):
    """Processes that have not been started anew write rows without this column meanwhile."""

    dependencies = [
        ('common', '0007_mail_outrun'),
    ]

    operations = [
        migrations.AlterField(
            model_name='outboxmessage',
            name='lost',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]

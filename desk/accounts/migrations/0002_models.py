from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="access",
            options={
                "default_permissions": (),
                "managed": False,
                "permissions": (
                    ("view_transcripts", "reads conversations"),
                    ("review", "marks, tags and notes"),
                    ("reveal", "sees names and phone numbers, with a reason"),
                    ("export", "takes conversations out, with a reason"),
                    ("handle", "answers borrowers"),
                    ("override", "takes a conversation from a colleague"),
                    ("decide", "decides on requests of borrowers"),
                    ("teach", "labels messages for the model"),
                    ("models", "trains models and lets one answer"),
                    ("figures", "sees figures"),
                    ("audit", "reads the audit log"),
                    ("accounts", "makes accounts and gives roles"),
                    ("legal_hold", "keeps a conversation from being erased"),
                ),
            },
        ),
    ]

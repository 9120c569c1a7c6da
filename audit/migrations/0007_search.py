"""The search: what entries are found by, and saved filters."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import audit.ids

# `audit.search.grams.grams` in SQL, with repetitions; a test holds the two together. The characters
# come as an array, because substr counts a long text from its beginning again and again.
GRAMS = """
CREATE FUNCTION cjk_grams(value text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    one text[] := string_to_array(value, NULL);
BEGIN
    RETURN one || ARRAY(
        SELECT a || b FROM unnest(one, one[2:]) AS pair(a, b) WHERE b IS NOT NULL
    );
END $$;
"""

# No pending list: a search looks into the index once for each block, and would read it each time.
INDEX = """
CREATE INDEX searched_by_gram ON audit_searched
    USING gin ((cjk_grams(text) || tags)) WITH (fastupdate = off);
"""

# Who erases an opening takes its words out of the search before the erasure is committed. The lock
# is the follower's, too (`audit.search.follower.LOCK`): it must not be writing down, from what it
# read a moment ago, the words that are being erased.
ERASING = """
CREATE FUNCTION audit_forget_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(5303);
    WITH forgotten AS (
        DELETE FROM audit_searched WHERE entry_id IN (
            SELECT one.entry_id FROM gone JOIN audit_searched AS one
                ON one.openings @> ARRAY[gone.commitment]
                AND one.organisation = gone.organisation
        ) RETURNING entry_id, organisation
    )
    INSERT INTO audit_searchagain (entry_id, organisation)
    SELECT entry_id, organisation FROM forgotten ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_opening_forget AFTER DELETE ON audit_opening
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION audit_forget_words();
ALTER TABLE audit_opening ENABLE ALWAYS TRIGGER audit_opening_forget;
"""
NOT_ERASING = """
DROP TRIGGER audit_opening_forget ON audit_opening;
DROP FUNCTION audit_forget_words();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0006_erasures"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchAgain",
            fields=[
                ("entry_id", models.UUIDField(primary_key=True, serialize=False)),
                ("organisation", models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name="SearchCursor",
            fields=[
                ("organisation", models.UUIDField(primary_key=True, serialize=False)),
                ("next_index", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organisation", models.UUIDField()),
                ("owner", models.CharField(max_length=80)),
                ("name", models.CharField(max_length=60)),
                ("asked", models.JSONField()),
                ("is_shared", models.BooleanField(default=False)),
                ("saved_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "owner", "name"), name="saved_filter_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SearchBlock",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organisation", models.UUIDField()),
                ("number", models.PositiveBigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "number"), name="search_block_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Searched",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="searched",
                        serialize=False,
                        to="audit.entry",
                    ),
                ),
                ("organisation", models.UUIDField()),
                ("leaf_index", models.PositiveBigIntegerField()),
                ("at", models.DateTimeField()),
                ("text", models.TextField()),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                (
                    "openings",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BinaryField(max_length=32), size=None
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["openings"], name="searched_by_opening"
                    )
                ],
            },
        ),
        migrations.RunSQL(GRAMS, "DROP FUNCTION cjk_grams(text)"),
        migrations.RunSQL(INDEX, "DROP INDEX searched_by_gram"),
        migrations.RunSQL(ERASING, NOT_ERASING),
    ]

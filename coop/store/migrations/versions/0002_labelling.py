"""The labelling tool: tasks, their classes, the catalogue of pictures, the queue, dataset versions, logins.

There is no way down: put back a backup instead.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from coop.store.columns import UTCDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made", UTCDateTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("classes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("about", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("task", "version", name=op.f("pk_datasets")),
    )
    op.create_table(
        "label_leases",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task", "visit", name=op.f("pk_label_leases")),
    )
    op.create_table(
        "logins",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("disabled", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_logins")),
    )
    op.create_table(
        "task_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_changes")),
    )
    with op.batch_alter_table("task_changes") as batch_op:
        batch_op.create_index(batch_op.f("ix_task_changes_task"), ["task"], unique=False)

    op.create_table(
        "tasks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("pictures", sa.String(), nullable=True),
        sa.Column("daemon", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tasks")),
    )
    op.create_table(
        "catalogue",
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("grouping", sa.String(), nullable=True),
        sa.Column("day", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phash", sa.BigInteger(), nullable=False),
        sa.Column("brightness", sa.Double(), nullable=False),
        sa.Column("contrast", sa.Double(), nullable=False),
        sa.Column("sharpness", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["picture"], ["pictures.key"], name=op.f("fk_catalogue_picture")),
        sa.PrimaryKeyConstraint("picture", name=op.f("pk_catalogue")),
    )
    with op.batch_alter_table("catalogue") as batch_op:
        batch_op.create_index(batch_op.f("ix_catalogue_day"), ["day"], unique=False)
        batch_op.create_index(batch_op.f("ix_catalogue_source"), ["source"], unique=False)
        batch_op.create_index(batch_op.f("ix_catalogue_visit"), ["visit"], unique=False)

    op.create_table(
        "clusters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("made", UTCDateTime(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("ended", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name=op.f("fk_clusters_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clusters")),
    )
    with op.batch_alter_table("clusters") as batch_op:
        batch_op.create_index(batch_op.f("ix_clusters_task"), ["task"], unique=False)

    op.create_table(
        "dataset_items",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("grouping", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["picture"], ["pictures.key"], name=op.f("fk_dataset_items_picture")),
        sa.ForeignKeyConstraint(
            ["task", "version"],
            ["datasets.task", "datasets.version"],
            name=op.f("fk_dataset_items_task_version"),
        ),
        sa.PrimaryKeyConstraint("task", "version", "picture", name=op.f("pk_dataset_items")),
    )
    with op.batch_alter_table("dataset_items") as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_items_picture"), ["picture"], unique=False)

    op.create_table(
        "login_tokens",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("made", UTCDateTime(), nullable=False),
        sa.Column("expires", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["login"], ["logins.name"], name=op.f("fk_login_tokens_login")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_login_tokens")),
    )
    with op.batch_alter_table("login_tokens") as batch_op:
        batch_op.create_index(batch_op.f("ix_login_tokens_login"), ["login"], unique=False)

    op.create_table(
        "suggestions",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=False),
        sa.Column("runner_up", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["picture"], ["pictures.key"], name=op.f("fk_suggestions_picture")),
        sa.PrimaryKeyConstraint("task", "picture", name=op.f("pk_suggestions")),
    )
    with op.batch_alter_table("suggestions") as batch_op:
        batch_op.create_index(batch_op.f("ix_suggestions_picture"), ["picture"], unique=False)
        batch_op.create_index(batch_op.f("ix_suggestions_task_value"), ["task", "value"], unique=False)

    op.create_table(
        "task_classes",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("examples", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("retired", UTCDateTime(), nullable=True),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name=op.f("fk_task_classes_task")),
        sa.PrimaryKeyConstraint("task", "code", name=op.f("pk_task_classes")),
    )
    op.create_table(
        "task_visits",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("began", UTCDateTime(), nullable=False),
        sa.Column("pictures", sa.Integer(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Double(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.name"], name=op.f("fk_task_visits_task")),
        sa.PrimaryKeyConstraint("task", "visit", name=op.f("pk_task_visits")),
    )
    with op.batch_alter_table("task_visits") as batch_op:
        batch_op.create_index(
            "ix_task_visits_waiting",
            ["task", "turn", "began", "visit"],
            sqlite_where=sa.text("open > 0"),
            postgresql_where=sa.text("open > 0"),
        )
        batch_op.create_index(batch_op.f("ix_task_visits_visit"), ["visit"], unique=False)

    op.create_table(
        "cluster_pictures",
        sa.Column("cluster", sa.Integer(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("distance", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["cluster"], ["clusters.id"], name=op.f("fk_cluster_pictures_cluster")),
        sa.ForeignKeyConstraint(["picture"], ["pictures.key"], name=op.f("fk_cluster_pictures_picture")),
        sa.PrimaryKeyConstraint("cluster", "picture", name=op.f("pk_cluster_pictures")),
    )
    with op.batch_alter_table("cluster_pictures") as batch_op:
        batch_op.create_index(batch_op.f("ix_cluster_pictures_picture"), ["picture"], unique=False)

    op.create_table(
        "current_labels",
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("label", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["label"], ["labels.id"], name=op.f("fk_current_labels_label")),
        sa.ForeignKeyConstraint(["picture"], ["pictures.key"], name=op.f("fk_current_labels_picture")),
        sa.PrimaryKeyConstraint("task", "picture", name=op.f("pk_current_labels")),
    )
    with op.batch_alter_table("current_labels") as batch_op:
        batch_op.create_index(batch_op.f("ix_current_labels_picture"), ["picture"], unique=False)
        batch_op.create_index(batch_op.f("ix_current_labels_task_value"), ["task", "value"], unique=False)

    with op.batch_alter_table("labels") as batch_op:
        batch_op.add_column(sa.Column("suggestion", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("took_ms", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("undoes", sa.String(), nullable=True))
        batch_op.create_index(batch_op.f("ix_labels_batch"), ["batch"], unique=False)

    with op.batch_alter_table("pictures") as batch_op:
        batch_op.create_index(batch_op.f("ix_pictures_sha256"), ["sha256"], unique=False)
    # The newest label of each picture and task was not kept by itself until now.
    op.execute(
        "INSERT INTO current_labels (task, picture, label, value, who, at) "
        "SELECT task, picture, id, value, who, at FROM labels WHERE id IN "
        "(SELECT max(id) FROM labels GROUP BY task, picture)"
    )

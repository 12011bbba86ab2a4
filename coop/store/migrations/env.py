"""What Alembic runs: `coop.store.schema.migrate` hands it a connection that is already in a transaction."""

from alembic import context

from coop.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite can roll back changes of tables when the driver lets it, and ours does.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()

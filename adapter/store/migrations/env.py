"""Alembic's entry: migrates over the connection that `adapter.store.migrate` hands in, in its transaction."""

from alembic import context

from adapter.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

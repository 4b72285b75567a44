"""To remove a row the database looks for what refers to it: each reference to what is ever removed has an index."""

from adapter.store.tables.base import metadata

KEPT = {"patient", "delivery", "stream", "task", "resource", "feed_stay", "cutover_run"}
"""Tables of which no row is ever removed."""


def leading(table):
    """Columns by which rows are found at once. An index of some rows is of use where all but the nulls are in it."""
    yield next(iter(table.primary_key.columns)).name
    for index in table.indexes:
        name = next(iter(index.columns)).name
        if str(index.dialect_options["sqlite"]["where"]) in ("None", f"{name} IS NOT NULL"):
            yield name
    for constraint in table.constraints:
        if constraint.__class__.__name__ == "UniqueConstraint":
            yield next(iter(constraint.columns)).name


def test_what_refers_to_what_is_removed_has_an_index():
    bare = {
        f"{table.name}.{key.parent.name} -> {key.column.table.name}"
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name not in KEPT and key.parent.name not in set(leading(table))
    }
    assert bare == set()

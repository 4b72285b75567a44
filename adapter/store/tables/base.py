"""What every table shares: the metadata with its names of constraints, ids, instants and foreign keys."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String
from sqlalchemy.ext.compiler import compiles

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
Instant = BigInteger


def identity() -> Column[int]:
    """The primary key: a number given by the database."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def refers(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    """A column that holds the id of a row of `target`."""
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable)


@compiles(String, "postgresql")
def _unbounded(_type: String, _compiler: Any, **_: Any) -> str:
    """The length of a column tells what is expected in it. SQLite does not enforce it, and PostgreSQL shall not either:
    an odd value must not undo the transaction that takes a message in."""
    return "VARCHAR"

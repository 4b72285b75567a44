"""What every table shares: the metadata with its names of constraints, ids, instants and foreign keys."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData

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

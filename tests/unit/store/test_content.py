"""Content of messages: in which order it is kept."""

from adapter.store.content import Piece


def test_the_first_of_many_pieces_is_the_oldest(stored):
    message = stored.message()
    with stored.database.write() as connection:
        pieces = [Piece("mapped", "text/plain", str(number).encode()) for number in range(40)]
        stored.contents.add_all(connection, message, pieces, stored.now)
    with stored.database.read() as connection:
        kept = stored.contents.of_message(connection, message)
    assert [int(each.body) for each in kept] == list(range(40))

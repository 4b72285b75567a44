"""A directory that is wrong is refused with file, line and reason: one test for each class of error."""

from pathlib import Path

import pytest

from adapter.directory import Directory
from adapter.directory.files import COLUMNS
from adapter.support.errors import ConfigurationError

EVENTS = ("sip", "discharge-notice")


def refused(folder: Path, **known: object) -> list[tuple[str, int | None, str]]:
    with pytest.raises(ConfigurationError) as caught:
        Directory.load(folder, **known)
    return [(problem.file.name, problem.line, problem.reason) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "file", "line", "reason"),
    [
        # rows by themselves
        ('"9901"', "9901", "parties.yaml", 3, "kommunkod: expected text in quotes"),
        ('"0980"', "0980", "parties.yaml", 5, '0980 would lose its leading zero: write "0980" with quotes'),
        ('"9901"', '"991"', "parties.yaml", 3, "kommunkod: is '991', expected the form"),
        (', kommunkod: "9901"', "", "parties.yaml", 3, "kommunkod: a municipality needs its kommunkod"),
        ("name: Clinic", 'name: Clinic, kommunkod: "1234"', "parties.yaml", 6, "of kind provider has no kommunkod"),
        ("kind: provider", "kind: clinic", "parties.yaml", 6, "kind: is 'clinic', expected 'region', 'municipality'"),
        ("name: Clinic", "namn: Clinic", "parties.yaml", 6, "namn: no such key; did you mean 'name'?"),
        ("id: clinic", "id: The Clinic", "parties.yaml", 6, "id: is 'The Clinic', expected the form"),
        ("parties:", "partys:", "parties.yaml", 1, "partys: no such list; did you mean 'parties'?"),
        (
            "channel: fhir",
            "channel: fax",
            "endpoints.yaml",
            4,
            "channel: is 'fax', expected 'fhir', 'fhir-task', 'xml-http', 'soap', 'folder', 'mailbox' or 'rest-hook'",
        ),
        ("https://ehr.example/fhir/$", "http://ehr.example/", "endpoints.yaml", 5, "http:// is only for this machine"),
        ("https://ehr.example/fhir/$", "https://u:p@ehr.example/", "endpoints.yaml", 5, "must not hold a user"),
        ("https://ehr.example/fhir/$", "ehr.example/", "endpoints.yaml", 5, "expected a URL such as"),
        ("https://ehr.example/fhir/$", "https://[ehr/", "endpoints.yaml", 5, "expected a URL such as"),
        ("    mapping: lifecare\n", "", "endpoints.yaml", 7, "needs the mapping that writes its records"),
        ("channel: fhir", "channel: fhir\n    mapping: x", "endpoints.yaml", 5, "sends FHIR as it is"),
        ("channel: xml-http", "channel: xml-http\n    format: json", "endpoints.yaml", 10, "needs format: xml"),
        ("channel: fhir", "channel: fhir\n    ca_file: no.pem", "endpoints.yaml", 5, "ca_file: there is no file"),
        ("channel: fhir", "channel: fhir\n    timeout: 30", "endpoints.yaml", 5, "timeout: expected a duration"),
        ("channel: fhir", "channel: fhir\n    timeout: 0s", "endpoints.yaml", 5, "timeout: should be greater than"),
        ("channel: fhir", "channel: mailbox", "endpoints.yaml", 5, "emptied by its receiver: leave address out"),
        ("channel: fhir", "channel: folder", "endpoints.yaml", 5, "a folder is named by folder: leave address out"),
        (
            "channel: fhir",
            "channel: fhir\n    proxy: proxy.example:8080",
            "endpoints.yaml",
            5,
            "proxy: expected environment, or a URL such as",
        ),
        (
            "channel: fhir",
            "channel: fhir\n    proxy: http://u:p@proxy.example",
            "endpoints.yaml",
            5,
            "proxy: must not hold a user",
        ),
        (
            "channel: fhir",
            "channel: fhir\n    proxy_password_file: p",
            "endpoints.yaml",
            5,
            "proxy_password_file: needs proxy beside it",
        ),
        (
            "channel: fhir",
            "channel: fhir\n    soap: {action: x}",
            "endpoints.yaml",
            5,
            "soap: is for a channel of kind soap",
        ),
        (
            "channel: fhir",
            "channel: fhir\n    folder: {path: x}",
            "endpoints.yaml",
            5,
            "folder: is for a channel of kind folder",
        ),
        (
            "channel: fhir",
            "channel: fhir\n    missing_task: create",
            "endpoints.yaml",
            5,
            "missing_task: is for a channel of kind fhir-task",
        ),
        (
            "channel: fhir",
            "channel: fhir\n    token_env: A\n    oauth: {token_url: https://a.example, client_id: a, key_file: k}",
            "endpoints.yaml",
            6,
            "expected one of token_file, token_env and oauth",
        ),
        (
            "channel: fhir",
            "channel: fhir\n    oauth:\n      token_url: http://a.example\n      client_id: a\n      key_file: k",
            "endpoints.yaml",
            6,
            "http:// is only for this machine",
        ),
        (
            "channel: fhir",
            "channel: fhir\n    oauth:\n      token_url: https://a.example\n      client_id: a",
            "endpoints.yaml",
            5,
            "key_file: goes with method private_key_jwt",
        ),
        (
            "channel: fhir",
            "channel: fhir\n    oauth: {token_url: https://a.example, client_id: a, method: client_secret_post}",
            "endpoints.yaml",
            5,
            "needs either secret_file or secret_env",
        ),
        (
            "channel: fhir",
            "channel: soap\n    mapping: lifecare\n    soap:\n      action: x\n      result: {code: a//b, ok: [OK]}",
            "endpoints.yaml",
            8,
            "code: is ",
        ),
        ("channel: fhir", "channel: mailbox\n    token_env: B", "endpoints.yaml", 5, "a mailbox is not called"),
        ("channel: fhir", "channel: mailbox\n    mapping: x", "endpoints.yaml", 5, "kind mailbox sends FHIR as it is"),
        ("    address: https://ehr.example/fhir/$process-message\n", "", "endpoints.yaml", 2, "expected a URL such as"),
        (
            "channel: fhir",
            "channel: fhir\n    token_file: a\n    token_env: B",
            "endpoints.yaml",
            6,
            "expected one of token_file, token_env and oauth",
        ),
        ("{to: {party: north},", "{to: {},", "routes.yaml", 4, "exactly one of hsa, party, municipality and placing"),
        ("{party: north}", '{party: north, placing: "9901"}', "routes.yaml", 4, "exactly one of hsa, party"),
        ("{to: {party: north},", "{to: {party: north}, events: [],", "routes.yaml", 4, "events: is an empty list"),
        (
            "{to: {party: north},",
            "{to: {party: north}, valid_from: 2025-02-01, valid_to: 2025-01-31,",
            "routes.yaml",
            4,
            "2025-01-31 is before valid_from 2025-02-01",
        ),
        # rows together
        ("id: clinic", "id: north", "parties.yaml", 6, "id 'north' is already at parties.yaml:3"),
        ('"9902"', '"9901"', "parties.yaml", 4, "kommunkod '9901' is already at parties.yaml:3"),
        ("id: shared-xml", "id: ehr-fhir", "endpoints.yaml", 7, "id 'ehr-fhir' is already at endpoints.yaml:2"),
        ("open-care,clinic", "open-care,klinik", "units.csv", 9, "there is no party 'klinik' in the directory; did"),
        ("north,SE2321000002-R1", "north,SE2321000002-R9", "units.csv", 5, "there is no unit 'SE2321000002-R9'"),
        ("south,,2025-01-01", "south,,2024-12-31", "units.csv", 11, "counts already at units.csv:10"),
        ("north,SE2321000002-R1", "north,SE2321000002-H1", "units.csv", 5, "stands above itself"),
        ("municipal,north", "inpatient,north", "units.csv", 5, "kind municipality ('north') has no unit of kind inp"),
        ("open-care,region", "municipal,region", "units.csv", 3, "kind region ('region') has no unit of kind munic"),
        ("open-care,clinic", "open-care,tool", "units.csv", 9, "kind operator ('tool') has no unit of kind open-care"),
        ("SE2321000002-H1", "SE2321000001-0001", "units.csv", 5, "is the party 'region' itself, not a unit of 'north'"),
        (
            "party: tool",
            "party: tol",
            "systems.yaml",
            3,
            "there is no party 'tol' in the directory; did you mean 'tool'",
        ),
        ("[north, south", "[north, souht", "systems.yaml", 3, "there is no party 'souht'"),
        ("system: shared", "system: sharde", "endpoints.yaml", 8, "there is no system 'sharde'"),
        (
            "{party: clinic}, endpoint: ehr-fhir",
            "{party: clinic}, endpoint: her",
            "routes.yaml",
            3,
            "no endpoint 'her'",
        ),
        ("{to: {party: north}", "{to: {party: nort}", "routes.yaml", 4, "there is no party 'nort'"),
        ("{to: {party: north}", "{to: {hsa: SE2321000002-X}", "routes.yaml", 4, "there is no unit 'SE2321000002-X'"),
        ("{to: {party: north}", '{to: {municipality: "2580"}', "routes.yaml", 4, "no party with kommunkod '2580'"),
        ("{to: {party: north}", '{to: {placing: "2580"}', "routes.yaml", 4, "there is no party with kommunkod '2580'"),
        ("carries: [north, south", "carries: [north", "routes.yaml", 5, "'shared', which does not carry 'south'"),
        ("{party: clinic}, endpoint", "{party: tool}, endpoint", "routes.yaml", 3, "'tool' has no unit and no code"),
    ],
)
def test_each_error_has_its_line(write, old: str, new: str, file: str, line: int, reason: str) -> None:
    found = refused(write((old, new)))
    assert any(name == file and at == line and reason in words for name, at, words in found), found


def test_one_slip_is_told_once(write) -> None:
    """A row that is refused is still known by name: what refers to it is not wrong."""
    assert len(refused(write(("channel: fhir", "channel: fax")))) == 1
    assert len(refused(write(("kind: provider", "kind: clinic")))) == 1


def test_all_slips_are_told_together(write) -> None:
    found = refused(
        write(("kind: provider", "kind: clinic"), ("channel: fhir", "channel: fax"), ("party: south}", "party: souht}"))
    )
    assert [(name, line) for name, line, _ in found] == [("endpoints.yaml", 4), ("parties.yaml", 6), ("routes.yaml", 5)]


def test_events_must_be_known(write) -> None:
    folder = write(
        ("{to: {party: north}, ", "{to: {party: north}, events: [sip, sipp], "),
        ("channel: fhir", "channel: fhir\n    dead_letter:\n      discharge: hold"),
    )
    assert Directory.load(folder)
    assert refused(folder, events=EVENTS) == [
        ("endpoints.yaml", 6, "there is no event 'discharge'; did you mean 'discharge-notice'?"),
        ("routes.yaml", 4, "there is no event 'sipp'; did you mean 'sip'?"),
    ]


def test_mappings_must_be_there(write, tmp_path: Path) -> None:
    (tmp_path / "mappings" / "lifecar").mkdir(parents=True)
    [(name, line, reason)] = refused(write(), mappings=tmp_path / "mappings")
    assert (name, line) == ("endpoints.yaml", 11)
    assert reason.endswith("mappings/lifecare; did you mean 'lifecar'?")
    assert len(refused(write(), mappings=tmp_path / "none")) == 1


class TestSecrets:
    def test_each_that_is_missing_is_told_with_its_line(self, write, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = write(
            ("channel: fhir", "channel: fhir\n    token_file: ../ehr.token"),
            ("channel: xml-http", "channel: xml-http\n    token_env: TEST_SHARED_TOKEN"),
        )
        monkeypatch.delenv("TEST_SHARED_TOKEN", raising=False)
        first, second = Directory.load(folder).secret_problems()
        assert (first.line, second.line) == (5, 11)
        assert "there is no secret in the file" in first.reason
        assert "environment variable TEST_SHARED_TOKEN" in second.reason

    def test_a_token_is_read_anew_each_time(self, write, tmp_path: Path) -> None:
        folder = write(("channel: fhir", "channel: fhir\n    token_file: ../ehr.token"))
        (tmp_path / "ehr.token").write_text("first\n")
        directory = Directory.load(folder)
        assert directory.secret_problems() == []
        assert directory.endpoint("ehr-fhir").token() == "first"
        (tmp_path / "ehr.token").write_text("second\n")
        assert directory.endpoint("ehr-fhir").token() == "second"

    @pytest.mark.parametrize("token", ["two words", "två", "a\nb", "replace-this-now"])
    def test_what_is_no_token_is_refused_unseen(self, write, tmp_path: Path, token: str) -> None:
        folder = write(("channel: fhir", "channel: fhir\n    token_file: ../ehr.token"))
        (tmp_path / "ehr.token").write_text(token)
        [problem] = Directory.load(folder).secret_problems()
        assert problem.line == 5
        assert token not in problem.reason


class TestWarnings:
    def warned(self, folder: Path) -> list[tuple[str, int | None, str]]:
        return [(warning.file.name, warning.line, warning.reason) for warning in Directory.load(folder).warnings]

    def test_none_where_all_is_well(self, write) -> None:
        assert self.warned(write()) == []

    def test_an_hsa_id_of_another_form(self, write) -> None:
        [(name, line, reason)] = self.warned(write(("SE2321000005-C1", "clinic-1")))
        assert (name, line) == ("units.csv", 9)
        assert "has not the form of an HSA-id" in reason

    def test_a_party_that_no_route_leads_to(self, write) -> None:
        [(name, line, reason)] = self.warned(write(("  - {to: {party: clinic}, endpoint: ehr-fhir}\n", "")))
        assert (name, line) == ("parties.yaml", 6)
        assert "no route leads to the party 'clinic'" in reason

    def test_inpatient_care_without_open_care(self, write) -> None:
        found = self.warned(
            write(
                ("SE2321000001-C1,Centre,open-care", "SE2321000001-C1,Centre,inpatient"), ("open-care", "mobile-team")
            )
        )
        assert [(name, line) for name, line, _ in found] == [("parties.yaml", 2), ("parties.yaml", 5)]
        assert "nobody can call to a SIP (LAW 4:3)" in found[0][2]

    def test_a_token_that_others_may_read(self, write, tmp_path: Path) -> None:
        folder = write(("channel: fhir", "channel: fhir\n    token_file: ../ehr.token"))
        (tmp_path / "ehr.token").write_text("token")
        (tmp_path / "ehr.token").chmod(0o644)
        [(name, line, reason)] = self.warned(folder)
        assert (name, line) == ("endpoints.yaml", 5)
        assert "chmod 600" in reason


class TestFiles:
    def test_a_file_that_cannot_be_read(self, write) -> None:
        folder = write()
        (folder / "more.yaml").mkdir()
        assert refused(folder) == [("more.yaml", None, "cannot be read: Is a directory")]

    def test_a_folder_that_is_missing_or_empty(self, tmp_path: Path) -> None:
        assert "there is no such folder" in refused(tmp_path / "none")[0][2]
        assert "holds no directory" in refused(tmp_path)[0][2]

    def test_lists_may_stand_in_one_file_or_many(self, write) -> None:
        folder = write()
        one = "".join((folder / f"{name}.yaml").read_text() for name in ("parties", "systems", "endpoints", "routes"))
        before = Directory.load(folder)
        for file in folder.glob("*.yaml"):
            file.unlink()
        (folder / "all.yaml").write_text(
            one + "units:\n  - {hsa: SE2321000002-H9, name: N, kind: municipal, party: north}"
        )
        after = Directory.load(folder)
        assert after.endpoints == before.endpoints
        assert {unit.hsa for unit in after.units} - {unit.hsa for unit in before.units} == {"SE2321000002-H9"}

    @pytest.mark.parametrize("text", ["just text", "- a\n- b\n", "parties: 7", "parties: [7]", "parties: {a: b}"])
    def test_another_shape(self, write, text: str) -> None:
        assert ("parties.yaml", 1) in [(name, line) for name, line, _ in refused(write(parties=text))]

    @pytest.mark.parametrize(
        ("text", "line", "reason"),
        [
            ("", 1, "expected a header"),
            ("hsa,namn\n", 1, f"expected a header with these columns: {','.join(COLUMNS)}"),
            ("hsa,name,kind,party\nA,B,municipal\n", 2, "has not as many columns as the header"),
            ("hsa,name,kind,party\nA,B,municipal,north,,\n", 2, "has not as many columns as the header"),
            ('hsa,name,kind,party\n\nA,"B\nC",ward,north\n', 3, "kind: is 'ward', expected 'inpatient'"),
            ('hsa,name,kind,party\nA,"B,municipal,north\n', 2, "is not valid CSV"),
            ("hsa,name,kind,party,valid_to\nA,B,municipal,north,31/12/24\n", 2, "expected a date, YYYY-MM-DD"),
            ("hsa,name,kind,party\n,B,municipal,north\n", 2, "hsa: is missing"),
            ("hsa,name,kind,party\nA\x00,B,municipal,north\n", 2, "hsa: is 'A\\x00', expected the form"),
            ("hsa,name,kind,party\nA,B\x1b[2J,municipal,north\n", 2, "holds characters that cannot be printed"),
        ],
    )
    def test_units_that_cannot_be_read(self, write, text: str, line: int, reason: str) -> None:
        found = [row for row in refused(write(units=text)) if row[0] == "units.csv"]
        assert any(at == line and reason in words for _, at, words in found), found

    def test_units_from_a_spreadsheet(self, write) -> None:
        """Semicolons, a byte order mark, CRLF and columns in another order."""
        folder = write(routes="")
        (folder / "units.csv").write_bytes(
            b"\xef\xbb\xbfname;hsa;party;kind\r\nMottagning;SE2321000002-R1;north;municipal-receiving\r\n;;;\r\n"
        )
        [unit] = Directory.load(folder).units
        assert (unit.hsa, unit.name) == ("SE2321000002-R1", "Mottagning")

    def test_units_in_another_encoding(self, write) -> None:
        folder = write()
        (folder / "units.csv").write_bytes("hsa,name,kind,party\nSE1,Å,municipal,north\n".encode("latin-1"))
        assert refused(folder)[0] == ("units.csv", 2, "is not UTF-8 text: save it as CSV UTF-8")


def test_a_door_for_tasks_takes_answers_alone(write) -> None:
    spoilt = ("channel: fhir", "channel: fhir-task")
    answers = [
        (f"{{to: {{party: {party}}}, ", f"{{to: {{party: {party}}}, events: [acceptance-answer], ")
        for party in ("region", "clinic")
    ]
    found = refused(write(spoilt))
    assert [line for _, line, _ in found] == [2, 3]
    assert all("takes Tasks alone: write events: [acceptance-answer]" in reason for _, _, reason in found)
    assert Directory.load(write(spoilt, *answers))


def test_one_folder_serves_one_purpose(write, tmp_path) -> None:
    (tmp_path / "drop").mkdir()
    endpoint = f"endpoints:\n  - {{id: out, system: shared, channel: folder, folder: {{path: {tmp_path}/drop}}}}\n"
    inbox = f"inboxes:\n  - {{id: in, system: shared, path: {tmp_path}/drop/../drop}}\n"
    folder = write(("endpoints:\n", endpoint))
    assert Directory.load(folder).endpoint("out").address == ""
    (folder / "inboxes.yaml").write_text(inbox)
    assert refused(folder) == [
        ("inboxes.yaml", 2, f"the folder {tmp_path}/drop/../drop is already at endpoints.yaml:2")
    ]


def test_a_folder_that_is_away_is_a_warning(write, tmp_path) -> None:
    folder = write()
    text = f"inboxes:\n  - id: in\n    system: shared\n    path: {tmp_path}/away\n"
    (folder / "inboxes.yaml").write_text(text)
    (warning,) = [each for each in Directory.load(folder).warnings if each.file.name == "inboxes.yaml"]
    assert (warning.line, "nothing can be left in it" in warning.reason) == (4, True)
    (folder / "inboxes.yaml").write_text(text.replace("shared", "shard"))
    assert refused(folder)[0][2].startswith("there is no system 'shard' in the directory; did you mean 'shared'?")


def test_no_message_goes_to_a_door_for_notifications(write) -> None:
    found = refused(write(("channel: fhir", "channel: rest-hook")))
    assert [line for _, line, _ in found] == [2, 3]
    assert all("takes notifications: no message is sent to it" in reason for _, _, reason in found)

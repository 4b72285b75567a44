"""adapter.toml: what is refused, on which line, and in which words."""

import re
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from sqlalchemy import make_url

from adapter.support import settings, toml
from adapter.support.errors import ConfigurationError

KEY = "6b1f0c7ad9e24835b1f0c7ad9e248356"
MINIMAL = """
environment = "test"
[security]
pseudonym_keys = [{ id = "k1", env = "TEST_PSEUDONYM_KEY" }]
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> Path:
        file = tmp_path / "adapter.toml"
        file.write_text(textwrap.dedent(text), "utf-8")
        return file

    return write


def refused(file: Path) -> list[tuple[int | None, str]]:
    with pytest.raises(ConfigurationError) as caught:
        settings.load(file)
    assert all(problem.file == file for problem in caught.value.problems)
    return [(problem.line, problem.reason) for problem in caught.value.problems]


def test_what_is_left_out_has_its_default(write) -> None:
    loaded = settings.load(write(MINIMAL))
    assert loaded.server.address == "127.0.0.1"
    assert loaded.server.url == "http://127.0.0.1:8480"
    assert loaded.delivery.schedule[0] == timedelta(seconds=5)
    assert loaded.delivery.schedule[-1] == timedelta(hours=6)
    assert loaded.console.language == "sv"


def test_paths_are_seen_from_the_file(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(MINIMAL + '[directory]\nfolder = "who"\n[database]\nurl = "sqlite:///data/x.db"')
    monkeypatch.chdir("/")
    loaded = settings.load(file)
    assert loaded.directory.folder == tmp_path / "who"
    assert loaded.database.url == f"sqlite:///{tmp_path}/data/x.db"
    assert settings.load(write(MINIMAL)).database.url == f"sqlite:///{tmp_path}/adapter.db"
    absolute = write(MINIMAL + '[database]\nurl = "sqlite:////srv/x.db"')
    assert settings.load(absolute).database.url == "sqlite:////srv/x.db"


def test_every_problem_is_told_with_its_line(write) -> None:
    file = write("""\
        environment = "tst"
        [server]
        address = "0.0.0.0"
        prt = 8480
        threads = "many"
        [security]
        pseudonym_keys = [
          { id = "k1" },
          { id = "K 2", env = "X" },
        ]
        [delivery]
        schedule = ["5s",
          "2 minutes", 7]
        jitter = 3
        [consol]
        language = "sv"
        """)
    lines = refused(file)
    assert [line for line, _ in lines] == [1, 3, 4, 5, 8, 9, 13, 13, 14, 15]
    words = dict(lines)
    assert words[1] == "environment: is 'tst', expected 'test' or 'production'"
    assert words[3].startswith("server.address: goes beyond this machine: set tls_certificate and tls_key")
    assert words[4] == "server.prt: no such key; did you mean 'port'?"
    assert words[5] == "server.threads: expected a whole number"
    assert "either file or env" in words[8]
    assert "expected a duration in quotes" in words[13]
    assert words[15] == "consol: no such key; did you mean 'console'?"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("environment = \n", 1, "is not valid TOML: invalid value"),
        ('a = 1\nb = "open\n', 2, "is not valid TOML"),
        ("a = 1\na = 2\n", 2, "is not valid TOML: cannot overwrite a value"),
        ("[server\n", 1, "is not valid TOML"),
        ("a = [1,\n2,\n", 3, "is not valid TOML"),
    ],
)
def test_bad_syntax_tells_its_line(write, text: str, line: int, reason: str) -> None:
    [(found, words)] = refused(write(text))
    assert found == line
    assert words.startswith(reason)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "adapter.toml"
    file.write_bytes("a = 1\nb = 'å'\n".encode("latin-1"))
    assert refused(file) == [(2, "is not UTF-8 text")]


def test_an_empty_file_says_what_is_missing(write) -> None:
    assert {reason for _, reason in refused(write(""))} == {"environment: is missing", "security: is missing"}


def test_a_missing_file_is_another_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        settings.load(tmp_path / "none.toml")


class TestTransportSecurity:
    @pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.1.2.3", "adapter.example"])
    def test_off_loopback_needs_a_certificate(self, write, address: str) -> None:
        [(line, reason)] = refused(write(f'{MINIMAL}[server]\naddress = "{address}"'))
        assert line == 6
        assert "tls_certificate" in reason

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
    def test_loopback_does_not(self, write, address: str) -> None:
        assert settings.load(write(f'{MINIMAL}[server]\naddress = "{address}"')).server.address == address

    def test_with_certificate_and_key_any_address_is_allowed(self, write, tmp_path: Path) -> None:
        for name in ("server.pem", "server.key"):
            (tmp_path / name).write_text("x")
        loaded = settings.load(
            write(f'{MINIMAL}[server]\naddress = "::"\ntls_certificate = "server.pem"\ntls_key = "server.key"')
        )
        assert loaded.server.tls_key == tmp_path / "server.key"
        assert loaded.server.url == "https://[::]:8480"

    def test_a_certificate_without_key_is_refused(self, write, tmp_path: Path) -> None:
        (tmp_path / "server.pem").write_text("x")
        [(line, reason)] = refused(write(f'{MINIMAL}[server]\ntls_certificate = "server.pem"'))
        assert (line, reason) == (5, "server.tls_key: is missing, and tls_certificate is set")

    def test_files_that_are_not_there_are_told_each(self, write) -> None:
        text = (
            f'{MINIMAL}[server]\naddress = "::"\ntls_certificate = "a.pem"\ntls_key = "b.key"\ntls_client_ca = "c.pem"'
        )
        found = refused(write(text))
        assert [line for line, _ in found] == [7, 8, 9]
        assert all("there is no file" in reason for _, reason in found)

    def test_client_authorities_without_certificate_are_refused(self, write, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("x")
        assert refused(write(f'{MINIMAL}[server]\ntls_client_ca = "ca.pem"')) == [
            (6, "server.tls_client_ca: needs tls_certificate beside it")
        ]


class TestEnvironment:
    def test_a_variable_overrides_the_file(self, write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ADAPTER_SERVER__PORT", "9999")
        monkeypatch.setenv("ADAPTER_DELIVERY__SCHEDULE", '["1s", "2s"]')
        monkeypatch.setenv("ADAPTER_ENVIRONMENT", "production")
        loaded = settings.load(write(MINIMAL + "[server]\nport = 1\nthreads = 3"))
        assert (loaded.server.port, loaded.server.threads, loaded.environment) == (9999, 3, "production")
        assert loaded.delivery.schedule == (timedelta(seconds=1), timedelta(seconds=2))

    @pytest.mark.parametrize(
        ("name", "value", "reason"),
        [
            ("ADAPTER_SERVER__PORT", "many", "environment variable ADAPTER_SERVER__PORT: expected a whole number"),
            (
                "ADAPTER_SERVER__PRT",
                "1",
                "environment variable ADAPTER_SERVER__PRT: no such key; did you mean 'port'?",
            ),
            (
                "ADAPTER_SERVR__PORT",
                "1",
                "environment variable ADAPTER_SERVR__PORT: there is no section 'servr'; did you mean 'server'?",
            ),
            (
                "ADAPTER_DELIVERY__SCHEDULE",
                "[5s",
                'environment variable ADAPTER_DELIVERY__SCHEDULE: expected JSON, such as ["5s", "1min"]',
            ),
        ],
    )
    def test_a_wrong_variable_is_named(
        self, write, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
    ) -> None:
        monkeypatch.setenv(name, value)
        assert refused(write(MINIMAL)) == [(None, reason)]

    def test_version_follows_file_and_overrides_but_not_the_database(
        self, write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = settings.load(write(MINIMAL)).version
        assert re.fullmatch("[0-9a-f]{64}", first)
        monkeypatch.setenv("ADAPTER_DATABASE__URL", "sqlite:///other.db")
        assert settings.load(write(MINIMAL)).version == first
        monkeypatch.setenv("ADAPTER_DELIVERY__THREADS", "3")
        second = settings.load(write(MINIMAL)).version
        assert second != first
        assert settings.load(write(MINIMAL + "# more")).version not in {first, second}


class TestPseudonymKeys:
    def test_the_first_is_current(self, write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TEST_PSEUDONYM_KEY", f" {KEY}\n")
        (tmp_path / "old.key").write_text(KEY[::-1])
        text = MINIMAL.replace("}]", '}, { id = "k0", file = "old.key" }]')
        assert settings.load(write(text)).pseudonym_keys() == [("k1", KEY.encode()), ("k0", KEY[::-1].encode())]

    @pytest.mark.parametrize(
        ("secret", "reason"),
        [
            ("", "there is no secret in the environment variable TEST_PSEUDONYM_KEY"),
            ("abc", "has 3 characters, expected at least 32"),
            ("ab" * 20, "repeats a few characters"),
            ("Replace-This-sample-key-with: openssl rand -hex 32", "holds the sample secret"),
        ],
    )
    def test_a_bad_one_is_refused_without_being_shown(
        self, write, monkeypatch: pytest.MonkeyPatch, secret: str, reason: str
    ) -> None:
        monkeypatch.setenv("TEST_PSEUDONYM_KEY", secret)
        with pytest.raises(ConfigurationError) as caught:
            settings.load(write(MINIMAL)).pseudonym_keys()
        [problem] = caught.value.problems
        assert problem.line == 4
        assert reason in problem.reason
        assert "openssl rand -hex 32" in problem.reason
        assert not secret or secret not in problem.reason

    def test_a_file_that_is_no_secret_is_refused(self, write, tmp_path: Path) -> None:
        (tmp_path / "k.key").write_bytes(b"\xff\xfe" * 40)
        text = MINIMAL.replace('env = "TEST_PSEUDONYM_KEY"', 'file = "k.key"')
        with pytest.raises(ConfigurationError, match="is not UTF-8 text"):
            settings.load(write(text)).pseudonym_keys()
        (tmp_path / "k.key").write_bytes(b"x" * 100_000)
        with pytest.raises(ConfigurationError, match="larger than 65536 bytes"):
            settings.load(write(text)).pseudonym_keys()

    def test_two_of_one_name_are_refused(self, write) -> None:
        text = MINIMAL.replace("}]", '}, { id = "k1", env = "Y" }]')
        assert refused(write(text)) == [(4, "security.pseudonym_keys: two keys have the same id")]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("env =", "envv =", 4, "security.pseudonym_keys.0.envv: no such key; did you mean 'env'?"),
        ("[{", "[] # {", 4, "security.pseudonym_keys: is an empty list"),
        ("[security]", '[server]\npublic_url = "x"\n[security]', 4, "server.public_url: expected a URL"),
        ("[security]", '[server]\ntls_key = "x"\n[security]', 4, "server.tls_key: there is no file"),
        ("[security]", "[server]\nport = 65536\n[security]", 4, "server.port: should be less than or equal to 65535"),
        ("[security]", "[server]\nport = 8480.5\n[security]", 4, "server.port: expected a whole number"),
        ("[security]", "console = 1\n[security]", 3, "console: expected keys with values"),
        ("[security]", "[delivery]\nschedule = []\n[security]", 4, "delivery.schedule: is an empty list"),
        ("[security]", '[delivery]\npoll = "0s"\n[security]', 4, "delivery.poll: should be greater than"),
        (
            "[security]",
            '[packages]\nrequired = ["r4"]\n[security]',
            4,
            "packages.required.0: is 'r4', expected the form",
        ),
        ("[security]", '[packages]\nlock = "no.lock"\n[security]', 4, "packages.lock: there is no file"),
    ],
)
def test_each_error_has_its_line(write, old: str, new: str, line: int, reason: str) -> None:
    assert old in MINIMAL
    assert any(at == line and words.startswith(reason) for at, words in refused(write(MINIMAL.replace(old, new))))


def test_a_database_password_is_never_shown(write) -> None:
    found = refused(write(MINIMAL + '[database]\nurl = "mysql://user:hemligt@host/x"'))
    assert found == [
        (6, "database.url: expected sqlite:///file or postgresql://user@host/database?sslmode=verify-full")
    ]


class TestPostgreSQL:
    def read(self, write, url: str, *more: str) -> settings.Database:
        return settings.load(write(MINIMAL + "\n".join(["[database]", f'url = "{url}"', *more]))).database

    def test_its_parameters_pass_through_and_their_files_are_of_this_folder(self, write, tmp_path: Path) -> None:
        url = "postgresql://adapter@db.example:5433/spu?sslmode=verify-full&sslrootcert=ca.pem&target_session_attrs=any"
        found = make_url(self.read(write, url).url)
        assert (found.drivername, found.username, found.host, found.port) == (
            "postgresql+psycopg",
            "adapter",
            "db.example",
            5433,
        )
        assert found.database == "spu"
        ca = str(tmp_path / "ca.pem")
        assert dict(found.query) == {"sslmode": "verify-full", "sslrootcert": ca, "target_session_attrs": "any"}

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("postgresql://u:hemligt@h/d", "holds a password"),
            ("postgresql://u@h/d?password=hemligt", "holds a password"),
            ("postgresql://u@h/d?sslpassword=hemligt", "holds a password"),
            ("postgresql://u@h", "names no database"),
            ("postgresql://u@h:many/d", "has no port number"),
            ("postgresql+psycopg2://u@h/d", "expected sqlite:///file or postgresql://"),
            ("postgresql://[::1/d", "is no URL"),
        ],
    )
    def test_a_wrong_url_is_told_by_its_line_without_its_secrets(self, write, url: str, words: str) -> None:
        found = refused(write(MINIMAL + f'[database]\nurl = "{url}"'))
        assert [line for line, _ in found] == [6]
        assert words in found[0][1]
        assert "hemligt" not in found[0][1]

    def test_the_password_is_read_anew_from_its_file(self, write, tmp_path: Path) -> None:
        url = "postgresql://u@h/d"
        named = self.read(write, url, 'password_file = "db.secret"')
        for secret in ("correct-horse-1", "battery-staple-2"):
            (tmp_path / "db.secret").write_text(secret + "\n")
            assert named.password is not None
            assert named.password() == secret
        assert self.read(write, url).password is None
        both = refused(write(MINIMAL + f'[database]\nurl = "{url}"\npassword_file = "x"\npassword_env = "Y"'))
        assert both == [(8, "database.password_env: expected either password_file or password_env")]

    @pytest.mark.parametrize(
        ("url", "clear"),
        [
            ("sqlite:///x.db", False),
            ("postgresql://u@db.example/d", True),
            ("postgresql://u@db.example/d?sslmode=prefer", True),
            ("postgresql://u@db.example/d?sslmode=verify-full", False),
            ("postgresql://u@localhost/d", False),
            ("postgresql:///d?host=/run/postgresql", False),
            ("postgresql:///d?host=/run/postgresql,db.example", True),
            ("postgresql:///?service=adapter", False),
        ],
    )
    def test_what_would_travel_in_the_clear_is_known(self, write, url: str, clear: bool) -> None:
        named = self.read(write, url)
        assert named.in_the_clear is clear
        assert make_url(named.url).get_backend_name() == url.partition(":")[0]


class TestTomlLines:
    def test_every_form_of_key(self, tmp_path: Path) -> None:
        file = tmp_path / "x.toml"
        file.write_text(
            textwrap.dedent('''\
                top = 1 # [not.a.table]
                a.b."c d" = "]"
                text = """
                [no.table]
                key = 1
                """
                [x.y]
                list = [ # comment ]
                  1,
                  { k = 'v', "q" = [2,
                    3] },
                ]
                [[many]]
                n = 1
                [many.sub]
                m = 1.5
                [[many]]
                n = 2
                [[many.deep]]
                d = 1979-05-27T07:32:00Z
                literal = \'\'\'
                n = 9\'\'\'
                last = true''')
        )
        _, lines, _ = toml.load(file)
        places = {
            ("top",): 1,
            ("a", "b", "c d"): 2,
            ("text",): 3,
            ("x", "y"): 7,
            ("x", "y", "list"): 8,
            ("x", "y", "list", 0): 9,
            ("x", "y", "list", 1, "k"): 10,
            ("x", "y", "list", 1, "q", 1): 11,
            ("many", 0, "n"): 14,
            ("many", 0, "sub", "m"): 16,
            ("many", 1, "n"): 18,
            ("many", 1, "deep", 0, "d"): 20,
            ("many", 1, "deep", 0, "literal"): 21,
            ("many", 1, "deep", 0, "last"): 23,
            ("x", "y", "missing"): 7,
            ("nowhere",): None,
        }
        assert {place: lines.of(place) for place in places} == places


EXAMPLE = Path(__file__).parents[3] / "example" / "adapter.toml"


TABLES = re.findall(r"(?m)^(?:# )?\[+(\w+\.\w+)\]+$", EXAMPLE.read_text("utf-8"))
"""Settings that the example writes as a table of their own, or as a list of tables."""


def keys(model: type[BaseModel]) -> set[tuple[str, str]]:
    found = set()
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            for key, inner in field.annotation.model_fields.items():
                place = f"{name}.{key}"
                table = next(iter(get_args(inner.annotation)), inner.annotation) if place in TABLES else None
                found |= {(place, each) for each in table.model_fields} if table else {(name, key)}
        else:
            found.add(("", name))
    return found


def documented(text: str) -> list[tuple[str, str]]:
    """The (section, key) pairs that the example sets, or shows commented out, each under a comment."""
    found, section, before = [], "", ""
    for line in text.splitlines():
        if header := re.fullmatch(r"(?:# )?\[\[?([\w.]+)\]\]?", line):
            section = header[1]
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            assert before.startswith("# "), f"{key[1]} has no comment above it"
            found.append((section, key[1]))
        before = line
    return found


def test_the_example_documents_every_setting_and_no_other() -> None:
    found = documented(EXAMPLE.read_text("utf-8"))
    once = [key for key in found if key[0] not in TABLES]  # a list may show several tables
    assert len(once) == len(set(once))
    assert set(found) == keys(settings.Settings)


def test_defaults_in_the_example_are_the_defaults(write, tmp_path: Path) -> None:
    """What is commented out with a value of a default must be that default."""
    (tmp_path / "tls").mkdir()
    names = ("server.pem", "server.key", "clients.pem", "terminology-ca.pem", "terminology-client.pem")
    for name in (*names, "terminology-client.key"):
        (tmp_path / "tls" / name).write_text("x")
    for name in ("packages.lock", "suppressions.yaml"):
        (tmp_path / name).write_text("")
    text = re.sub(r"(?m)^# (\w+ = .*|\[\[.*\]\])$", r"\1", EXAMPLE.read_text("utf-8"))
    text = re.sub(r"(?m)^(token|password)_env = .*$", "", text)  # stands for the file
    text = re.sub(r"(?m)^escalate_after_for = .*$", "", text)  # shows how single events are named
    shown, plain = settings.load(write(text)), settings.load(write(MINIMAL))
    for section in ("delivery", "console", "logging"):
        assert getattr(shown, section) == getattr(plain, section)
    assert shown.server.max_message_bytes == plain.server.max_message_bytes
    assert shown.server.threads == plain.server.threads
    for key in ("timeout", "cache_size", "cache_age"):
        assert getattr(shown.terminology, key) == getattr(plain.terminology, key)
    assert shown.packages.required == plain.packages.required
    assert shown.security.console_session == plain.security.console_session
    assert shown.security.minimum_secret_length == plain.security.minimum_secret_length

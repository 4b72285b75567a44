"""How long one message takes through a mapping, both ways, and beside whom: `python benchmarks/mapping.py [--peers]`.

The admission notice is mapped by the shipped mapping of Lifecare, by a stylesheet in lxml's XSLT, and (with `--peers`,
which installs python-liquid into a temporary folder) by a Liquid template; all three give the same record, byte for
byte but for the declaration. The stylesheet and the template (benchmarks/mapping) go one way and carry what the notice
has. What each does:

    the mapping      both ways from one definition; every node of the source accounted for, the record held against its
                     schema; a message comes with the picture of what became of it
    one by one       the same, as a message is run that the code written from the rules has no result for
    XSLT, Liquid     to the record only; no account of what is left out, no schema (but where it says so)

Figures are processor time, in milliseconds. The contenders take turns, so that what else the machine does meets all of
them: the time is the least of all rounds, the ratio the median of the rounds' ratios to the mapping's.
"""

# ruff: noqa: SLF001 - the parts of a run are measured one by one

import argparse
import copy
import gc
import importlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lxml import etree

from adapter.fhir import json as fhir_json
from adapter.fhir import markup
from adapter.fhir import xml as fhir_xml
from adapter.fhir.bundles import MessageBundle
from adapter.mapping import Mapping, records

ROOT = Path(__file__).resolve().parent.parent
OURS = Path(__file__).resolve().parent / "mapping"
JOURNEY = ROOT / "fixtures" / "journeys" / "home-with-sip"
LIQUID = ("python-liquid==2.3.6", "babel", "markupsafe", "python-dateutil", "pytz", "six", "importlib-resources")
ROUNDS = 400

Run = Callable[[], Any]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="How long one message takes through a mapping.")
    parser.add_argument("--peers", action="store_true", help="install python-liquid, and compare")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each takes its turn ({ROUNDS})")
    arguments = parser.parse_args()
    load_average = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{platform.machine()} {_processor()}, {os.cpu_count()} CPUs{load_average}, {platform.system()}")
    print(f"Python {platform.python_version()}, lxml {version('lxml')}, adapter {version('discharge-adapter')}")
    began = time.process_time()
    mapping = Mapping.load(ROOT / "mappings" / "lifecare")
    print(f"loading the mapping: {(time.process_time() - began) * 1000:.0f} ms of processor time")
    gc.collect()
    gc.freeze()  # as `adapter serve` does: what the start made is not looked through again and again
    messages(mapping, arguments.rounds)
    parts(mapping, arguments.rounds)
    with tempfile.TemporaryDirectory() as folder:
        peers(mapping, arguments.rounds, Path(folder) if arguments.peers else None)


def messages(mapping: Mapping, rounds: int) -> None:
    """Each message of a journey, there and back."""
    print(f"\n{'message':28}{'nodes':>6}{'bytes':>8}{'to record':>11}{'to FHIR':>9}{'both':>8}{'and report':>12}")
    for file in sorted(JOURNEY.glob("*.json")):
        bundle = narrowed(fhir_json.parse(file.read_bytes()))
        written = mapping.to_record(bundle)
        runs = {
            "there": lambda b=bundle: mapping.to_record(b),
            "back": lambda c=written.content: mapping.to_fhir(c),
            "told": lambda b=bundle: mapping.to_record(b).report.to_dict(),
        }
        least = {name: min(times) for name, times in turns(runs, rounds // 4).items()}  # type: ignore[arg-type]
        there, back, told = least["there"], least["back"], least["told"] - least["there"]
        sizes = f"{len(written.report.lines):6}{len(written.content):8}"
        print(f"{file.stem:28}{sizes}{there:11.3f}{back:9.3f}{there + back:8.3f}{told:+12.3f}")


def parts(mapping: Mapping, rounds: int) -> None:
    """Where the time of the admission notice goes, both ways: each line up to and with its part, then what it adds."""
    bundle = narrowed(fhir_json.parse((JOURNEY / "01-admission-notice.json").read_bytes()))
    for _ in range(3):
        record = mapping.to_record(bundle).content
        mapping.to_fhir(record)
    schema, root = mapping._schema, mapping._system.root
    code = mapping._straight["admission-notice"]
    read = records.read(record, schema, root, len(record))
    seed = mapping._seed(read)
    identity = mapping._system.identity
    tree = markup.root(record)
    runs: dict[str, Run] = {
        "to the record: resources found, rules, account": lambda: code.to_record(MessageBundle(bundle)),
        "  the record written": lambda: records.text(read, root, schema),
        "  what is written parsed (libxml2)": lambda: markup.root(record),
        "  held against the schema (libxml2)": lambda: schema.fault(tree),
        "to FHIR: decoded and parsed (libxml2)": lambda: (markup.decode(record), markup.root(record)),
        "  held against the schema (libxml2)  ": lambda: schema.fault(tree),
        "  as plain data": lambda: records.plain(tree),
        "  rules, ids, references, account": lambda: code.to_fhir(
            read, identity.namespace, seed, mapping._same_content
        ),
    }
    whole = {"both ways": lambda: mapping.to_fhir(mapping.to_record(bundle).content)}
    times = {name: min(its) for name, its in turns({**runs, **whole}, rounds).items()}
    print("\nwhere the time of the admission notice goes")
    for name, least in times.items():
        print(f"  {name:50}{least:8.3f} ms{100 * least / times['both ways']:6.0f} %")


def one_by_one() -> Mapping:
    """The mapping as a message is run that does not go straight."""
    mapping = Mapping.load(ROOT / "mappings" / "lifecare")
    for each in mapping._straight.values():
        each._block = lambda _: None  # type: ignore[method-assign]
    return mapping


def peers(mapping: Mapping, rounds: int, folder: Path | None) -> None:
    """The admission notice, by each contender that is here."""
    bundle = narrowed(fhir_json.parse((JOURNEY / "01-admission-notice.json").read_bytes()))
    as_json, as_xml = fhir_json.serialize(bundle), fhir_xml.serialize(bundle)
    record = mapping.to_record(bundle).content
    style = etree.XSLT(etree.parse(OURS / "admission-notice.xsl"))
    schema = etree.XMLSchema(etree.parse(ROOT / "mappings" / "lifecare" / "lifecare.xsd"))
    tree = etree.fromstring(as_xml)
    slow = one_by_one()
    runs: dict[str, Run] = {
        "the mapping, from parsed FHIR to the record": lambda: mapping.to_record(bundle).content,
        "XSLT, from parsed FHIR to the record": lambda: bytes(style(tree)),
        "the mapping, one by one": lambda: slow.to_record(bundle).content,
        "the mapping, from FHIR JSON": lambda: mapping.to_record(fhir_json.parse(as_json)).content,
        "XSLT, from FHIR XML": lambda: bytes(style(etree.fromstring(as_xml))),
        "XSLT, from FHIR XML, then the schema": lambda: checked(style(etree.fromstring(as_xml)), schema),
    }
    template = liquid(folder) if folder else None
    if template is not None:
        runs["Liquid, from parsed FHIR to the record"] = lambda: template(bundle=bundle).encode()
        runs["Liquid, from FHIR JSON"] = lambda: template(bundle=fhir_json.parse(as_json)).encode()
    else:
        print("\npython-liquid: skipped: add --peers")
    for name, run in runs.items():
        assert same(run(), record), f"{name} gives another record"
    both: dict[str, Run] = {
        "the mapping, from the record to FHIR (no peer)": lambda: mapping.to_fhir(record),
        "the mapping, one by one, to FHIR": lambda: slow.to_fhir(record),
        "the mapping, both ways (no peer)": lambda: mapping.to_fhir(mapping.to_record(bundle).content),
        "the mapping, one by one, both ways": lambda: slow.to_fhir(slow.to_record(bundle).content),
    }
    print(f"\nthe admission notice, {len(as_json)} bytes of JSON, {len(record)} bytes of record")
    table({**runs, **both}, rounds)


def table(runs: dict[str, Run], rounds: int) -> None:
    """One line each: least time, ratio to the mapping's from parsed content to the record."""
    times = turns(runs, rounds)
    first = next(iter(times.values()))
    for name, own in times.items():
        ratio = statistics.median(mine / its for mine, its in zip(own, first, strict=True))
        print(f"  {name:48}{min(own):8.3f} ms{ratio:8.2f} x")


def turns(runs: dict[str, Run], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of processor time of each, in each round."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.process_time_ns()
            run()
            found[name].append((time.process_time_ns() - began) / 1e6)
    return found


def narrowed(bundle: dict[str, Any]) -> dict[str, Any]:
    """The message for its first destination, as the exchange gives it to a mapping."""
    whole: dict[str, Any] = copy.deepcopy(bundle)
    header = MessageBundle(whole).header
    header["destination"] = header["destination"][:1]
    return whole


def liquid(folder: Path) -> Callable[..., str] | None:
    """The template's render function; None where pip could not install python-liquid."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *LIQUID]
    if subprocess.run(command, check=False).returncode:
        return None
    sys.path.append(str(folder))
    made: Any = importlib.import_module("liquid").Environment()
    render: Callable[..., str] = made.from_string((OURS / "admission-notice.liquid").read_text()).render
    return render


def checked(result: Any, schema: Any) -> bytes:
    """The record, once the schema has been asked."""
    schema.assertValid(result)
    return bytes(result)


def same(found: bytes, record: bytes) -> bool:
    """Whether two records are one, whatever quotes their declarations have."""
    return found.partition(b"\n")[2].strip() == record.partition(b"\n")[2].strip()


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()

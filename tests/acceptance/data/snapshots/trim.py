"""Writes what SUSHI made of profiles.fsh into this folder, without documentation text, one element a line.

npm install fsh-sushi
npx sushi build --snapshot --out OUT tests/acceptance/data/snapshots
python tests/acceptance/data/snapshots/trim.py OUT/fsh-generated/resources
"""

import json
import sys
from pathlib import Path

TEXTS = {"short", "definition", "comment", "requirements", "alias", "mapping", "example", "human", "xpath"}
TEXTS |= {"isModifierReason", "meaningWhenMissing", "orderMeaning", "description"}


def trimmed(value: object) -> object:
    if isinstance(value, dict):
        return {key: trimmed(each) for key, each in value.items() if key not in TEXTS}
    return [trimmed(each) for each in value] if isinstance(value, list) else value


for file in sorted(Path(sys.argv[1]).glob("StructureDefinition-*.json")):
    structure = trimmed(json.loads(file.read_bytes()))
    views = {f'"<{view}>"': structure[view]["element"] for view in ("differential", "snapshot")}
    text = json.dumps(structure | {view.strip('"<>'): view.strip('"') for view in views}, indent=1, ensure_ascii=False)
    for mark, elements in views.items():
        rows = ",\n  ".join(json.dumps(each, ensure_ascii=False) for each in elements)
        text = text.replace(mark, f'{{"element": [\n  {rows}\n ]}}')
    Path(__file__).with_name(file.name).write_text(text + "\n", encoding="utf-8")

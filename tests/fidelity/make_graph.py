"""Merges the schemas made from Microsoft's own types: tests/fidelity/graph.json.

    npm install @microsoft/microsoft-graph-types@2.43.1 ts-json-schema-generator@2.4.0
    for type in Event Calendar ScheduleInformation Subscription User \\
        ChangeNotificationCollection; do
      npx ts-json-schema-generator --no-type-check --type $type \
        --path node_modules/@microsoft/microsoft-graph-types/microsoft-graph.d.ts > $type.json
    done
    python tests/fidelity/make_graph.py "@microsoft/microsoft-graph-types 2.43.1" *.json

Descriptions go, names become plain, and only members of what is used are kept.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote

ROOTS = {"Event", "Calendar", "ScheduleInformation", "Subscription", "User"}
ROOTS.add("ChangeNotificationCollection")
# Of a user we ask these; all the rest of the directory would be 400 kB.
USER = {"id", "displayName", "givenName", "surname", "userPrincipalName", "mail"}


def plain(node: object, names: dict[str, str]) -> object:
    if isinstance(node, list):
        return [plain(entry, names) for entry in node]
    if not isinstance(node, dict):
        return node
    found = {k: plain(v, names) for k, v in node.items() if k != "description"}
    if "$ref" in node:
        found["$ref"] = "#/$defs/" + names[unquote(node["$ref"]).removeprefix("#/definitions/")]
    return found


def short(name: str, taken: set[str]) -> str:
    base = re.sub(r"[^A-Za-z]+", "_", name).strip("_")[:40]
    number, candidate = 1, base
    while candidate in taken:
        number += 1
        candidate = f"{base}{number}"
    return candidate


def main(origin: str, sources: list[Path]) -> None:
    raw: dict[str, dict] = {}
    for source in sources:
        raw |= json.loads(source.read_text())["definitions"]
    raw["User"]["properties"] = {n: s for n, s in raw["User"]["properties"].items() if n in USER}
    names: dict[str, str] = {}
    for name in sorted(raw, key=lambda name: (name not in ROOTS, name)):
        names[name] = short(name, set(names.values()))
    definitions = {names[name]: plain(schema, names) for name, schema in raw.items()}
    open_names, kept = set(ROOTS), {}
    while open_names:
        name = open_names.pop()
        kept[name] = definitions[name]
        open_names |= set(re.findall(r"#/\$defs/(\w+)", json.dumps(definitions[name]))) - set(kept)
    written = {"origin": origin, "$defs": dict(sorted(kept.items()))}
    target = Path(__file__).with_name("graph.json")
    target.write_text(json.dumps(written, indent=1, sort_keys=True, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], [Path(name) for name in sys.argv[2:]])
